// Random tensors: the generator's numbers in tensors of the user's dtype.
#include <okibi/ops.h>

#include <algorithm>
#include <array>

#include "ops/lookup.h"
#include "tensor/body.h"

namespace okibi {

using ops::dispatch_table;

namespace {

// Half precision is float, rounded.
template <class T, class Draw>
void draw_rounded(std::span<T> out, const Draw& draw) {
  std::array<float, 4096> wide;
  for (size_t at = 0; at < out.size(); at += wide.size()) {
    const auto some = out.subspan(at, std::min(wide.size(), out.size() - at));
    draw(std::span(wide).first(some.size()));
    std::transform(wide.begin(), wide.begin() + static_cast<ptrdiff_t>(some.size()), some.begin(),
                   [](float number) { return T(number); });
  }
}

// normal_ makes 16 numbers at once and, where some are left, the last 16 anew: in half precision from the numbers that
// follow the whole blocks in the generator's order, otherwise from those that follow all elements.
template <class T, class Draw>
void draw_blocks_rounded(std::span<T> out, const Draw& draw) {
  constexpr size_t block = 16;
  if (out.size() < block) return draw_rounded(out, draw);
  const size_t whole = out.size() / block * block;
  draw_rounded(out.first(whole), draw);
  if (whole < out.size()) draw_rounded(out.last(block), draw);
}

// Draws into contiguous memory; a tensor with other strides gets a copy, in row-major order.
template <class Draw>
const Tensor& fill(const Tensor& tensor, const char* what, Draw&& draw) {
  require_writable(tensor);
  const Tensor whole = tensor.is_contiguous() ? tensor.detach() : empty(tensor.sizes(), {tensor.dtype()});
  dispatch_table(tensor.dtype(), what,
                 [&]<class T>() { draw(std::span<T>(numbers_of<T>(whole), static_cast<size_t>(whole.numel()))); });
  if (tensor.is_contiguous())
    tensor.storage()->bump_version();
  else
    tensor.copy_(whole);
  return tensor;
}

}  // namespace

const Tensor& normal_(const Tensor& tensor, double mean, double std, Generator& generator) {
  return fill(tensor, "normal_", [&]<class T>(std::span<T> numbers) {
    if constexpr (is_small_float<T>)
      draw_blocks_rounded(numbers, [&](std::span<float> wide) { generator.normal(wide, mean, std); });
    else
      generator.normal(numbers, mean, std);
  });
}

const Tensor& uniform_(const Tensor& tensor, double from, double to, Generator& generator) {
  return fill(tensor, "uniform_", [&]<class T>(std::span<T> numbers) {
    if constexpr (is_small_float<T>)
      draw_rounded(numbers, [&](std::span<float> wide) { generator.uniform(wide, from, to); });
    else
      generator.uniform(numbers, from, to);
  });
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

Tensor randperm(int64_t n, Generator& generator) {
  const Tensor order = empty({std::max<int64_t>(n, 0)}, {int64});  // Error where there is not so much memory
  std::ranges::copy(generator.randperm(n), order.data<int64_t>());
  return order;
}

}  // namespace okibi
