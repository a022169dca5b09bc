#include <okibi/optim/optimizers.h>

#include "optim/loops.h"

namespace okibi::optim {
namespace {

struct RmspropLoops {
  static constexpr StateTensor state[] = {{.name = "square_avg"},
                                          {.name = "momentum_buffer", .only_above_0 = &GroupOptions::momentum},
                                          {.name = "grad_avg", .only_if = &GroupOptions::centered}};

  template <class T>
  static auto loop(const StepInfo& info) {
    const GroupOptions& o = info.options;
    const kernels::RmspropStep step{.lr = o.lr,
                                    .alpha = o.alpha,
                                    .eps = o.eps,
                                    .weight_decay = o.weight_decay,
                                    .momentum = o.momentum,
                                    .maximize = o.maximize};
    return Both{[step](const Elements<T>& e) {
                  kernels::rmsprop(e.count(), step, e.gradient, e.state[0], e.state[1], e.state[2], e.parameter);
                },
                [step](const kernels::TouchedRows<T>& rows, const Elements<T>& all) {
                  kernels::rmsprop_rows(rows, step, all.state[0], all.state[1], all.state[2], all.parameter);
                }};
  }
};

constexpr std::string_view options[] = {"lr",           "momentum",   "alpha",   "eps",      "centered",
                                        "weight_decay", "capturable", "foreach", "maximize", "differentiable"};

constexpr GroupOptions numbers_of(const RMSpropOptions& o) {
  return {.lr = o.lr,
          .momentum = o.momentum,
          .weight_decay = o.weight_decay,
          .eps = o.eps,
          .alpha = o.alpha,
          .maximize = o.maximize,
          .centered = o.centered};
}

constexpr Rule rule = with_loops<RmspropLoops>({.name = "RMSprop",
                                            .options = options,
                                            .defaults = numbers_of({}),
                                            .step_count = StepCount::tensor,
                                            .check_gradient = [](const GroupOptions&, bool sparse) {
                                              if (sparse) refuse_gradient("RMSprop does not support sparse gradients");
                                            }});

}  // namespace

RMSprop::RMSprop(std::vector<Group> groups, const RMSpropOptions& o)
    : Optimizer(rule, std::move(groups), entries_of(rule, numbers_of(o))) {}
RMSprop::RMSprop(std::vector<Tensor> parameters, const RMSpropOptions& o)
    : RMSprop(one_group(std::move(parameters)), o) {}

}  // namespace okibi::optim
