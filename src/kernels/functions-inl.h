// kernels/functions-inl.h: functions of vectors that several loops share. Included once for each target.
#if defined(OKIBI_KERNELS_FUNCTIONS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef OKIBI_KERNELS_FUNCTIONS_INL_H
#undef OKIBI_KERNELS_FUNCTIONS_INL_H
#else
#define OKIBI_KERNELS_FUNCTIONS_INL_H
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <numbers>
#include <span>

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
HWY_INLINE V number(double value) {
  return hn::Set(hn::DFromV<V>(), static_cast<hn::TFromV<V>>(value));
}

// exp of a number that is not positive, which can underflow but not overflow.
template <class V>
HWY_INLINE V exp_of_minus(V magnitude) {
  const hn::DFromV<V> d;
  return hn::Exp(d, hn::Neg(magnitude));
}

// exp, where NaN stays NaN.
template <class V>
HWY_INLINE V exp_kept(V x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(hn::DFromV<V>(), x));
}

// 1 / (1 + exp(-x)), by exp(-|x|) so that nothing overflows and small results keep their bits. NaN stays NaN.
template <class V>
HWY_INLINE V logistic(V x) {
  const hn::DFromV<V> d;
  const V one = hn::Set(d, 1), e = exp_of_minus(hn::Abs(x));
  const V positive = hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
  return hn::IfThenElse(hn::IsNaN(x), x, positive);
}

// log(1 + exp(-magnitude)). What was lost in rounding 1 + e is added to the logarithm, as a small change of it.
template <class V>
HWY_INLINE V softplus_of_minus(V magnitude) {
  const hn::DFromV<V> d;
  const V one = hn::Set(d, 1), e = exp_of_minus(magnitude), y = hn::Add(one, e);
  const V lost = hn::Sub(e, hn::Sub(y, one));
  return hn::Add(hn::Log(d, y), hn::Div(lost, y));
}

// x^n·c[0] + … + c[n]
template <class V>
HWY_INLINE V polynomial(V x, std::span<const double> coefficients) {
  using T = hn::TFromV<V>;
  const hn::DFromV<V> d;
  V sum = hn::Set(d, static_cast<T>(coefficients[0]));
  for (const double c : coefficients.subspan(1)) sum = hn::MulAdd(sum, x, hn::Set(d, static_cast<T>(c)));
  return sum;
}

// The rational approximations of Cody (Mathematics of Computation 23, 1969): of erf near 0, and of exp(x²)·erfc(x)
// beyond, where his second one serves to 6, since there erf is 1 but for its last bits.
template <class V>
HWY_INLINE V erf_near_zero(V x) {
  constexpr double p[] = {1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
                          3.20937758913846947e3};
  constexpr double q[] = {1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
                          2.84423683343917062e3};
  const V square = hn::Mul(x, x);
  return hn::Div(hn::Mul(x, polynomial(square, p)), polynomial(square, q));
}
template <class V>
HWY_INLINE V erf_beyond(V magnitude) {
  constexpr double p[] = {2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
                          6.61191906371416295e1,  2.98635138197400131e2,  8.81952221241769090e2,
                          1.71204761263407058e3,  2.05107837782607147e3,  1.23033935479799725e3};
  constexpr double q[] = {1,
                          1.57449261107098347e1,
                          1.17693950891312499e2,
                          5.37181101862009858e2,
                          1.62138957456669019e3,
                          3.29079923573345963e3,
                          4.36261909014324716e3,
                          3.43936767414372164e3,
                          1.23033935480374942e3};
  const hn::DFromV<V> d;
  const V ratio = hn::Div(polynomial(magnitude, p), polynomial(magnitude, q));
  return hn::NegMulAdd(exp_of_minus(hn::Mul(magnitude, magnitude)), ratio, hn::Set(d, 1));
}
template <class V>
HWY_INLINE V erf(V x) {
  using T = hn::TFromV<V>;
  const hn::DFromV<V> d;
  const V magnitude = hn::Min(hn::Abs(x), hn::Set(d, T(6)));
  const V beyond = hn::CopySignToAbs(erf_beyond(magnitude), x);
  return hn::IfThenElse(hn::Le(magnitude, hn::Set(d, T(0.46875))), erf_near_zero(x), beyond);
}

}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
