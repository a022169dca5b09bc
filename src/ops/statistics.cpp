// The largest and the smallest of all numbers, variances, logarithms of sums of exponentials.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/rows.h"

namespace okibi::ops {
namespace {

using DimList = std::optional<Dims>;

// ------------------------------------------------------------------------------------------------- the largest of all

struct Larger {
  template <class T>
  static bool beats(T a, T b) {
    return a > b;
  }
};
struct Smaller {
  template <class T>
  static bool beats(T a, T b) {
    return a < b;
  }
};

template <class T>
bool is_nan(T x) {
  return x != x;
}

// Equal ones share the gradient; where there is NaN, all NaN do.
template <class Order, class Names>
struct ExtremeOfAll {
  static constexpr std::string_view schema = Names::schema;
  static OutputSpec infer(const Tensor& x) {
    if (x.numel() > 0) return {{}, x.dtype()};
    throw Error(ErrorKind::bad_argument,
                fmt::format("{}(): Expected reduction dim to be specified for input.numel() == 0", Names::name))
        .found(fmt::format("sizes {}", to_string(x.sizes())))
        .hint("Specify the reduction dim with the 'dim' argument.");
  }
  static void forward(const Tensor& x, const Tensor& out) {
    const Tensor in = x.contiguous();
    dispatch_numbers(x.dtype(), Names::name, [&]<class T>() {
      const T* numbers = in.data<T>();
      T best = numbers[0];
      for (int64_t i = 1; i < in.numel(); ++i) {
        best = Order::beats(numbers[i], best) || is_nan(numbers[i]) ? numbers[i] : best;
      }
      *out.data<T>() = best;
    });
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& x, const Tensor& out) { return {SavedTensor::input(x), SavedTensor::output(out)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor x = std::get<0>(saved).get().contiguous();
    const Tensor out = empty(x.sizes(), {x.dtype()});
    dispatch_floating(x.dtype(), Names::name, [&]<class T>() {
      const T best = *std::get<1>(saved).get().data<T>(), up = *gradient.contiguous().data<T>();
      const auto is_best = [best](T v) { return v == best || (is_nan(v) && is_nan(best)); };
      int64_t many = 0;
      for (int64_t i = 0; i < x.numel(); ++i) many += is_best(x.data<T>()[i]);
      const T share = up / static_cast<T>(many);
      for (int64_t i = 0; i < x.numel(); ++i) out.data<T>()[i] = is_best(x.data<T>()[i]) ? share : T(0);
    });
    return {out};
  }
};
struct MaxNames {
  static constexpr std::string_view schema = "aten::max(Tensor self) -> Tensor", name = "max";
  static constexpr const char* backward_name = "MaxBackward1";
};
struct MinNames {
  static constexpr std::string_view schema = "aten::min(Tensor self) -> Tensor", name = "min";
  static constexpr const char* backward_name = "MinBackward1";
};

struct Aminmax {
  static constexpr std::string_view schema =
      "aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)";
  static std::array<Tensor, 2> compose(const Tensor& x, std::optional<int64_t> dim, bool keepdim) {
    const Dims dims = dim ? Dims{*dim} : Dims();
    return {okibi::amin(x, dims, keepdim), okibi::amax(x, dims, keepdim)};
  }
};

// ----------------------------------------------------------------------------------------------------------- variances

struct Moments {
  double mean = 0, square = 0;  // square: Σ (x - mean)²
};
template <class T>
Moments moments_of(const T* x, int64_t n) {
  Moments m;
  for (int64_t i = 0; i < n; ++i) m.mean += static_cast<double>(x[i]);
  m.mean /= static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i)
    m.square += (static_cast<double>(x[i]) - m.mean) * (static_cast<double>(x[i]) - m.mean);
  return m;
}

// Names: schema, backward_name, root (whether it is the deviation), both (whether the mean is a result, too).
template <class Names>
struct Variance {
  static constexpr std::string_view schema = Names::schema;
  static constexpr size_t hidden = Names::both ? 0 : 1, gradients_of = Names::both ? 2 : 1;
  static std::array<OutputSpec, 2> infer(const Tensor& x, const DimList& dims, std::optional<double>, bool keepdim) {
    if (!is_floating_point(x.dtype())) {
      throw Error(ErrorKind::bad_argument, "std and var only support floating point and complex dtypes")
          .found(std::string(name_of(x.dtype())));
    }
    const OutputSpec spec{sizes_without(x, named_dims(x, dims), keepdim), x.dtype()};
    return {spec, spec};
  }
  static void forward(const Tensor& x, const DimList& dims, std::optional<double> correction, bool, const Tensor& out,
                      const Tensor& mean) {
    const Rows in(x, named_dims(x, dims));
    const double divisor = std::max(static_cast<double>(in.n) - correction.value_or(1), 0.0);
    dispatch_floating(x.dtype(), "var", [&]<class T>() {
      T *to = out.data<T>(), *middle = mean.data<T>();
      for_each_row<T>(in, [&](int64_t row, const T* numbers) {
        const Moments m = moments_of(numbers, in.n);
        const double variance = m.square / divisor;
        to[row] = static_cast<T>(Names::root ? std::sqrt(variance) : variance);
        middle[row] = static_cast<T>(m.mean);
      });
    });
  }

