#include "kernels/kernels.h"
#include "optim/state_reader.h"
#include "optim/step.h"

namespace okibi::optim {
namespace {

SGDOptions checked(SGDOptions options) {
  check_not_negative("momentum value", options.momentum);
  check_not_negative("weight_decay value", options.weight_decay);
  if (options.nesterov && (options.momentum <= 0 || options.dampening != 0)) {
    throw Error(ErrorKind::bad_argument, "Nesterov momentum requires a momentum and zero dampening");
  }
  return options;
}

// The buffer of one parameter, or nullptr: None, and missing, mean that no step was made.
const Value* buffer_in(const Dict& entries) {
  const Value* buffer = entries.find("momentum_buffer");
  return buffer == nullptr || buffer->is_none() ? nullptr : buffer;
}

}  // namespace

SGD::SGD(std::vector<Tensor> parameters, SGDOptions options)
    : Optimizer(std::move(parameters), options.lr), options_(checked(options)), momentum_buffers_(parameters_.size()) {}

void SGD::step() {
  for (const Tensor& parameter : parameters_) {
    const Tensor gradient = parameter.grad();
    if (!gradient.defined() || !gradient.is_sparse()) continue;
    // PyTorch's momentum buffer would become a sparse tensor that grows with each step.
    if (options_.momentum != 0) throw Error(ErrorKind::unsupported, "SGD with momentum does not take sparse gradients");
    if (options_.weight_decay != 0) {
      throw Error(ErrorKind::bad_argument, "SGD with weight_decay does not take sparse gradients: the decay is dense");
    }
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor gradient = parameters_[i].grad();
    if (!gradient.defined()) continue;
    if (gradient.is_sparse())
      update_rows(parameters_[i], gradient);
    else
      update(i, gradient);
  }
}

kernels::SgdStep SGD::kernel_step(bool first) const {
  return {.lr = lr_,
          .momentum = options_.momentum,
          .dampening = options_.dampening,
          .weight_decay = options_.weight_decay,
          .nesterov = options_.nesterov,
          .maximize = options_.maximize,
          .first = first};
}

void SGD::update(size_t index, const Tensor& gradient) {
  const Tensor& parameter = parameters_[index];
  Tensor& buffer = momentum_buffers_[index];
  const bool first = options_.momentum != 0 && !buffer.defined();
  if (first) buffer = empty(parameter.sizes(), {parameter.dtype()});
  const Tensor dense = gradient.contiguous();
  with_elements(parameter, [&]<class T>(T* elements) {
    T* kept = options_.momentum != 0 ? buffer.data<T>() : nullptr;
    kernels::sgd(parameter.numel(), kernel_step(first), dense.data<T>(), kept, elements);
  });
}

// gradient: indices (1, nnz), values (nnz, …). A row that comes several times is changed each time, in order.
void SGD::update_rows(const Tensor& parameter, const Tensor& gradient) {
  const Tensor indices = gradient.indices().contiguous(), values = gradient.values().contiguous();
  const int64_t count = indices.size(1), width = count > 0 ? values.numel() / count : 0;
  const int64_t* rows = indices.data<int64_t>();
  with_elements(parameter, [&]<class T>(T* elements) {
    const T* row_gradient = values.data<T>();
    for (int64_t i = 0; i < count; ++i, row_gradient += width) {
      kernels::sgd<T>(width, kernel_step(false), row_gradient, nullptr, elements + rows[i] * width);
    }
  });
}

// ---- saved and loaded

Dict SGD::group_options() const {
  return Dict{{"lr", lr_},
              {"momentum", zero_as_int(options_.momentum)},
              {"dampening", zero_as_int(options_.dampening)},
              {"weight_decay", zero_as_int(options_.weight_decay)},
              {"nesterov", options_.nesterov},
              {"maximize", options_.maximize},
              {"foreach", nullptr},
              {"differentiable", false},
              {"fused", nullptr}};
}

void SGD::take_options(const Dict& group) {
  const SGDOptions defaults;
  options_ = checked({.lr = lr_,
                      .momentum = number_in(group, "momentum", defaults.momentum),
                      .dampening = number_in(group, "dampening", defaults.dampening),
                      .weight_decay = number_in(group, "weight_decay", defaults.weight_decay),
                      .nesterov = flag_in(group, "nesterov", defaults.nesterov),
                      .maximize = flag_in(group, "maximize", defaults.maximize)});
}

Value SGD::state_of(size_t parameter) const {
  const Tensor& buffer = momentum_buffers_[parameter];
  if (!buffer.defined()) return {};
  return Dict{{"momentum_buffer", buffer}};
}

void SGD::check_state(size_t parameter, const Value& state) const {
  const Dict entries = state.to_dict();
  if (buffer_in(entries) != nullptr) tensor_in(entries, "momentum_buffer", parameters_[parameter]);
}

void SGD::take_state(size_t parameter, const Value& state) {
  momentum_buffers_[parameter] = {};
  if (state.is_none()) return;
  if (const Value* buffer = buffer_in(state.to_dict())) {
    momentum_buffers_[parameter] = copy_for(parameters_[parameter], buffer->to_tensor());
  }
}

}  // namespace okibi::optim
