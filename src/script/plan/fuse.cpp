#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <okibi/ops.h>

#include "ops/half.h"
#include "script/plan/fuse.h"

namespace okibi::script {
namespace {

using kernels::Convolution;

// Multiplications of a linear layer.
constexpr int64_t worth_preparing = int64_t{1} << 18;
constexpr int64_t worth_preparing_halves = int64_t{1} << 10;  // else each call makes float32 of the weight

// What conv2d and _convolution are given, in the places where each has it.
struct Places {
  size_t groups;
  std::optional<size_t> transposed;
};
std::optional<Places> convolution_places(const std::string& name) {
  if (name == "aten::conv2d") return Places{6, std::nullopt};
  if (name == "aten::_convolution" || name == "aten::convolution") return Places{8, 6};
  return std::nullopt;
}

std::optional<Convolution::Box> plane_in(const Pattern& argument) {
  const auto value = constant_in(argument);
  if (!value || !value->is_list() || (value->size() != 1 && value->size() != 2)) return std::nullopt;
  return Convolution::Box{1, (*value)[0].to_int(), value->at(-1).to_int()};
}

std::optional<Tensor> constant_tensor(const Pattern& argument) {
  const auto value = constant_in(argument);
  if (!value || value->is_none()) return value ? std::optional(Tensor()) : std::nullopt;
  if (!value->is_tensor() || !is_fused(value->to_tensor().dtype())) return std::nullopt;
  return value->to_tensor();
}

// The same for tensors of the same numbers in the same places. No other storage comes to lie there while a plan watches
// it.
std::string identity_of(const Tensor& tensor) {
  if (!tensor.defined()) return "- ";
  return fmt::format("{}:{}+{}{}{} ", fmt::ptr(tensor.storage().get()), tensor.storage()->version(),
                     tensor.storage_offset(), to_string(tensor.sizes()), to_string(tensor.strides()));
}

class Fuser {
 public:
  explicit Fuser(Draft draft) : fused_{.draft = std::move(draft)}, uses_(uses_in(fused_.draft)) {
    users_.resize(registers().size());
    for (size_t i = 0; i < instructions().size(); ++i) {
      for (const Pattern& argument : instructions()[i].arguments)
        for_each_reg(argument, [&](uint32_t reg) { users_[reg] = i; });
    }
  }

  FusedDraft run() {
    fused_.fused.resize(instructions().size());
    gone_.assign(instructions().size(), false);
    for (size_t i = 0; i < instructions().size(); ++i) {
      auto operation = convolution_at(i);
      if (!operation) operation = linear_at(i);
      if (operation) take_in(i, std::move(*operation));
    }
    drop_gone();
    return std::move(fused_);
  }

 private:
  std::vector<Instruction>& instructions() { return fused_.draft.instructions; }
  std::vector<Register>& registers() { return fused_.draft.registers; }

  std::optional<Fused> convolution_at(size_t at) {
    const Instruction& instruction = instructions()[at];
    const auto places = convolution_places(instruction.name);
    if (!places || !instruction.arguments[0].is_reg()) return std::nullopt;
    const Register& x = registers()[instruction.arguments[0].reg];
    const auto weight = constant_tensor(instruction.arguments[1]), bias = constant_tensor(instruction.arguments[2]);
    const auto stride = plane_in(instruction.arguments[3]), padding = plane_in(instruction.arguments[4]),
               dilation = plane_in(instruction.arguments[5]);
    if (!weight || !bias || !stride || !padding || !dilation || x.sizes.size() != 4 || !is_fused(x.dtype))
      return std::nullopt;
    if (places->transposed && constant_in(instruction.arguments[*places->transposed]) != Value(false))
      return std::nullopt;
    note_constants(*weight, *bias);
    const uint32_t out = *instruction.outputs[0];
    const Dims &in = x.sizes, &after = registers()[out].sizes, &w = weight->sizes();
    const int64_t groups = constant_in(instruction.arguments[places->groups])->to_int();
    return Fused{.shape = Convolution{in[0],
                                      in[1],
                                      w[0],
                                      groups,
                                      {1, in[2], in[3]},
                                      {1, w[2], w[3]},
                                      {1, after[2], after[3]},
                                      *stride,
                                      *padding,
                                      *dilation},
                 .weight = *weight,
                 .bias = *bias,
                 .name = identity_of(*weight) + identity_of(*bias),
                 .x = instruction.arguments[0].reg,
                 .out = out};
  }

  std::optional<Fused> linear_at(size_t at) {
    const Instruction& instruction = instructions()[at];
    if (instruction.name != "aten::linear" || !instruction.arguments[0].is_reg()) return std::nullopt;
    const Register& x = registers()[instruction.arguments[0].reg];
    const auto weight = constant_tensor(instruction.arguments[1]), bias = constant_tensor(instruction.arguments[2]);
    if (!weight || !bias || weight->dim() != 2 || x.sizes.empty() || !is_fused(x.dtype)) return std::nullopt;
    const int64_t in = weight->size(1), out = weight->size(0);
    int64_t rows = 1;
    for (size_t d = 0; d + 1 < x.sizes.size(); ++d) rows *= x.sizes[d];
    if (rows * in * out < (x.dtype == float32 ? worth_preparing : worth_preparing_halves)) return std::nullopt;
    note_constants(*weight, *bias);
    return Fused{.shape = kernels::Linear{rows, in, out},
                 .weight = *weight,
                 .bias = *bias,
                 .name = identity_of(*weight) + identity_of(*bias),
                 .x = instruction.arguments[0].reg,
                 .out = *instruction.outputs[0]};
  }