  static constexpr const char* backward_name = Names::backward_name;
  using Saved =
      std::tuple<SavedTensor, SavedTensor, SavedTensor, DimList, double>;  // x, result, mean, dims, correction
  static Saved save(const Tensor& x, const DimList& dims, std::optional<double> correction, bool, const Tensor& out,
                    const Tensor& mean) {
    return {SavedTensor::input(x), SavedTensor::output(out), SavedTensor::output(mean), dims, correction.value_or(1)};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const std::array<Tensor, 1> one = {gradient};
    return backward(std::span<const Tensor>(one), saved, edges);
  }
  static std::array<Tensor, 1> backward(std::span<const Tensor> gradients, const Saved& saved, const Edges&) {
    const auto& [x, out, mean, dims, correction] = saved;
    std::array<Tensor, 2> up;
    for (size_t i = 0; i < std::min(up.size(), gradients.size()); ++i) {  // a node may have room for more than these
      up[i] = gradients[i].defined() ? gradients[i].contiguous() : Tensor();
    }
    const auto work = [&]<class T>(int64_t row, const T* numbers, int64_t n, T* to) {
      const double result = static_cast<double>(out.get().data<T>()[row]),
                   middle = static_cast<double>(mean.get().data<T>()[row]);
      const double by_mean = up[1].defined() ? static_cast<double>(up[1].data<T>()[row]) / static_cast<double>(n) : 0;
      double by_variance = up[0].defined() ? static_cast<double>(up[0].data<T>()[row]) : 0;
      if (Names::root) by_variance = result == 0 ? 0 : by_variance / (2 * result);
      for (int64_t i = 0; i < n; ++i) {
        const double distance = static_cast<double>(numbers[i]) - middle;
        const double part =
            up[0].defined() ? by_variance * slope(distance, n, correction) : 0;  // which may be infinite
        to[i] = static_cast<T>(by_mean + part);
      }
    };
    return {gradient_of_rows(x.get(), named_dims(x.get(), dims), "var", work)};
  }

 private:
  // As PyTorch has it where nothing is left to divide by.
  static double slope(double distance, int64_t n, double correction) {
    const double freedom = static_cast<double>(n) - correction;
    if (freedom > 0) return 2 / freedom * distance;
    return distance == 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  }
};

// "aten::var" with its three overloads, and their results.
#define OKIBI_VARIANCE(Name, word, results, is_root, has_mean, node)                                              \
  struct Name##Names {                                                                                            \
    static constexpr std::string_view schema =                                                                    \
        "aten::" word                                                                                             \
        ".correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> " results; \
    static constexpr const char* backward_name = node;                                                            \
    static constexpr bool root = is_root, both = has_mean;                                                        \
  };                                                                                                              \
  struct Name##All {                                                                                              \
    static constexpr std::string_view schema = "aten::" word "(Tensor self, bool unbiased=True) -> " results;     \
    static auto compose(const Tensor& x, bool unbiased) {                                                         \
      return outputs<Name##Names>(x, std::nullopt, unbiased, false);                                              \
    }                                                                                                             \
  };                                                                                                              \
  struct Name##Dim {                                                                                              \
    static constexpr std::string_view schema =                                                                    \
        "aten::" word ".dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> " results;       \
    static auto compose(const Tensor& x, const DimList& dims, bool unbiased, bool keepdim) {                      \
      return outputs<Name##Names>(x, dims, unbiased, keepdim);                                                    \
    }                                                                                                             \
  };

