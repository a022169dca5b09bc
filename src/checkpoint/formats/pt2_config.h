// checkpoint/formats/pt2_config.h: the configs of a .pt2: which record each weight or constant lies in, and how.
#pragma once

#include <vector>

#include <okibi/dtype.h>

namespace okibi::checkpoint {

// torch/_export/serde/schema.py, PayloadMeta and TensorMeta.
struct Pt2Entry {
  std::string name = {};  // the parameter's: "linear.weight"
  std::string path = {};  // of its record within the folder of the config: "weight_0"
  bool use_pickle = false;
  bool is_tensor = false;  // it has a tensor_meta
  DType dtype = DType::float32;
  Dims sizes = {}, strides = {};
  int64_t storage_offset = 0;
  std::string device = "cpu";
  bool requires_grad = false;
};

// Error(bad_file) with the place in the JSON; Error(unsupported) for layouts other than strided.
std::vector<Pt2Entry> read_pt2_config(std::string_view text, const Limits& limits);

}  // namespace okibi::checkpoint
