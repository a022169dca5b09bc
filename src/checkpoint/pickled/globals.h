// checkpoint/globals.h: what the global names in a pickle may mean. globals.def is the table; nothing else is allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <okibi/checkpoint.h>
#include <okibi/pickle.h>

namespace okibi::checkpoint {

enum class Meaning : uint8_t {
  data,             // whatever is done with it becomes an Object
  type,             // may be named, as a value; calling it is Error(unsupported)
  tensor_type,      // torch.FloatTensor: a class of before PyTorch 0.4, whose state says what the tensor is
  storage,          // a storage class with a dtype
  untyped_storage,  // bytes whose dtype the tensor names
  dtype,
  tensor,  // the calls that make tensors: see rebuild.cpp
  tensor_v2,
  tensor_v3,
  meta_tensor,
  sparse_tensor,
  quantised_tensor,
  nested_tensor,
  device_tensor,        // of a device whose numbers travelled through memory
  device_tensor_numpy,  // through a NumPy array
  parameter,
  parameter_class,  // nn.Parameter(data, requires_grad), as of before PyTorch 0.4
  typed_tensor,     // one of the calls above, and the class of the result with its attributes
  first_argument,   // what TorchScript tells the type of: build_intlist([1, 2])
  ordered_dict,
  default_dict,
  counter,
  complex_number,
  size,
  device,
};

struct Global {
  Meaning meaning = Meaning::data;
  DType dtype = DType::uint8;  // of a storage class or a dtype
};

// The row of the table, or nothing where the global is not allowed.
std::optional<Global> find_global(std::string_view module, std::string_view name);

// All globals of one pickle, looked up.
class Globals {
 public:
  // Error(unsafe) that names every global which neither the table nor the options allow.
  Globals(const pickle::Graph& graph, const LoadOptions& options);

  const Global& of(pickle::NodeId global) const { return found_.at(static_cast<uint32_t>(global)); }

 private:
  std::unordered_map<uint32_t, Global> found_;
};

}  // namespace okibi::checkpoint