  // The only instruction that reads the register; none where there are others, or it is a result.
  Instruction* only_user(uint32_t reg, size_t& at) {
    if (uses_[reg] != 1 || fused_.draft.shares[reg]) return nullptr;
    if (users_[reg] >= instructions().size() || users_[reg] <= at) return nullptr;
    at = users_[reg];
    const bool is_taken = gone_[at] || fused_.fused[at];  // by another convolution, whose sum it is, too
    return is_taken || instructions()[at].changes ? nullptr : &instructions()[at];
  }

  void take_in(size_t first, Fused operation) {
    size_t last = first, next = first;
    const auto is_taken = [&](bool is_it) {
      if (!is_it) return false;
      gone_[last] = true;
      operation.out = *instructions()[next].outputs[0];
      last = next;
      return true;
    };
    const Instruction* user = only_user(operation.out, next);
    if (user && is_taken(fold_batch_norm(*user, operation))) user = only_user(operation.out, next);
    if (user && is_taken(take_addition(*user, operation))) user = only_user(operation.out, next);
    if (user) {
      if (const auto activation = activation_of(*user); activation && user->arguments[0].is_reg()) {
        operation.activation = *activation;
        is_taken(true);
      }
    }
    fused_.fused[last] = std::move(operation);
  }

  void note_constants(const Tensor& a, const Tensor& b) {
    for (const Tensor& tensor : {a, b}) {
      if (tensor.defined()) fused_.draft.constants.emplace_back(tensor);
    }
  }

  // y = (x ∗ w + b - mean) / √(var + eps) · gamma + beta is a convolution, too (Jacob et al. 2018, section 3.2).
  bool fold_batch_norm(const Instruction& norm, Fused& convolution) {
    if (!std::holds_alternative<Convolution>(convolution.shape)) return false;
    if (norm.name != "aten::batch_norm" || !norm.arguments[0].is_reg()) return false;
    std::array<Tensor, 4> given;  // gamma, beta, mean, var
    for (size_t i = 0; i < 4; ++i) {
      const auto tensor = constant_tensor(norm.arguments[i + 1]);
      if (!tensor || (i > 1 && !tensor->defined())) return false;
      given[i] = *tensor;
    }
    const auto& [gamma, beta, mean, var] = given;
    const double eps = constant_in(norm.arguments[7])->to_double();
    const auto wide = [](const Tensor& tensor) { return tensor.to(float64); };  // rounded once, with the weight
    const Tensor root = rsqrt(wide(var) + eps), by = gamma.defined() ? root * wide(gamma) : root;
    const Tensor before = convolution.bias.defined() ? wide(convolution.bias) - wide(mean) : -wide(mean);
    convolution.bias = (beta.defined() ? before * by + wide(beta) : before * by).to(float32);
    convolution.scale = by.contiguous();
    convolution.name += fmt::format("{} ", eps);
    for (const Tensor& tensor : given) {
      convolution.name += identity_of(tensor);
      note_constants(tensor, {});
    }
    return true;
  }

  bool take_addition(const Instruction& addition, Fused& operation) {
    if (addition.name != "aten::add.Tensor" || constant_in(addition.arguments[2]) != Value(int64_t{1})) return false;
    const Pattern &a = addition.arguments[0], &b = addition.arguments[1];
    if (!a.is_reg() || !b.is_reg() || a.reg == b.reg) return false;
    const uint32_t other = a.reg == operation.out ? b.reg : a.reg;
    const Register &one = registers()[other], &two = registers()[operation.out];
    if (one.sizes != two.sizes || one.dtype != two.dtype) return false;
    operation.added = other;
    return true;
  }

  void drop_gone() {
    size_t kept = 0;
    for (size_t i = 0; i < instructions().size(); ++i) {
      if (gone_[i]) continue;
      if (kept != i) {
        instructions()[kept] = std::move(instructions()[i]);
        fused_.fused[kept] = std::move(fused_.fused[i]);
      }
      ++kept;
    }
    instructions().resize(kept);
    fused_.fused.resize(kept);
  }

  FusedDraft fused_;
  std::vector<uint32_t> uses_;
  std::vector<size_t> users_;  // by register: the last instruction that reads it
  std::vector<bool> gone_;
};

}  // namespace

bool is_fused(DType dtype) noexcept { return dtype == float32 || ops::is_half(dtype); }

FusedDraft fuse(Draft draft) { return Fuser(std::move(draft)).run(); }

}  // namespace okibi::script
