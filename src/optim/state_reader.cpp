#include "optim/state_reader.h"

#include <fmt/format.h>

namespace okibi::optim {

double number_in(const Dict& group, std::string_view name, double fallback) {
  const Value* value = group.find(name);
  if (value == nullptr || value->is_none()) return fallback;
  return in_context("option", name,
                    [&] { return value->is_tensor() ? value->to_tensor().item<double>() : value->to_double(); });
}

bool flag_in(const Dict& group, std::string_view name, bool fallback) {
  const Value* value = group.find(name);
  if (value == nullptr || value->is_none()) return fallback;
  return in_context("option", name, [&] { return value->is_bool() ? value->to_bool() : value->to_int() != 0; });
}

const Tensor& tensor_in(const Dict& state, std::string_view name, const Tensor& parameter) {
  const Value* value = state.find(name);
  if (value == nullptr) throw Error(ErrorKind::mismatch, fmt::format("the saved state has no '{}'", name));
  return in_context("entry", name, [&]() -> const Tensor& {
    const Tensor& tensor = value->to_tensor();
    if (tensor.is_sparse()) throw Error(ErrorKind::unsupported, "okibi keeps no sparse optimizer state");
    if (tensor.sizes() == parameter.sizes()) return tensor;
    throw Error(ErrorKind::mismatch, "the saved state belongs to a parameter of other sizes")
        .expected(to_string(parameter.sizes()))
        .found(to_string(tensor.sizes()));
  });
}

Tensor copy_for(const Tensor& parameter, const Tensor& saved) {
  const NoGrad no_grad;
  const Tensor copy = empty(parameter.sizes(), {parameter.dtype()});
  copy.copy_(saved);
  return copy;
}

Value zero_as_int(double number) { return number == 0 ? Value(0) : Value(number); }

void check_not_negative(std::string_view what, double number) {
  if (number >= 0) return;  // false for NaN, too
  throw Error(ErrorKind::bad_argument, fmt::format("Invalid {}: {}", what, repr(Value(number))));
}

void throw_unsupported(std::string_view optimizer, std::string_view option) {
  throw Error(ErrorKind::unsupported, fmt::format("okibi's {} has no {}", optimizer, option))
      .hint("Load the model's weights alone and begin with a new optimizer, or go on in PyTorch.");
}

}  // namespace okibi::optim
