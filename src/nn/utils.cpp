// Gradients held within bounds.
#include <okibi/nn/utils.h>
#include <okibi/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "tensor/body.h"

namespace okibi::nn::utils {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A norm as it is added up, in double: the running total of some numbers, and the norm that it makes.
class Norm {
 public:
  explicit Norm(double type) : type_(type), total_(type == -infinity ? infinity : 0) {}

  void add(double number) {
    const double size = std::abs(number);
    if (type_ == 2)
      total_ += size * size;
    else if (std::isinf(type_))
      total_ = std::isnan(size) || (type_ > 0 ? size > total_ : size < total_) ? size : total_;
    else if (type_ == 0)
      total_ += size != 0;
    else
      total_ += std::pow(size, type_);
  }
  double value() const {
    if (type_ == 2) return std::sqrt(total_);
    return type_ == 0 || type_ == 1 || std::isinf(type_) ? total_ : std::pow(total_, 1 / type_);
  }

 private:
  double type_, total_;
};

// What the numbers of a gradient lie in: itself, or the values of a sparse one whose rows are all different.
Tensor numbers_of(const Tensor& gradient) { return gradient.is_sparse() ? coalesce(gradient).values() : gradient; }

// work(T*, count) over contiguous numbers in float or double; half precision through a copy in float.
template <class Work>
void with_numbers(const Tensor& tensor, bool changes, const Work& work) {
  const Tensor wide = tensor.dtype() == float64 ? tensor.contiguous() : tensor.to(float32).contiguous();
  if (wide.dtype() == float64)
    work(wide.data<double>(), wide.numel());
  else
    work(wide.data<float>(), wide.numel());
  if (!changes) return;
  if (!wide.is_same(tensor))
    tensor.copy_(wide);
  else
    tensor.storage()->bump_version();
}

double norm_of(const Tensor& gradient, double type) {
  Norm norm(type);
  with_numbers(numbers_of(gradient), false, [&](const auto* numbers, int64_t count) {
    for (int64_t i = 0; i < count; ++i) norm.add(static_cast<double>(numbers[i]));
  });
  return norm.value();
}

// A large table's gradient stays the rows that it is kept as, where rows of zeros change nothing in the norm; each once,
// so that its sum is what is scaled.
Tensor gradient_of(const Tensor& parameter, double type) {
  const Tensor came = gradient_as_it_came(parameter);
  if (!stands_for_dense(came) || !(type > 0)) return parameter.grad();
  if (came.is_coalesced()) return came;
  parameter.set_grad(standing_for_dense(coalesce(came)));
  return gradient_as_it_came(parameter);
}

double total_norm(const std::vector<Tensor>& parameters, double type) {
  Norm total(type);
  bool any = false;
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = gradient_of(parameter, type);
    if (!gradient.defined()) continue;
    total.add(norm_of(gradient, type));
    any = true;
  }
  return any ? total.value() : 0;
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const NoGrad no_grad;
  const double total = total_norm(parameters, norm_type);
  if (error_if_nonfinite && !std::isfinite(total)) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("The total norm of order {} for gradients from `parameters` is non-finite, so it cannot be "
                            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
                            "`error_if_nonfinite=False`",
                            norm_type));
  }
  const double share = max_norm / (total + 1e-6);
  const double factor = share > 1 ? 1 : share;  // NaN stays NaN
  for (const Tensor& parameter : parameters) {
    const Tensor gradient = gradient_of(parameter, norm_type);
    if (!gradient.defined()) continue;
    with_numbers(gradient.is_sparse() ? gradient.values() : gradient, true, [&]<class T>(T* numbers, int64_t count) {
      kernels::scale(count, numbers, static_cast<T>(factor), numbers);
    });
  }
  return total;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  const NoGrad no_grad;
  for (const Tensor& parameter : parameters) {
    Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (gradient.is_sparse() && !gradient.is_coalesced()) parameter.set_grad(gradient = coalesce(gradient));
    with_numbers(numbers_of(gradient), true, [&]<class T>(T* numbers, int64_t count) {
      const T most = static_cast<T>(clip_value);
      for (int64_t i = 0; i < count; ++i) numbers[i] = std::min(std::max(numbers[i], -most), most);  // NaN stays NaN
    });
  }
}

}  // namespace okibi::nn::utils
