#include <okibi/optim/optimizers.h>

#include "optim/loops.h"

namespace okibi::optim {
namespace {

struct SgdLoops {
  static constexpr StateTensor state[] = {{.name = "momentum_buffer", .only_above_0 = &GroupOptions::momentum}};

  static bool idle_rows_stay(const GroupOptions& o) { return o.momentum == 0 && o.weight_decay == 0; }

  // As PyTorch adds them: each entry by itself.
  static bool takes_entries(const StepInfo& info) {
    return info.sparse && info.decay == nullptr && idle_rows_stay(info.options);
  }
  template <class T>
  static void step_entries(const StepInfo& info, const Elements<T>& all, const SparseGradient& gradient) {
    const std::span<const int64_t> rows(gradient.rows(), static_cast<size_t>(gradient.count));
    const double lr = info.options.lr;
    kernels::add_rows(rows, all.width, info.options.maximize ? lr : -lr, gradient.values.data<T>(), all.parameter);
  }

  template <class T>
  static auto loop(const StepInfo& info) {
    const GroupOptions& o = info.options;
    // A row's buffer begins as zeros: that is PyTorch's first step, since dampening is refused.
    const kernels::SgdStep step{.lr = o.lr,
                                .momentum = o.momentum,
                                .dampening = o.dampening,
                                .weight_decay = o.weight_decay,
                                .nesterov = o.nesterov,
                                .maximize = o.maximize,
                                .first = info.first && !info.sparse};
    return Both{[step](const Elements<T>& e) {
                  kernels::sgd(e.count(), step, e.gradient, e.state[0], e.parameter);
                },
                [step](const kernels::TouchedRows<T>& rows, const Elements<T>& all) {
                  kernels::sgd_rows(rows, step, all.state[0], all.parameter);
                }};
  }
};

void check_options(const GroupOptions& o) {
  if (o.nesterov && (o.momentum <= 0 || o.dampening != 0)) {
    throw Error(ErrorKind::bad_argument, "Nesterov momentum requires a momentum and zero dampening");
  }
  if (o.sparse_rows == SparseRows::exact_decay && o.momentum != 0) {
    throw Error(ErrorKind::bad_argument, "SGD catches up weight decay exactly only without momentum");
  }
}

void check_gradient(const GroupOptions& o, bool sparse) {
  if (!sparse) return;
  const char* hint = "Set sparse_rows to lazy, or to exact_decay.";
  if (o.momentum != 0 && o.dampening != 0) {
    throw Error(ErrorKind::unsupported, "SGD with dampening does not take sparse gradients");
  }
  if (o.sparse_rows != SparseRows::as_pytorch) return;
  // PyTorch's momentum buffer would become a sparse tensor that grows with each step.
  if (o.momentum != 0) {
    throw Error(ErrorKind::unsupported, "SGD with momentum does not take sparse gradients").hint(hint);
  }
  if (o.weight_decay != 0) {
    throw Error(ErrorKind::bad_argument, "SGD with weight_decay does not take sparse gradients: the decay is dense")
        .hint(hint);
  }
}

constexpr std::string_view options[] = {"lr",       "momentum", "dampening",      "weight_decay", "nesterov",
                                        "maximize", "foreach",  "differentiable", "fused"};

constexpr GroupOptions numbers_of(const SGDOptions& o) {
  return {.lr = o.lr,
          .momentum = o.momentum,
          .dampening = o.dampening,
          .weight_decay = o.weight_decay,
          .nesterov = o.nesterov,
          .maximize = o.maximize,
          .sparse_rows = o.sparse_rows};
}

constexpr Rule rule = with_loops<SgdLoops>({.name = "SGD",
                                            .options = options,
                                            .defaults = numbers_of({}),
                                            .step_count = StepCount::none,
                                            .check_options = check_options,
                                            .check_gradient = check_gradient});

}  // namespace

SGD::SGD(std::vector<Group> groups, const SGDOptions& o)
    : Optimizer(rule, std::move(groups), entries_of(rule, numbers_of(o))) {}
SGD::SGD(std::vector<Tensor> parameters, const SGDOptions& o) : SGD(one_group(std::move(parameters)), o) {}

}  // namespace okibi::optim
