// The attributes of PyTorch's layers. This table says in which order a class has them, which is the order in
// whole-model files, and how they print.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace okibi::nn {

enum class Print : uint8_t {
  value,         // "20"
  name_value,    // "p=0.5"
  unless_none,   // "padding_idx=0", or nothing
  unless_false,  // "inplace=True", or nothing
  unless_two,    // "norm_type=1.0", or nothing for PyTorch's default
  never,
};

struct LayerAttribute {
  std::string_view name;
  Print print;
};

// None for classes that are not in the table: containers and users' models.
std::span<const LayerAttribute> layer_attributes(std::string_view python_class) noexcept;

}  // namespace okibi::nn
