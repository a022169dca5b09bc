// Adam, AdamW and SparseAdam.
#include <okibi/optim/optimizers.h>

#include <fmt/format.h>

#include <cmath>

#include "optim/loops.h"

namespace okibi::optim {
namespace {

const BiasCorrections& corrections(const StepInfo& info) {
  BiasCorrections& c = info.corrections;
  const double beta1 = info.options.beta1, beta2 = info.options.beta2;
  if (c.steps == info.steps && c.beta1 == beta1 && c.beta2 == beta2) return c;
  c = {.beta1 = beta1,
       .beta2 = beta2,
       .steps = info.steps,
       .first = 1 - std::pow(beta1, info.steps),
       .second_sqrt = std::sqrt(1 - std::pow(beta2, info.steps))};
  return c;
}

kernels::AdamStep kernel_step(const StepInfo& info) {
  const GroupOptions& o = info.options;
  const BiasCorrections& c = corrections(info);
  return {.lr = o.lr,
          .beta1 = o.beta1,
          .beta2 = o.beta2,
          .eps = o.eps,
          .weight_decay = o.weight_decay,
          .bias_correction1 = c.first,
          .bias_correction2_sqrt = c.second_sqrt,
          .maximize = o.maximize,
          .decoupled = o.decoupled_weight_decay};
}

struct AdamLoops {
  static constexpr StateTensor state[] = {
      {.name = "exp_avg"}, {.name = "exp_avg_sq"}, {.name = "max_exp_avg_sq", .only_if = &GroupOptions::amsgrad}};

  template <class T>
  static auto loop(const StepInfo& info) {
    return Both{[step = kernel_step(info)](const Elements<T>& e) {
                  kernels::adam(e.count(), step, e.gradient, e.state[0], e.state[1], e.state[2], e.parameter);
                },
                [step = kernel_step(info)](const kernels::TouchedRows<T>& rows, const Elements<T>& all) {
                  kernels::adam_rows(rows, step, all.state[0], all.state[1], all.state[2], all.parameter);
                }};
  }
};

struct SparseAdamLoops {
  static constexpr StateTensor state[] = {{.name = "exp_avg"}, {.name = "exp_avg_sq"}};

  template <class T>
  static auto loop(const StepInfo& info) {
    return Both{[step = kernel_step(info)](const Elements<T>& e) {
                  kernels::sparse_adam(e.count(), step, e.gradient, e.state[0], e.state[1], e.parameter);
                },
                [step = kernel_step(info)](const kernels::TouchedRows<T>& rows, const Elements<T>& all) {
                  kernels::sparse_adam_rows(rows, step, all.state[0], all.state[1], all.parameter);
                }};
  }
};

void check_options(const GroupOptions& o) {
  if (o.sparse_rows == SparseRows::exact_decay && !o.decoupled_weight_decay) {
    throw Error(ErrorKind::bad_argument, "Adam catches up weight decay exactly only when it is decoupled")
        .hint("Use AdamW, or sparse_rows = lazy.");
  }
}

void check_gradient(const GroupOptions& o, bool sparse) {
  if (!sparse || o.sparse_rows != SparseRows::as_pytorch) return;
  refuse_gradient("Adam does not support sparse gradients, please consider SparseAdam instead");
}

constexpr std::string_view options[] = {"lr",       "betas",   "eps",        "weight_decay",   "amsgrad",
                                        "maximize", "foreach", "capturable", "differentiable", "fused",
                                        "decoupled_weight_decay"};

constexpr GroupOptions numbers_of(const AdamOptions& o) {
  return {.lr = o.lr,
          .weight_decay = o.weight_decay,
          .beta1 = o.betas.first,
          .beta2 = o.betas.second,
          .eps = o.eps,
          .maximize = o.maximize,
          .amsgrad = o.amsgrad,
          .decoupled_weight_decay = o.decoupled_weight_decay,
          .sparse_rows = o.sparse_rows};
}

constexpr AdamOptions decoupled(const AdamWOptions& o) {
  return {.lr = o.lr,
          .betas = o.betas,
          .eps = o.eps,
          .weight_decay = o.weight_decay,
          .amsgrad = o.amsgrad,
          .maximize = o.maximize,
          .decoupled_weight_decay = true,
          .sparse_rows = o.sparse_rows};
}

constexpr Rule rule_of(std::string_view name, const AdamOptions& defaults) {
  return with_loops<AdamLoops>({.name = name,
                                .options = options,
                                .defaults = numbers_of(defaults),
                                .step_count = StepCount::tensor,
                                .always_decoupled = defaults.decoupled_weight_decay,
                                .check_options = check_options,
                                .check_gradient = check_gradient});
}
constexpr Rule adam = rule_of("Adam", {});
constexpr Rule adamw = rule_of("AdamW", decoupled({}));

// ---- SparseAdam

constexpr std::string_view sparse_options[] = {"lr", "betas", "eps", "maximize"};

constexpr GroupOptions numbers_of(const SparseAdamOptions& o) {
  return numbers_of(AdamOptions{.lr = o.lr, .betas = o.betas, .eps = o.eps, .maximize = o.maximize});
}

// Stricter than all others; but a scheduler may lead to a learning rate of 0.
SparseAdamOptions checked(const SparseAdamOptions& o) {
  const auto check = [](std::string_view what, double number) {
    if (number > 0) return;
    throw Error(ErrorKind::bad_argument, fmt::format("Invalid {}: {}", what, repr(Value(number))));
  };
  check("learning rate", o.lr);
  check("epsilon value", o.eps);
  return o;
}

constexpr Rule sparse_adam = with_loops<SparseAdamLoops>(
    {.name = "SparseAdam",
     .options = sparse_options,
     .defaults = numbers_of(SparseAdamOptions()),
     .step_count = StepCount::integer,
     .check_gradient = [](const GroupOptions&, bool sparse) {
       if (!sparse) refuse_gradient("SparseAdam does not support dense gradients, please consider Adam instead");
     }});

}  // namespace

Adam::Adam(const Rule& rule, std::vector<Group> groups, const AdamOptions& o)
    : Optimizer(rule, std::move(groups), entries_of(rule, numbers_of(o))) {}
Adam::Adam(std::vector<Group> groups, const AdamOptions& o) : Adam(adam, std::move(groups), o) {}
Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& o) : Adam(one_group(std::move(parameters)), o) {}

AdamW::AdamW(std::vector<Group> groups, const AdamWOptions& o) : Adam(adamw, std::move(groups), decoupled(o)) {}
AdamW::AdamW(std::vector<Tensor> parameters, const AdamWOptions& o) : AdamW(one_group(std::move(parameters)), o) {}

SparseAdam::SparseAdam(std::vector<Group> groups, const SparseAdamOptions& o)
    : Optimizer(sparse_adam, std::move(groups), entries_of(sparse_adam, numbers_of(checked(o)))) {}
SparseAdam::SparseAdam(std::vector<Tensor> parameters, const SparseAdamOptions& o)
    : SparseAdam(one_group(std::move(parameters)), o) {}

}  // namespace okibi::optim
