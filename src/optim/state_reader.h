// Reading an optimizer's saved state: numbers and tensors out of Values, with errors that say which entry is wrong.
#pragma once

#include <okibi/optim.h>

#include <span>
#include <string_view>

namespace okibi::optim {

// An entry of a param group as a number: int, float, or a tensor of one element (PyTorch's learning rate may be one).
// Where the entry is missing, `fallback`: older files have fewer.
double number_in(const Dict& group, std::string_view name, double fallback);
bool flag_in(const Dict& group, std::string_view name, bool fallback);

// The entry of one parameter's state, which must be a strided tensor of the parameter's sizes.
const Tensor& tensor_in(const Dict& state, std::string_view name, const Tensor& parameter);
// A copy of it in the parameter's dtype, contiguous, as PyTorch casts it.
Tensor copy_for(const Tensor& parameter, const Tensor& saved);

// PyTorch writes its defaults of 0 as int; so a state that was never told otherwise reads the same there.
Value zero_as_int(double number);

// Error(bad_argument) in PyTorch's words ("Invalid learning rate: -1.0") unless the number is at least 0.
void check_not_negative(std::string_view what, double number);

// Error(unsupported) naming the option that okibi's optimizer does not have.
[[noreturn]] void throw_unsupported(std::string_view optimizer, std::string_view option);

}  // namespace okibi::optim
