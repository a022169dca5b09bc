// Functions of single numbers that statistics and physics know: by special_functions.h, in double.
#include "ops/special_functions.h"

#include "ops/dispatch.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// f of each number in double, whatever the dtype.
template <class F>
void map_in_double(const Tensor& x, const Tensor& out, std::string_view what, F f) {
  const Tensor in = x.to(out.dtype()).contiguous();
  dispatch_floating(out.dtype(), what, [&]<class T>() {
    map1<T>(in, out, [f](T v) { return static_cast<T>(f(static_cast<double>(v))); });
  });
}
template <class F>
Tensor times_in_double(const Tensor& gradient, const Tensor& x, std::string_view what, F f) {
  const Tensor slope = empty(x.sizes(), {gradient.dtype()});
  map_in_double(x, slope, what, f);
  return okibi::mul(gradient, slope);
}

template <class Function>
struct Special {
  static constexpr std::string_view schema = Function::schema;
  static constexpr std::string_view name = schema.substr(6, schema.find('(') - 6);
  static constexpr const char* backward_name = Function::backward_name;
  static OutputSpec infer(const Tensor& x) { return floating_spec(x, name); }
  static void forward(const Tensor& x, const Tensor& out) { map_in_double(x, out, name, Function::value); }
  using Saved = std::tuple<SavedTensor>;
  static Saved save(const Tensor& x, const Tensor&) { return {SavedTensor::input(x)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {times_in_double(gradient, std::get<0>(saved).get(), backward_name, Function::slope)};
  }
};

#define OKIBI_SPECIAL(Name, word, value_of, slope_of)                                   \
  struct Name {                                                                         \
    static constexpr std::string_view schema = "aten::" word "(Tensor self) -> Tensor"; \
    static constexpr const char* backward_name = #Name "Backward0";                     \
    static double value(double x) { return value_of; }                                  \
    static double slope(double x) { return slope_of; }                                  \
  };

constexpr double sqrt_pi = 1 / std::numbers::inv_sqrtpi, sqrt2 = std::numbers::sqrt2;
// 1 / √(2π)
constexpr double density_at_0 = std::numbers::inv_sqrtpi / sqrt2;

double entropy(double x) { return x > 0 ? -x * std::log(x) : x == 0 ? 0 : std::isnan(x) ? x : -INFINITY; }
double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }
double sinc_slope(double x) {
  const double y = std::numbers::pi * x;
  return x == 0 ? 0 : (y * std::cos(y) - std::sin(y)) / (y * x);
}
double squared_exp(double x) { return std::exp(x * x); }
// NaN too, as PyTorch has it.
bool is_tiny(double x) { return !(std::abs(x) > std::numeric_limits<double>::epsilon()); }
double i1_slope(double x) { return is_tiny(x) ? 0.5 : special::i0(x) - special::i1(x) / x; }
double i0e_slope(double x) { return special::i1e(x) - ((x > 0) - (x < 0)) * special::i0e(x); }
double i1e_slope(double x) {
  return is_tiny(x) ? 0.5 : special::i0e(x) - special::i1e(x) * (((x > 0) - (x < 0)) + 1 / x);
}

OKIBI_SPECIAL(Lgamma, "lgamma", special::log_gamma(x), special::digamma(x))
OKIBI_SPECIAL(Digamma, "digamma", special::digamma(x), special::polygamma(1, x))
OKIBI_SPECIAL(Erfinv, "erfinv", special::erf_inverse(x), sqrt_pi / 2 * squared_exp(special::erf_inverse(x)))
OKIBI_SPECIAL(I0, "i0", special::i0(x), special::i1(x))
OKIBI_SPECIAL(SpecialI0e, "special_i0e", special::i0e(x), i0e_slope(x))
OKIBI_SPECIAL(SpecialI1, "special_i1", special::i1(x), i1_slope(x))
OKIBI_SPECIAL(SpecialI1e, "special_i1e", special::i1e(x), i1e_slope(x))
OKIBI_SPECIAL(SpecialEntr, "special_entr", entropy(x), -std::log(x) - 1)
OKIBI_SPECIAL(SpecialNdtr, "special_ndtr", special::ndtr(x), density_at_0* std::exp(-x* x / 2))
OKIBI_SPECIAL(SpecialLogNdtr, "special_log_ndtr", special::log_ndtr(x), 2 * density_at_0 / special::erfcx(-x / sqrt2))
OKIBI_SPECIAL(SpecialNdtri, "special_ndtri", special::ndtri(x), squared_exp(special::ndtri(x) / sqrt2) / density_at_0)
OKIBI_SPECIAL(SpecialErfcx, "special_erfcx", special::erfcx(x), 2 * x * special::erfcx(x) - 2 / sqrt_pi)
OKIBI_SPECIAL(Sinc, "sinc", sinc(x), sinc_slope(x))
#undef OKIBI_SPECIAL

