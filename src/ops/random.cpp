// Random tensors: the generator's numbers in tensors of the user's dtype.
#include <okibi/ops.h>

#include "ops/dispatch.h"
#include "tensor/body.h"

namespace okibi {
namespace {

// Draws into contiguous memory; a tensor with other strides gets a copy, in row-major order.
template <class Draw>
const Tensor& fill(const Tensor& tensor, const char* what, Draw&& draw) {
  require_writable(tensor);
  const Tensor whole = tensor.is_contiguous() ? tensor.detach() : empty(tensor.sizes(), {tensor.dtype()});
  dispatch_floating(tensor.dtype(), what,
                    [&]<class T>() { draw(std::span<T>(whole.data<T>(), static_cast<size_t>(whole.numel()))); });
  if (tensor.is_contiguous())
    tensor.storage()->bump_version();
  else
    tensor.copy_(whole);
  return tensor;
}

}  // namespace

const Tensor& normal_(const Tensor& tensor, double mean, double std, Generator& generator) {
  return fill(tensor, "normal_", [&](auto numbers) { generator.normal(numbers, mean, std); });
}

const Tensor& uniform_(const Tensor& tensor, double from, double to, Generator& generator) {
  return fill(tensor, "uniform_", [&](auto numbers) { generator.uniform(numbers, from, to); });
}

Tensor randn(Dims sizes, TensorOptions options, Generator& generator) {
  return normal_(empty(std::move(sizes), std::move(options)), 0, 1, generator);
}

Tensor rand(Dims sizes, TensorOptions options, Generator& generator) {
  return uniform_(empty(std::move(sizes), std::move(options)), 0, 1, generator);
}

Tensor randint(int64_t low, int64_t high, Dims sizes, Generator& generator) {
  const Tensor out = empty(std::move(sizes), {int64});
  generator.randint({out.data<int64_t>(), static_cast<size_t>(out.numel())}, low, high);
  return out;
}

Tensor randperm(int64_t n, Generator& generator) { return tensor(generator.randperm(n)); }

}  // namespace okibi
