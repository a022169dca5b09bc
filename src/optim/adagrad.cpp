// Adagrad, and the row-wise form of it.
#include <okibi/optim/optimizers.h>

#include "optim/loops.h"

namespace okibi::optim {
namespace {

kernels::AdagradStep kernel_step(const StepInfo& info) {
  const GroupOptions& o = info.options;
  return {.lr = o.lr / (1 + (info.steps - 1) * o.lr_decay),
          .eps = o.eps,
          .weight_decay = o.weight_decay,
          .maximize = o.maximize,
          .sparse = info.sparse};
}

// √sum + eps divides: with eps = 0, a row without gradients would be no number.
bool is_idle_without_gradient(const GroupOptions& o) { return o.weight_decay == 0 && o.eps > 0; }

struct AdagradLoops {
  static constexpr StateTensor state[] = {
      {.name = "sum", .begun_with = &GroupOptions::initial_accumulator_value}};
  static bool idle_rows_stay(const GroupOptions& o) { return is_idle_without_gradient(o); }

  template <class T>
  static auto loop(const StepInfo& info) {
    return Both{[step = kernel_step(info)](const Elements<T>& e) {
                  kernels::adagrad(e.count(), step, e.gradient, e.state[0], e.parameter);
                },
                [step = kernel_step(info)](const kernels::TouchedRows<T>& rows, const Elements<T>& all) {
                  kernels::adagrad_rows(rows, step, all.state[0], all.parameter);
                }};
  }
};

struct RowwiseAdagradLoops {
  static constexpr StateTensor state[] = {
      {.name = "sum", .begun_with = &GroupOptions::initial_accumulator_value, .one_a_row = true}};
  static bool idle_rows_stay(const GroupOptions& o) { return is_idle_without_gradient(o); }

  template <class T>
  static auto loop(const StepInfo& info) {
    return Both{[step = kernel_step(info)](const Elements<T>& e) {
                  kernels::rowwise_adagrad(e.rows, e.width, step, e.gradient, e.state[0], e.parameter);
                },
                [step = kernel_step(info)](const kernels::TouchedRows<T>& rows, const Elements<T>& all) {
                  kernels::rowwise_adagrad_rows(rows, step, all.state[0], all.parameter);
                }};
  }
};

void check_gradient(const GroupOptions& o, bool sparse) {
  if (sparse && o.weight_decay != 0) refuse_gradient("weight_decay option is not compatible with sparse gradients");
}

constexpr std::string_view options[] = {"lr",
                                        "lr_decay",
                                        "eps",
                                        "weight_decay",
                                        "initial_accumulator_value",
                                        "foreach",
                                        "maximize",
                                        "differentiable",
                                        "fused"};

constexpr GroupOptions numbers_of(const AdagradOptions& o) {
  return {.lr = o.lr,
          .weight_decay = o.weight_decay,
          .eps = o.eps,
          .lr_decay = o.lr_decay,
          .initial_accumulator_value = o.initial_accumulator_value,
          .maximize = o.maximize};
}

constexpr Rule named(std::string_view name) {
  return {.name = name,
          .options = options,
          .defaults = numbers_of({}),
          .step_count = StepCount::tensor,
          .state_from_the_start = true,
          .check_gradient = check_gradient};
}
constexpr Rule adagrad = with_loops<AdagradLoops>(named("Adagrad"));
constexpr Rule rowwise = with_loops<RowwiseAdagradLoops>(named("RowwiseAdagrad"));

}  // namespace

Adagrad::Adagrad(std::vector<Group> groups, const AdagradOptions& o)
    : Optimizer(adagrad, std::move(groups), entries_of(adagrad, numbers_of(o))) {}
Adagrad::Adagrad(std::vector<Tensor> parameters, const AdagradOptions& o)
    : Adagrad(one_group(std::move(parameters)), o) {}

RowwiseAdagrad::RowwiseAdagrad(std::vector<Group> groups, const AdagradOptions& o)
    : Optimizer(rowwise, std::move(groups), entries_of(rowwise, numbers_of(o))) {}
RowwiseAdagrad::RowwiseAdagrad(std::vector<Tensor> parameters, const AdagradOptions& o)
    : RowwiseAdagrad(one_group(std::move(parameters)), o) {}

}  // namespace okibi::optim
