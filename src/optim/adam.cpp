// Adam: Kingma and Ba 2015.
#include <fmt/format.h>

#include <cmath>

#include "kernels/kernels.h"
#include "optim/state_reader.h"
#include "optim/step.h"

namespace okibi::optim {
namespace {

void check_beta(size_t index, double beta) {
  if (beta >= 0 && beta < 1) return;
  throw Error(ErrorKind::bad_argument, fmt::format("Invalid beta parameter at index {}: {}", index, repr(Value(beta))));
}

AdamOptions checked(AdamOptions options) {
  check_not_negative("epsilon value", options.eps);
  check_beta(0, options.betas.first);
  check_beta(1, options.betas.second);
  check_not_negative("weight_decay value", options.weight_decay);
  return options;
}

std::pair<double, double> betas_in(const Dict& group, std::pair<double, double> fallback) {
  const Value* betas = group.find("betas");
  if (betas == nullptr) return fallback;
  return in_context("option", "betas", [&] { return std::pair(betas->at(0).to_double(), betas->at(1).to_double()); });
}

// How many steps were made: a tensor of no dimensions since PyTorch 1.12, an int or float before.
int64_t step_in(const Dict& state) {
  const Value& step = state["step"];
  const double number = step.is_tensor() ? step.to_tensor().item<double>() : step.to_double();
  if (number >= 0 && number == std::floor(number) && number < 0x1p53) return static_cast<int64_t>(number);
  throw Error(ErrorKind::mismatch, "the saved state's 'step' is no count of steps").found(repr(step));
}

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, AdamOptions options)
    : Optimizer(std::move(parameters), options.lr), options_(checked(options)), states_(parameters_.size()) {}

void Adam::step() {
  for (const Tensor& parameter : parameters_) {
    if (const Tensor gradient = parameter.grad(); gradient.defined() && gradient.is_sparse()) {
      throw Error(ErrorKind::bad_argument,
                  "Adam does not support sparse gradients, please consider SparseAdam instead");
    }
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (const Tensor gradient = parameters_[i].grad(); gradient.defined()) update(i, gradient);
  }
}

void Adam::update(size_t index, const Tensor& gradient) {
  const Tensor& parameter = parameters_[index];
  State& state = states_[index];
  if (!state.exp_avg.defined()) {
    state.exp_avg = zeros(parameter.sizes(), {parameter.dtype()});
    state.exp_avg_sq = zeros(parameter.sizes(), {parameter.dtype()});
  }
  ++state.step;
  const kernels::AdamStep step = kernel_step(static_cast<double>(state.step));
  const Tensor dense = gradient.contiguous();
  with_elements(parameter, [&]<class T>(T* elements) {
    kernels::adam(parameter.numel(), step, dense.data<T>(), state.exp_avg.data<T>(), state.exp_avg_sq.data<T>(),
                  elements);
  });
}

kernels::AdamStep Adam::kernel_step(double count) const {
  const auto [beta1, beta2] = options_.betas;
  return {.lr = lr_,
          .beta1 = beta1,
          .beta2 = beta2,
          .eps = options_.eps,
          .weight_decay = options_.weight_decay,
          .bias_correction1 = 1 - std::pow(beta1, count),
          .bias_correction2_sqrt = std::sqrt(1 - std::pow(beta2, count)),
          .maximize = options_.maximize};
}

// ---- saved and loaded

Dict Adam::group_options() const {
  return Dict{{"lr", lr_},
              {"betas", Tuple{options_.betas.first, options_.betas.second}},
              {"eps", options_.eps},
              {"weight_decay", zero_as_int(options_.weight_decay)},
              {"amsgrad", false},
              {"maximize", options_.maximize},
              {"foreach", nullptr},
              {"capturable", false},
              {"differentiable", false},
              {"fused", nullptr},
              {"decoupled_weight_decay", false}};
}

void Adam::take_options(const Dict& group) {
  if (flag_in(group, "amsgrad", false)) throw_unsupported("Adam", "amsgrad");
  if (flag_in(group, "decoupled_weight_decay", false)) throw_unsupported("Adam", "decoupled weight decay (AdamW)");
  const AdamOptions defaults;
  options_ = checked({.lr = lr_,
                      .betas = betas_in(group, defaults.betas),
                      .eps = number_in(group, "eps", defaults.eps),
                      .weight_decay = number_in(group, "weight_decay", defaults.weight_decay),
                      .maximize = flag_in(group, "maximize", defaults.maximize)});
}

Value Adam::state_of(size_t parameter) const {
  const State& state = states_[parameter];
  if (!state.exp_avg.defined()) return {};
  return Dict{{"step", full({}, static_cast<double>(state.step))},
              {"exp_avg", state.exp_avg},
              {"exp_avg_sq", state.exp_avg_sq}};
}

void Adam::check_state(size_t parameter, const Value& state) const {
  const Dict entries = state.to_dict();
  step_in(entries);
  tensor_in(entries, "exp_avg", parameters_[parameter]);
  tensor_in(entries, "exp_avg_sq", parameters_[parameter]);
}

void Adam::take_state(size_t parameter, const Value& state) {
  if (state.is_none()) {
    states_[parameter] = {};
    return;
  }
  const Dict entries = state.to_dict();
  const Tensor& own = parameters_[parameter];
  states_[parameter] = {.step = step_in(entries),
                        .exp_avg = copy_for(own, tensor_in(entries, "exp_avg", own)),
                        .exp_avg_sq = copy_for(own, tensor_in(entries, "exp_avg_sq", own))};
}

}  // namespace okibi::optim
