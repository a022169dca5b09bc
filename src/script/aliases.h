// script/aliases.h: the other names that PyTorch has for its operators.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace okibi::script {

// Without "aten::". With a dot in it a name stands for one overload alone; without one for all that both names have,
// and so "greater" is "gt", of tensors ("greater.Tensor") as of numbers.
struct Alias {
  std::string_view name, meant;
};
std::span<const Alias> aliases();

// "aten::gt.Tensor" of "aten::greater.Tensor"; empty where the name is no other name of something.
std::string meant_by(std::string_view name);

// "aten::add.Tensor" of "aten::add_.Tensor", "aten::__and__.Scalar" of "aten::__iand__.Scalar"; empty where the name is
// none of an operator in place. Whether there is such an operator is another matter.
std::string without_in_place(std::string_view name);

}  // namespace okibi::script
