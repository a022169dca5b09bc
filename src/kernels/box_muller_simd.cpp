// The transform of box_muller.h with the CPU's vectors: the same operations in the same order, so the same bits.
#include "kernels/box_muller.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/box_muller_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace okibi::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

#if HWY_NATIVE_FMA && HWY_TARGET != HWY_SCALAR
using Floats = hn::CappedTag<float, 8>;
using Ints = hn::RebindToSigned<Floats>;
using Vec = hn::Vec<Floats>;

HWY_INLINE Vec set(float value) { return hn::Set(Floats(), value); }

template <class... More>
HWY_INLINE Vec horner(Vec x, Vec y, More... coefficients) {
  ((y = hn::MulAdd(y, x, set(coefficients))), ...);
  return y;
}

HWY_INLINE Vec log(Vec x) {
  const Floats floats;
  const Ints ints;
  const auto bits = hn::BitCast(ints, x);
  Vec exponent = hn::ConvertTo(floats, hn::Sub(hn::ShiftRight<23>(bits), hn::Set(ints, 126)));
  const auto mantissa = hn::And(bits, hn::Set(ints, 0x007fffff));
  Vec fraction = hn::BitCast(floats, hn::Or(mantissa, hn::Set(ints, 0x3f000000)));
  const auto below = hn::Lt(fraction, set(0.707106781186547524f));
  exponent = hn::Sub(exponent, hn::IfThenElseZero(below, set(1)));
  fraction = hn::Add(hn::Sub(fraction, set(1)), hn::IfThenElseZero(below, fraction));

  const Vec square = hn::Mul(fraction, fraction);
  const Vec series = horner(fraction, set(7.0376836292E-2f), -1.1514610310E-1f, 1.1676998740E-1f, -1.2420140846E-1f,
                            1.4249322787E-1f, -1.6668057665E-1f, 2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f);
  Vec y = hn::MulAdd(hn::Mul(series, fraction), square, hn::Mul(exponent, set(-2.12194440e-4f)));
  y = hn::MulAdd(square, set(-0.5f), y);
  return hn::MulAdd(exponent, set(0.693359375f), hn::Add(fraction, y));
}

HWY_INLINE void sincos(Vec angle, Vec& sin, Vec& cos) {
  const Floats floats;
  const Ints ints;
  const auto two = hn::Set(ints, 2), four = hn::Set(ints, 4);
  const auto turns = hn::ConvertTo(ints, hn::Mul(angle, set(1.27323954473516f)));
  const auto octant = hn::And(hn::Add(turns, hn::Set(ints, 1)), hn::Set(ints, ~1));
  const Vec multiple = hn::ConvertTo(floats, octant);
  Vec x = hn::MulAdd(multiple, set(-0.78515625f), angle);
  x = hn::MulAdd(multiple, set(-2.4187564849853515625e-4f), x);
  x = hn::MulAdd(multiple, set(-3.77489497744594108e-8f), x);

  const Vec z = hn::Mul(x, x);
  const Vec even = horner(z, set(2.443315711809948E-5f), -1.388731625493765E-3f, 4.166664568298827E-2f);
  const Vec cosine = hn::Add(hn::MulAdd(hn::Mul(even, z), z, hn::Mul(z, set(-0.5f))), set(1));
  const Vec odd = horner(z, set(-1.9515295891E-4f), 8.3321608736E-3f, -1.6666654611E-1f);
  const Vec sine = hn::MulAdd(hn::Mul(odd, z), x, x);

  const auto swapped = hn::MaskFromVec(hn::BitCast(floats, hn::VecFromMask(ints, hn::TestBit(octant, two))));
  const auto sin_sign = hn::ShiftLeft<29>(hn::And(octant, four));
  const auto cos_sign = hn::ShiftLeft<29>(hn::AndNot(hn::Sub(octant, two), four));
  sin = hn::Xor(hn::IfThenElse(swapped, cosine, sine), hn::BitCast(floats, sin_sign));
  cos = hn::Xor(hn::IfThenElse(swapped, sine, cosine), hn::BitCast(floats, cos_sign));
}

void transform(int64_t blocks, float mean, float std, float* data) {
  const Floats floats;
  const Vec deviation = set(std), centre = set(mean), two_pi = set(6.283185307179586f);
  const auto lanes = static_cast<int64_t>(hn::Lanes(floats));
  for (const float* const end = data + blocks * 16; data != end; data += 16) {
    for (int64_t i = 0; i < 8; i += lanes) {
      const Vec radius = hn::Sqrt(hn::Mul(set(-2), log(hn::Sub(set(1), hn::LoadU(floats, data + i)))));
      Vec sin, cos;
      sincos(hn::Mul(two_pi, hn::LoadU(floats, data + i + 8)), sin, cos);
      hn::StoreU(hn::MulAdd(hn::Mul(radius, cos), deviation, centre), floats, data + i);
      hn::StoreU(hn::MulAdd(hn::Mul(radius, sin), deviation, centre), floats, data + i + 8);
    }
  }
}
#else  // a vector MulAdd that rounds twice would give other bits
void transform(int64_t blocks, float mean, float std, float* data) { box_muller_scalar(blocks, mean, std, data); }
#endif

}  // namespace
}  // namespace okibi::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace okibi::kernels {

HWY_EXPORT(transform);

void box_muller(int64_t blocks, float mean, float std, float* data) {
  HWY_DYNAMIC_DISPATCH(transform)(blocks, mean, std, data);
}

}  // namespace okibi::kernels
#endif
