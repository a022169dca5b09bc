#include "script/aliases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace okibi::script {
namespace {

constexpr std::string_view space = "aten::";

constexpr Alias other_names[] = {
    {"absolute", "abs"},
    {"arccos", "acos"},
    {"arccosh", "acosh"},
    {"arcsin", "asin"},
    {"arcsinh", "asinh"},
    {"arctan", "atan"},
    {"arctan2", "atan2"},
    {"arctanh", "atanh"},
    {"clip", "clamp"},
    {"concat", "cat"},
    {"concatenate", "cat"},
    {"divide", "div"},
    {"fix", "trunc"},
    {"ger", "outer"},
    {"greater", "gt"},
    {"greater_equal", "ge"},
    {"less", "lt"},
    {"less_equal", "le"},
    {"linalg_diagonal", "diagonal"},
    {"linalg_matmul", "matmul"},
    {"multiply", "mul"},
    {"negative", "neg"},
    {"nll_loss", "nll_loss_nd"},
    {"nll_loss2d", "nll_loss_nd"},
    {"not_equal", "ne"},
    {"row_stack", "vstack"},
    {"sgn", "sign"},  // of real numbers
    {"special_digamma", "digamma"},
    {"special_erf", "erf"},
    {"special_erfc", "erfc"},
    {"special_erfinv", "erfinv"},
    {"special_exp2", "exp2"},
    {"special_expit", "sigmoid"},
    {"special_expm1", "expm1"},
    {"special_gammaln", "lgamma"},
    {"special_i0", "i0"},
    {"special_log1p", "log1p"},
    {"special_log_softmax", "log_softmax.int"},
    {"special_logit", "logit"},
    {"special_logsumexp", "logsumexp"},
    {"special_modified_bessel_i0", "i0"},
    {"special_modified_bessel_i1", "special_i1"},
    {"special_multigammaln", "mvlgamma"},
    {"special_polygamma", "polygamma"},
    {"special_psi", "digamma"},
    {"special_round", "round.decimals"},
    {"special_sinc", "sinc"},
    {"special_softmax", "softmax.int"},
    {"special_xlogy", "xlogy.Tensor"},
    {"special_xlogy.other_scalar", "xlogy.Scalar_Other"},
    {"special_xlogy.self_scalar", "xlogy.Scalar_Self"},
    {"subtract", "sub"},
    {"trapz.x", "trapezoid.x"},
    {"true_divide", "div"},
    {"unsafe_chunk", "chunk"},
    {"unsafe_split", "split"},
    {"unsafe_split_with_sizes", "split_with_sizes"},
    {"__lshift__.Scalar", "bitwise_left_shift.Tensor_Scalar"},
    {"__lshift__.Tensor", "bitwise_left_shift.Tensor"},
    {"__rshift__.Scalar", "bitwise_right_shift.Tensor_Scalar"},
    {"__rshift__.Tensor", "bitwise_right_shift.Tensor"},
};

// In place and not, where the overloads have different names.
constexpr Alias in_place[] = {
    {"float_power_.Scalar", "float_power.Tensor_Scalar"},
    {"float_power_.Tensor", "float_power.Tensor_Tensor"},
    {"ldexp_", "ldexp.Tensor"},
    {"pow_.Scalar", "pow.Tensor_Scalar"},
    {"pow_.Tensor", "pow.Tensor_Tensor"},
};

std::string found_in(std::span<const Alias> table, std::string_view name) {
  const auto row = std::ranges::find(table, name, &Alias::name);
  return row == table.end() ? std::string() : fmt::format("{}{}", space, row->meant);
}

}  // namespace

std::span<const Alias> aliases() { return other_names; }

std::string meant_by(std::string_view name) {
  if (!name.starts_with(space)) return {};
  name.remove_prefix(space.size());
  if (const std::string exact = found_in(other_names, name); !exact.empty()) return exact;
  const size_t dot = std::min(name.find('.'), name.size());
  const std::string base = found_in(other_names, name.substr(0, dot));
  return base.empty() || base.find('.') != base.npos ? std::string() : fmt::format("{}{}", base, name.substr(dot));
}

std::string without_in_place(std::string_view name) {
  const size_t dot = std::min(name.find('.'), name.size());
  const std::string_view base = name.substr(0, dot), overload = name.substr(dot);
  if (base.starts_with("aten::__i") && base.ends_with("__")) {
    return fmt::format("aten::__{}{}", base.substr(std::string_view("aten::__i").size()), overload);
  }
  if (!base.starts_with(space) || !base.ends_with("_") || base.ends_with("__")) return {};
  if (const std::string odd = found_in(in_place, name.substr(space.size())); !odd.empty()) return odd;
  return fmt::format("{}{}", base.substr(0, base.size() - 1), overload);
}

}  // namespace okibi::script
