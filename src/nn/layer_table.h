// PyTorch's layers that okibi has. A row says in which order a class has its attributes, which is the order in
// whole-model files; how they print; and how an object of it begins that then takes a file's attributes and tensors.
#pragma once

#include <okibi/nn.h>

#include <span>
#include <string_view>

namespace okibi::nn {

enum class Print : uint8_t {
  value,             // "20"
  name_value,        // "p=0.5"
  unless_none,       // "padding_idx=0", or nothing
  unless_none_last,  // the same, behind all others
  unless_false,      // "inplace=True", or nothing
  unless_two,        // "norm_type=1.0", or nothing for PyTorch's default
  unless_true,       // "bias=False", or nothing
  unless_zero,       // "padding=(1, 1)", "padding=same", or nothing for 0 and tuples of it
  unless_one,        // "groups=2", or nothing for 1 and tuples of it
  unless_zeros,      // "padding_mode=circular", or nothing for the word zeros
  never,
  // No attributes:
  has_parameter,      // "bias=True": whether the parameter of this name is there
  if_no_parameter,    // "bias=False", or nothing when it is there
  ahead_unless_zero,  // an attribute that stands elsewhere in the row, but is printed here
  all_parameters,     // never printed; in files a list of all parameters
};

struct LayerAttribute {
  std::string_view name;
  Print print;

  bool is_attribute() const noexcept { return print < Print::has_parameter; }
};

struct Layer {
  std::string_view python_class;
  std::span<const LayerAttribute> attributes;
  // With any attributes and tensors: those of the file replace them. nullptr for a layer whose C++ object holds more
  // than those (src/model/layers.cpp makes it).
  AnyModule (*make)();
  // Whether what files have under this name is a list of all parameters.
  bool lists_parameters(std::string_view name) const noexcept {
    return !attributes.empty() && attributes.back().print == Print::all_parameters && attributes.back().name == name;
  }
  int64_t version = 1;  // torch.nn.Module._version, which stands in the metadata of a state_dict
};

std::span<const Layer> layers() noexcept;
const Layer* find_layer(std::string_view python_class) noexcept;  // nullptr for users' models

}  // namespace okibi::nn
