// checkpoint/formats/dcp_metadata.h: what .metadata says.
#pragma once

#include <okibi/checkpoint.h>

namespace okibi::checkpoint {

// Where a part lies: an archive of torch.save within a file of the folder.
struct DcpExtent {
  std::string file = {};
  uint64_t offset = 0, length = 0;
};

// A box of a tensor.
struct DcpChunk {
  Dims offsets = {}, sizes = {};
  DcpExtent extent = {};
};

// A leaf of the object.
struct DcpItem {
  std::string name = {};         // "optim.state.w.step"
  std::vector<Value> path = {};  // the same, step by step: str for a key of a dict, int for a position in a list
  bool is_tensor = false;
  DType dtype = DType::float32;  // of a tensor, as all down to the chunks
  bool requires_grad = false;
  Dims sizes = {};
  std::vector<DcpChunk> chunks = {};  // those with elements; they cover the tensor, each element once
  DcpExtent extent = {};              // of anything else
};

// The items in the order of the object. Every global that is none of the format's, nor allowed by the options, is
// Error(unsafe), all at once; what the pickle then says is read field by field, and Error(bad_file) where it is not
// what the format has there. Nothing is checked against the folder. The chunks are not checked to cover: see
// check_boxes.
std::vector<DcpItem> read_dcp_metadata(std::span<const std::byte> pickle, const LoadOptions& options);

// The same as PyTorch 2.15 pickles it, in protocol 2.
void write_dcp_metadata(std::span<const DcpItem> items, io::Sink& sink);

// What several ranks say of one object, each of its own part. Boxes that two of them have are taken from the first.
std::vector<DcpItem> merge_dcp(std::vector<std::vector<DcpItem>> ranks);

}  // namespace okibi::checkpoint
