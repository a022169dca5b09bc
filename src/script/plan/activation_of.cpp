#include "script/plan/fuse.h"

namespace okibi::script {
namespace {

using kernels::FusedActivation;
using kernels::FusedActivationKind;

std::optional<double> number_in(const Instruction& instruction, size_t argument) {
  if (argument >= instruction.arguments.size()) return std::nullopt;
  const auto value = constant_in(instruction.arguments[argument]);
  if (!value || !(value->is_double() || value->is_int())) return std::nullopt;
  return value->to_double();
}

bool is_text(const Instruction& instruction, size_t argument, std::string_view text) {
  const auto value = constant_in(instruction.arguments[argument]);
  return value && value->is_string() && value->to_string() == text;
}

std::optional<FusedActivation> clip(std::optional<double> least, std::optional<double> most) {
  if (!least || !most || *least > *most) return std::nullopt;
  return FusedActivation{FusedActivationKind::clip, static_cast<float>(*least), static_cast<float>(*most)};
}

struct Plain {
  std::string_view name;
  FusedActivationKind kind;
};
constexpr Plain plain_ones[] = {
    {"aten::relu", FusedActivationKind::relu},
    {"aten::silu", FusedActivationKind::silu},
    {"aten::sigmoid", FusedActivationKind::sigmoid},
    {"aten::hardswish", FusedActivationKind::hardswish},
    {"aten::hardsigmoid", FusedActivationKind::hardsigmoid},
    {"aten::tanh", FusedActivationKind::tanh},
};

}  // namespace

std::optional<FusedActivation> activation_of(const Instruction& instruction) {
  const std::string& name = instruction.name;
  for (const Plain& one : plain_ones) {
    if (one.name == name) return FusedActivation{one.kind};
  }
  if (name == "aten::relu6") return clip(0, 6);
  if (name == "aten::hardtanh" || name == "aten::clamp")
    return clip(number_in(instruction, 1), number_in(instruction, 2));
  if (name == "aten::leaky_relu") {
    const auto slope = number_in(instruction, 1);
    if (slope && *slope > 0) return FusedActivation{FusedActivationKind::relu, static_cast<float>(*slope)};
  }
  if (name == "aten::gelu") {
    if (is_text(instruction, 1, "none")) return FusedActivation{FusedActivationKind::gelu};
    if (is_text(instruction, 1, "tanh")) return FusedActivation{FusedActivationKind::gelu_tanh};
  }
  return std::nullopt;
}

}  // namespace okibi::script
