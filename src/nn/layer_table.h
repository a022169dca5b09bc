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
  never,
  has_parameter,     // "bias=True": no attribute, but whether the parameter of this name is there
};

struct LayerAttribute {
  std::string_view name;
  Print print;
};

struct Layer {
  std::string_view python_class;
  std::span<const LayerAttribute> attributes;
  // With any attributes and tensors: those of the file replace them. nullptr for a layer whose C++ object holds more
  // than those (src/model/layers.cpp makes it).
  AnyModule (*make)();
  int64_t version = 1;  // torch.nn.Module._version, which stands in the metadata of a state_dict
};

std::span<const Layer> layers() noexcept;
const Layer* find_layer(std::string_view python_class) noexcept;  // nullptr for users' models

}  // namespace okibi::nn