template <class Names>
auto outputs(const Tensor& x, const DimList& dims, bool unbiased, bool keepdim) {
  const std::optional<double> correction = unbiased ? 1 : 0;
  if constexpr (Names::both) {
    return call_all<Variance<Names>>(x, dims, correction, keepdim);
  } else {
    return call<Variance<Names>>(x, dims, correction, keepdim);
  }
}
OKIBI_VARIANCE(Var, "var", "Tensor", false, false, "VarBackward0")
OKIBI_VARIANCE(Std, "std", "Tensor", true, false, "StdBackward0")
OKIBI_VARIANCE(VarMean, "var_mean", "(Tensor, Tensor)", false, true, "VarMeanBackward0")
OKIBI_VARIANCE(StdMean, "std_mean", "(Tensor, Tensor)", true, true, "StdMeanBackward0")
#undef OKIBI_VARIANCE

// ------------------------------------------------------------------------------------------- logarithms of sums of exp

struct Logsumexp {
  static constexpr std::string_view schema = "aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Dims& dims, bool keepdim) {
    return {sizes_without(x, named_dims(x, dims), keepdim), is_floating_point(x.dtype()) ? x.dtype() : float32};
  }
  static void forward(const Tensor& x, const Dims& dims, bool, const Tensor& out) {
    const Rows in(x.to(out.dtype()), named_dims(x, dims));
    dispatch_floating(out.dtype(), "logsumexp", [&]<class T>() {
      T* to = out.data<T>();
      for_each_row<T>(in, [&](int64_t row, const T* numbers) { to[row] = of(numbers, in.n); });
    });
  }

  static constexpr const char* backward_name = "LogsumexpBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor, Dims>;
  static Saved save(const Tensor& x, const Dims& dims, bool, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out), dims};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [x, out, dims] = saved;
    const Tensor g = gradient.contiguous();
    const auto work = [&]<class T>(int64_t row, const T* numbers, int64_t n, T* to) {
      const T up = g.data<T>()[row], sum = out.get().data<T>()[row];
      for (int64_t i = 0; i < n; ++i) to[i] = up * std::exp(numbers[i] - sum);
    };
    return {gradient_of_rows(x.get(), named_dims(x.get(), dims), "logsumexp", work)};
  }

 private:
  // exp of what is left without the largest cannot overflow. An infinite one is left as it is: ∞ - ∞ would be NaN.
  template <class T>
  static T of(const T* x, int64_t n) {
    T most = -std::numeric_limits<T>::infinity(), sum = 0;
    for (int64_t i = 0; i < n; ++i) most = x[i] > most ? x[i] : most;
    if (std::isinf(most)) most = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - most);
    return std::log(sum) + most;
  }
};

}  // namespace

std::span<const okibi::Op> statistics_ops() {
  static constexpr okibi::Op rows[] = {entry<ExtremeOfAll<Larger, MaxNames>>(),
                                       entry<ExtremeOfAll<Smaller, MinNames>>(),
                                       entry<Aminmax>(),
                                       entry<VarAll>(),
                                       entry<VarDim>(),
                                       entry<Variance<VarNames>>(),
                                       entry<StdAll>(),
                                       entry<StdDim>(),
                                       entry<Variance<StdNames>>(),
                                       entry<VarMeanAll>(),
                                       entry<VarMeanDim>(),
                                       entry<Variance<VarMeanNames>>(),
                                       entry<StdMeanAll>(),
                                       entry<StdMeanDim>(),
                                       entry<Variance<StdMeanNames>>(),
                                       entry<Logsumexp>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

using namespace ops;

Tensor max(const Tensor& x) { return call<ExtremeOfAll<Larger, MaxNames>>(x); }
Tensor min(const Tensor& x) { return call<ExtremeOfAll<Smaller, MinNames>>(x); }
Tensor var(const Tensor& x, const Dims& dims, double correction, bool keepdim) {
  return call<Variance<VarNames>>(x, DimList(dims), std::optional<double>(correction), keepdim);
}
Tensor std(const Tensor& x, const Dims& dims, double correction, bool keepdim) {
  return call<Variance<StdNames>>(x, DimList(dims), std::optional<double>(correction), keepdim);
}

}  // namespace okibi