struct Polygamma {
  static constexpr std::string_view schema = "aten::polygamma(int n, Tensor self) -> Tensor";
  static constexpr int64_t most = 170;  // whose derivative, the next one, would have 171! in it, which is no double
  static OutputSpec infer(int64_t n, const Tensor& x) {
    if (n < 0) refuse("polygamma(n, x) does not support negative n.");
    if (n >= most) {
      throw Error(ErrorKind::unsupported, fmt::format("polygamma(n, x) of an n from {} on is not implemented", most))
          .found(std::to_string(n));
    }
    return floating_spec(x, "polygamma");
  }
  static void forward(int64_t n, const Tensor& x, const Tensor& out) {
    map_in_double(x, out, "polygamma", [n](double v) { return special::polygamma(n, v); });
  }
  static constexpr const char* backward_name = "PolygammaBackward0";
  using Saved = std::tuple<int64_t, SavedTensor>;
  static Saved save(int64_t n, const Tensor& x, const Tensor&) { return {n, SavedTensor::input(x)}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const int64_t n = std::get<0>(saved);
    return {times_in_double(gradient, std::get<1>(saved).get(), "polygamma",
                            [n](double v) { return special::polygamma(n + 1, v); })};
  }
};

// log Γ_p(x) = p (p - 1) / 4 · log π + Σ log Γ(x - j / 2), j from 0 to p - 1
struct Mvlgamma {
  static constexpr std::string_view schema = "aten::mvlgamma(Tensor self, int p) -> Tensor";
  static constexpr int64_t most = 1'000'000;
  static OutputSpec infer(const Tensor& x, int64_t p) {
    if (p < 1) throw Error(ErrorKind::bad_argument, "p has to be greater than or equal to 1").found(std::to_string(p));
    if (p > most) throw Error(ErrorKind::limit, "mvlgamma adds up at most a million terms").found(std::to_string(p));
    return floating_spec(x, "mvlgamma");
  }
  static void forward(const Tensor& x, int64_t p, const Tensor& out) {
    const double count = static_cast<double>(p);
    map_in_double(x, out, "mvlgamma", [p, count](double v) {
      double sum = count * (count - 1) / 4 * std::log(std::numbers::pi);
      for (int64_t j = 0; j < p; ++j) sum += special::log_gamma(v - static_cast<double>(j) / 2);
      return sum;
    });
  }
  static constexpr const char* backward_name = "MvlgammaBackward0";
  using Saved = std::tuple<SavedTensor, int64_t>;
  static Saved save(const Tensor& x, int64_t p, const Tensor&) { return {SavedTensor::input(x), p}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const int64_t p = std::get<1>(saved);
    return {times_in_double(gradient, std::get<0>(saved).get(), "mvlgamma", [p](double v) {
      double sum = 0;
      for (int64_t j = 0; j < p; ++j) sum += special::digamma(v - static_cast<double>(j) / 2);
      return sum;
    })};
  }
};

}  // namespace

std::span<const okibi::Op> special_function_ops() {
  static constexpr okibi::Op rows[] = {entry<Special<Lgamma>>(),
                                       entry<Special<Digamma>>(),
                                       entry<Special<Erfinv>>(),
                                       entry<Special<I0>>(),
                                       entry<Special<SpecialI0e>>(),
                                       entry<Special<SpecialI1>>(),
                                       entry<Special<SpecialI1e>>(),
                                       entry<Special<SpecialEntr>>(),
                                       entry<Special<SpecialNdtr>>(),
                                       entry<Special<SpecialLogNdtr>>(),
                                       entry<Special<SpecialNdtri>>(),
                                       entry<Special<SpecialErfcx>>(),
                                       entry<Special<Sinc>>(),
                                       entry<Polygamma>(),
                                       entry<Mvlgamma>()};
  return rows;
}

}  // namespace okibi::ops
