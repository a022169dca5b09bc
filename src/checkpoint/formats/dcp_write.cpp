#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "checkpoint/elements.h"
#include "checkpoint/formats/dcp.h"
#include "checkpoint/formats/dcp_metadata.h"
#include "checkpoint/formats/dcp_names.h"
#include "checkpoint/formats/dcp_pickle.h"
#include "checkpoint/formats/nesting.h"
#include "checkpoint/formats/torch_zip.h"

namespace okibi::checkpoint {
namespace {

// The one storage of a part: the tensor's elements in their order, and nothing else that its own storage holds.
class Elements final : public StorageBytes {
 public:
  Elements(const Tensor& tensor, const StorageBytes& bytes) : tensor_(tensor), bytes_(bytes) {}
  void read(const Storage&, uint64_t, uint64_t, const Take& take) const override {
    read_elements(tensor_, bytes_, take);
  }
  bool lie_still() const override { return false; }

  // What stands in the archive: as PyTorch writes it, no parameter, without gradient, contiguous.
  Value plain() const {
    auto lent = Storage::borrow(nullptr, nullptr, tensor_.nbytes());
    return Tensor::over(std::move(lent), tensor_.dtype(), tensor_.sizes(), contiguous_strides(tensor_.sizes()), 0);
  }

 private:
  const Tensor& tensor_;
  const StorageBytes& bytes_;
};

void check_tensor(const Tensor& tensor) {
  const bool is_dense = tensor.defined() && tensor.layout() == Layout::strided && !tensor.is_meta() &&
                        !tensor.is_nested() && !tensor.is_quantized();
  if (is_dense) return;
  throw Error(ErrorKind::unsupported, "a distributed checkpoint holds dense tensors with numbers alone")
      .hint("Make the tensor dense, or save it in a tuple, which is kept as it is.");
}

// What there is to say of a leaf before it is written.
DcpItem item_for(const Leaf& leaf) {
  DcpItem item{.name = name_of_path(leaf.path), .path = leaf.path, .is_tensor = leaf.value.is_tensor()};
  if (item.name.size() > longest_dcp_name) {
    throw Error(ErrorKind::unsupported, "the keys down to the item are too long for a name")
        .expected(fmt::format("at most {} bytes", longest_dcp_name))
        .found(item.name.size());
  }
  if (!item.is_tensor) return item;
  const Tensor tensor = leaf.value.to_tensor();
  check_tensor(tensor);
  item.dtype = tensor.dtype();
  item.requires_grad = tensor.requires_grad();
  item.sizes = tensor.sizes();
  item.chunks.push_back({Dims(item.sizes.size(), 0), item.sizes, {}});
  return item;
}

class PartWriter {
 public:
  PartWriter(io::Sink& sink, std::string file, const SaveOptions& options, const StorageBytes& bytes)
      : sink_(sink), file_(std::move(file)), options_(options), bytes_(bytes) {}
  void write(std::span<const Leaf> leaves, std::span<DcpItem> items);

 private:
  DcpExtent write(const Value& value, const StorageBytes& bytes);
  void write_tensor(const Tensor& tensor, DcpItem& item);

  io::Sink& sink_;
  const std::string file_;
  const SaveOptions& options_;
  const StorageBytes& bytes_;
  uint64_t done_ = 0, total_ = 0;  // bytes of tensors
};

// As PyTorch orders them: what is no tensor comes first.
void PartWriter::write(std::span<const Leaf> leaves, std::span<DcpItem> items) {
  for (const Leaf& leaf : leaves) {
    if (leaf.value.is_tensor())
      total_ = checked_add(total_, leaf.value.to_tensor().nbytes(), "the bytes of all tensors");
  }
  for (const bool tensors : {false, true}) {
    for (size_t i = 0; i < items.size(); ++i) {
      if (items[i].is_tensor != tensors) continue;
      in_context("item", printable(items[i].name, 200), [&] {
        if (tensors) return write_tensor(leaves[i].value.to_tensor(), items[i]);
        items[i].extent = write(leaves[i].value, bytes_);
      });
    }
  }
}

void PartWriter::write_tensor(const Tensor& tensor, DcpItem& item) {
  const Elements elements(tensor, bytes_);
  item.chunks[0].extent = write(elements.plain(), elements);
  done_ += tensor.nbytes();
}

DcpExtent PartWriter::write(const Value& value, const StorageBytes& bytes) {
  throw_if_stopped(options_.stop);
  SaveOptions options{.alignment = options_.alignment, .root = "archive", .stop = options_.stop};
  if (options_.progress && value.is_tensor()) {
    options.progress = [this](uint64_t done, uint64_t) { options_.progress(done_ + done, total_); };
  }
  const uint64_t begin = sink_.position();
  save_torch_zip(value, sink_, options, bytes);
  return {file_, begin, sink_.position() - begin};
}

// A checkpoint that is there stays whole until the new one is.
std::string free_name(const std::vector<std::string>& taken) {
  for (size_t number = 0;; ++number) {
    std::string name = dcp_part_name(0, number);
    if (std::ranges::find(taken, name) == taken.end()) return name;
  }
}

void remove_old(const store::Folder& folder, const std::string& part) {
  for (const std::string& file : folder.names()) {
    if (file != part && (rank_of_dcp_part(file) || rank_of_dcp_metadata(file))) folder.remove(file);
  }
}

}  // namespace

void save_dcp(const Value& value, const std::string& uri, const SaveOptions& options, const StorageBytes& bytes) {
  const std::vector<Leaf> leaves = flattened(value);
  std::vector<DcpItem> items;
  for (const Leaf& leaf : leaves) {
    in_context("item", printable(name_of_path(leaf.path), 200), [&] { items.push_back(item_for(leaf)); });
  }
  const auto folder = store::default_store().folder(uri);
  const std::string part = free_name(folder->names());
  const auto parts = folder->create(part);
  PartWriter(*parts, part, options, bytes).write(leaves, items);
  const auto metadata = folder->create(std::string(dcp_metadata_name));
  write_dcp_metadata(items, *metadata);
  parts->commit();
  metadata->commit();
  remove_old(*folder, part);
}

}  // namespace okibi::checkpoint
