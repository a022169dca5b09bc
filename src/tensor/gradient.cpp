// What a tensor knows about gradients. Computing them is the work of `ops`.
#include <fmt/format.h>

#include "tensor/body.h"

namespace okibi {
namespace {

constinit thread_local bool recording = true;

template <class T>
void add_rows(const int64_t* rows, int64_t count, int64_t width, const T* values, T* sums) {
  for (int64_t i = 0; i < count; ++i, values += width) {
    T* const sum = sums + rows[i] * width;
    for (int64_t j = 0; j < width; ++j) sum[j] += values[j];
  }
}

// Rows added up in the order in which they came.
Tensor written_out(const Tensor& rows) {
  const NoGrad no_grad;
  const Tensor values = rows.values().contiguous(), dense = zeros(rows.sizes(), {rows.dtype()});
  const int64_t* const ids = rows.indices().data<int64_t>();
  const int64_t count = values.size(0), width = values.size(1);
  if (rows.dtype() == float64)
    add_rows(ids, count, width, values.data<double>(), dense.data<double>());
  else
    add_rows(ids, count, width, values.data<float>(), dense.data<float>());
  return dense;
}

}  // namespace

bool stands_for_dense(const Tensor& gradient) noexcept {
  return gradient.defined() && gradient.body()->extras && gradient.body()->extras->for_dense;
}

Tensor standing_for_dense(const Tensor& rows) {
  extras_of(rows).for_dense = true;
  return rows;
}

const Tensor& gradient_as_it_came(const Tensor& parameter) { return body_of(parameter).grad; }

bool grad_enabled() noexcept { return recording; }

NoGrad::NoGrad() noexcept : before_(std::exchange(recording, false)) {}

NoGrad::~NoGrad() { recording = before_; }

bool Tensor::requires_grad() const noexcept { return body_ && body_->requires_grad; }

bool Tensor::is_leaf() const noexcept { return !body_ || body_->is_leaf(); }

const Tensor& Tensor::requires_grad_(bool value) const {
  TensorBody& body = body_of(*this);
  if (value && !is_floating_point(body.dtype) && !is_complex(body.dtype)) {
    throw Error(ErrorKind::bad_argument, "only Tensors of floating point dtype can require gradients")
        .found(fmt::format("torch.{}", name_of(body.dtype)));
  }
  if (!value && body.requires_grad && !body.is_leaf()) {
    throw Error(ErrorKind::bad_argument, "you can only change requires_grad flags of leaf variables.")
        .hint(
            "If you want to use a computed variable in a subgraph that doesn't require differentiation use detach().");
  }
  body.requires_grad = value;
  return *this;
}

Tensor Tensor::grad() const {
  TensorBody& body = body_of(*this);
  if (stands_for_dense(body.grad)) body.grad = written_out(body.grad);
  return body.grad;
}

void Tensor::set_grad(Tensor gradient) const {
  TensorBody& body = body_of(*this);
  if (gradient.defined() && gradient.sizes() != body.sizes) {
    throw Error(ErrorKind::bad_argument, "assigned grad has data of a different size")
        .expected(to_string(body.sizes))
        .found(to_string(gradient.sizes()));
  }
  if (gradient.defined() && gradient.dtype() != body.dtype) {
    throw Error(ErrorKind::bad_argument, "assigned grad has data of a different type")
        .expected(fmt::format("torch.{}", name_of(body.dtype)))
        .found(fmt::format("torch.{}", name_of(gradient.dtype())));
  }
  body.grad = std::move(gradient);
}

void require_writable(const Tensor& tensor) {
  if (!tensor.requires_grad() || !grad_enabled()) return;
  if (tensor.is_leaf()) {
    throw Error(ErrorKind::bad_argument, "a leaf Variable that requires grad is being used in an in-place operation.")
        .hint("To change a parameter outside of training, let a NoGrad live while you do.");
  }
  throw Error(ErrorKind::unsupported, "a tensor with gradient history cannot be changed in place")
      .hint("Change a clone() or detach() of it, or let a NoGrad live while you change it.");
}

}  // namespace okibi
