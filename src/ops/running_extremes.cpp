// Of each number and all before it along a dimension: the largest, the smallest, the logarithm of the sum of
// exponentials.
#include <cmath>
#include <limits>

#include "ops/around.h"
#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/special_functions.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// visit(where a line begins, how far apart its numbers are) for each line along `dim` of contiguous numbers.
template <class Visit>
void for_each_line(const Extent& around, Visit&& visit) {
  for (int64_t line = 0; line < around.outer * around.inner && around.n > 0; ++line) {
    visit(line / around.inner * around.n * around.inner + line % around.inner, around.inner);
  }
}

Extent lines_of(const Tensor& x, int64_t dim) { return Extent(x.sizes(), wrap_dim(dim, x.sizes().size())); }

// Of equal ones the last; the first NaN stays, but its place goes on to the next NaN.
template <bool largest>
struct RunningExtreme {
  static constexpr std::string_view schema =
      largest ? "aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)"
              : "aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, int64_t dim) {
    wrap_dim(dim, x.sizes().size());
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{x.sizes(), int64}};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& values, const Tensor& indices) {
    const Tensor in = x.contiguous();
    const Extent around = lines_of(x, dim);
    dispatch_numbers(x.dtype(), largest ? "cummax" : "cummin", [&]<class T>() {
      const T* const from = in.data<T>();
      T* const to = values.data<T>();
      for_each_line(around, [&](int64_t begin, int64_t step) {
        int64_t best = 0;
        for (int64_t i = 0; i < around.n; ++i) {
          const T found = from[begin + best * step], next = from[begin + i * step];
          if (next != next || (found == found && (largest ? next >= found : next <= found))) best = i;
          to[begin + i * step] = from[begin + best * step];
          indices.data<int64_t>()[begin + i * step] = best;
        }
      });
    });
  }

  static constexpr const char* backward_name = largest ? "CummaxBackward0" : "CumminBackward0";
  using Saved = std::tuple<SavedTensor, int64_t>;
  static Saved save(const Tensor&, int64_t dim, const Tensor&, const Tensor& indices) {
    return {SavedTensor::output(indices), dim};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [indices, dim] = saved;
    return {okibi::scatter_add(zeros(gradient.sizes(), {gradient.dtype()}), dim, indices.get(), gradient)};
  }
};

struct Logcumsumexp {
  static constexpr std::string_view schema = "aten::logcumsumexp(Tensor self, int dim) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t dim) {
    wrap_dim(dim, x.sizes().size());
    require_floating(x, "logcumsumexp");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t dim, const Tensor& out) {
    const Tensor in = x.contiguous();
    const Extent around = lines_of(x, dim);
    dispatch_floating(x.dtype(), "logcumsumexp", [&]<class T>() {
      for_each_line(around, [&](int64_t begin, int64_t step) {
        double sum = -std::numeric_limits<double>::infinity();
        for (int64_t i = begin; i < begin + around.n * step; i += step) {
          sum = special::log_sum(sum, static_cast<double>(in.data<T>()[i]));
          out.data<T>()[i] = static_cast<T>(sum);
        }
      });
    });
  }

  static constexpr const char* backward_name = "LogcumsumexpBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, int64_t>;
  static Saved save(const Tensor& x, int64_t dim, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out), dim};
  }
  // exp(x_i) · Σ g_j exp(-out_j) over j from i on; those above and below 0 each as logarithms, since the factors may be
  // too large and too small for themselves.
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor x = std::get<0>(saved).get().contiguous(), out = std::get<1>(saved).get().contiguous();
    const Tensor g = gradient.contiguous(), result = empty(g.sizes(), {g.dtype()});
    const Extent around = lines_of(x, std::get<2>(saved));
    dispatch_floating(g.dtype(), "logcumsumexp", [&]<class T>() {
      for_each_line(around, [&](int64_t begin, int64_t step) {
        constexpr double nothing = -std::numeric_limits<double>::infinity();
        double above = nothing, below = nothing;
        for (int64_t i = begin + (around.n - 1) * step; i >= begin; i -= step) {
          const double up = static_cast<double>(g.data<T>()[i]), at = static_cast<double>(out.data<T>()[i]);
          if (up > 0) above = special::log_sum(above, std::log(up) - at);
          if (up < 0) below = special::log_sum(below, std::log(-up) - at);
          const double here = static_cast<double>(x.data<T>()[i]);
          result.data<T>()[i] = static_cast<T>(std::exp(above + here) - std::exp(below + here));
        }
      });
    });
    return {result};
  }
};

}  // namespace

std::span<const okibi::Op> running_extreme_ops() {
  static constexpr okibi::Op rows[] = {entry<RunningExtreme<true>>(), entry<RunningExtreme<false>>(),
                                       entry<Logcumsumexp>()};
  return rows;
}

}  // namespace okibi::ops
