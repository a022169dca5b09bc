// Fourier transforms: lengths of every kind against the sum that they stand for, there and back, and what is refused.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/fourier.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

Value call(std::string_view name, std::vector<Value> arguments) { return find_op(name)->call(arguments); }
Tensor computed(std::string_view name, std::vector<Value> arguments) {
  return call(name, std::move(arguments)).to_tensor();
}

using Numbers = std::vector<std::complex<double>>;

Numbers signal(int64_t n) {
  Numbers x;
  for (int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<double>(i);
    x.emplace_back(std::sin(at * at + 1), std::cos(3 * at));
  }
  return x;
}
Numbers transformed(Numbers x, bool inverse) {
  const kernels::FourierPlan plan(static_cast<int64_t>(x.size()));
  Numbers room(static_cast<size_t>(plan.room()));
  plan.transform(inverse, x.data(), room.data());
  return x;
}
Numbers summed(const Numbers& x) {
  const size_t n = x.size();
  Numbers out(n);
  for (size_t k = 0; k < n; ++k) {
    for (size_t j = 0; j < n; ++j) {
      const double angle = -2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
      out[k] += x[j] * std::polar(1.0, angle);
    }
  }
  return out;
}
double apart(const Numbers& a, const Numbers& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double distance = std::abs(a[i] - b[i]);
    if (std::isnan(distance)) return distance;  // which no maximum shows
    most = std::max(most, distance);
  }
  return most;
}

TEST(FourierPlan, IsTheSumForEveryLength) {
  for (int64_t n = 1; n <= 130; ++n) EXPECT_LE(apart(transformed(signal(n), false), summed(signal(n))), 1e-11) << n;
  for (const int64_t n : {256, 360, 487, 1009, 2 * 67 * 5, 61 * 61, 2048}) {
    EXPECT_LE(apart(transformed(signal(n), false), summed(signal(n))), 1e-9) << n;
  }
}

TEST(FourierPlan, GoesThereAndBack) {
  for (const int64_t n : {1, 2, 12, 67, 97, 100'003, 131'072}) {
    Numbers back = transformed(transformed(signal(n), false), true);
    for (auto& number : back) number /= static_cast<double>(n);
    EXPECT_LE(apart(back, signal(n)), 1e-10) << n;
  }
}

TEST(Spectra, OfRealNumbersAreThoseOfComplexOnes) {
  for (int64_t n = 1; n <= 70; ++n) {
    const kernels::RealFourierPlan plan(n);
    std::vector<double> x, pairs(static_cast<size_t>(2 * n));
    for (const auto& number : signal(n)) x.push_back(number.real());
    Numbers room(static_cast<size_t>(plan.room())), found;
    plan.transform(x.data(), n, 2.0, pairs.data(), room.data());
    for (size_t k = 0; k < x.size(); ++k) found.emplace_back(pairs[2 * k] / 2, pairs[2 * k + 1] / 2);
    EXPECT_LE(apart(found, summed(Numbers(x.begin(), x.end()))), 1e-11) << n;
    if (n % 2 == 0) {
      EXPECT_EQ(found[static_cast<size_t>(n / 2)].imag(), 0) << n;
    }
  }
}

// Neither a NaN nor large numbers of one row may be seen in another.
TEST(Spectra, OfRowsDoNotMix) {
  const Tensor both = tensor({{1.0, 2.0, 3.0, 5.0}, {NAN, 0.0, 0.0, 0.0}}, float64);
  const Tensor pairs = computed("aten::view_as_real", {computed("aten::fft_rfft", {both, nullptr, -1, nullptr})});
  EXPECT_LE(max_abs_difference(pairs.select(0, 0), tensor({{11.0, 0.0}, {-2.0, 3.0}, {-3.0, 0.0}}, float64)), 1e-14);
  const Tensor small = tensor({{1.0, 2.0, 3.0, 5.0}, {1e-18, 0.0, 0.0, 0.0}}, float64);
  const Tensor spectrum = computed("aten::view_as_real", {computed("aten::fft_rfft", {small, nullptr, -1, nullptr})});
  EXPECT_LE(max_abs_difference(spectrum.select(0, 1).select(-1, 0), full({3}, 1e-18, {float64})), 1e-32);
  const Value none;
  const Tensor frames = computed("aten::stft", {both, 4, 4, none, none, false, true, false, none});
  EXPECT_FALSE(std::isnan(sum(frames.select(0, 0)).item<double>()));
}

TEST(Spectra, OfRealSignalsComeBack) {
  const Tensor x = rand({3, 9, 7});
  const Tensor spectrum = computed("aten::fft_rfftn", {x, nullptr, nullptr, nullptr});
  EXPECT_EQ(spectrum.sizes(), (Dims{3, 9, 4}));
  const Tensor back = computed("aten::fft_irfftn", {spectrum, List{3, 9, 7}, nullptr, nullptr});
  EXPECT_LE(max_abs_difference(back, x), 1e-6);
}

TEST(Spectra, OfShortTimesComeBackAndHaveGradients) {
  const Tensor window = computed("aten::sigmoid", {rand({16}, {float64})});
  const Tensor x = rand({2, 40}, {float64}).requires_grad_();
  const auto spectra_of = [&](const Tensor& signal) {
    return computed("aten::stft.center",
                    {signal, 16, 5, nullptr, window, true, "constant", true, nullptr, false, nullptr});
  };
  const Tensor pairs = spectra_of(x);
  const NoGrad no_grad;
  const Tensor spectra = computed("aten::view_as_complex", {pairs.detach().contiguous()});
  const Tensor back = computed("aten::istft", {spectra, 16, 5, nullptr, window, true, true, nullptr, 40, false});
  EXPECT_LE(max_abs_difference(back.narrow(1, 0, 35), x.detach().narrow(1, 0, 35)), 1e-12);

  pairs.backward(pairs.detach());  // of half the sum of squares
  for (const int64_t i : {0, 7, 39}) {
    const Tensor above = x.detach().clone(), below = x.detach().clone();
    above.data<double>()[i] += 1e-5;
    below.data<double>()[i] -= 1e-5;
    const double slope = (sum(square(spectra_of(above))) - sum(square(spectra_of(below)))).item<double>() / 4e-5;
    EXPECT_NEAR(x.grad().data<double>()[i], slope, 1e-7);
  }
}

TEST(Spectra, SayWhatTheyRefuse) {
  const Tensor x = zeros({3});
  const auto fft = [](const Tensor& signal, Value n, int64_t dim, Value norm) {
    return computed("aten::fft_fft", {signal, n, dim, norm});
  };
  expect_error(ErrorKind::bad_argument, "Invalid number of data points (0) specified", [&] { fft(x, 0, 0, nullptr); });
  expect_error(ErrorKind::bad_argument, "Invalid number of data points (0) specified", [&] {
    fft(zeros({2, 0}), nullptr, 1, nullptr);
  });
  expect_error(ErrorKind::limit, "a signal is longer than any transform",
               [&] { fft(x, int64_t{1} << 40, 0, nullptr); });
  expect_error(ErrorKind::limit, "a signal is longer than any transform", [&] {
    computed("aten::fft_irfft", {zeros({1}).expand({int64_t{1} << 62}), nullptr, 0, nullptr});
  });
  expect_error(ErrorKind::bad_argument, "Invalid number of data points (-2) specified", [&] {
    computed("aten::fft_irfft", {zeros({2, 0}), nullptr, -1, nullptr});
  });
  expect_error(ErrorKind::out_of_range, "Dimension specified as -1 but tensor has no dimensions",
               [&] { fft(zeros({}), nullptr, -1, nullptr); });
  expect_error(ErrorKind::bad_argument, "Invalid normalization mode: \"x\"", [&] { fft(x, nullptr, 0, "x"); });
  expect_error(ErrorKind::unsupported, "gradients through complex numbers are not there yet",
               [&] { fft(x.clone().requires_grad_(), nullptr, 0, nullptr); });
  expect_error(ErrorKind::unsupported, "gradients through complex numbers are not there yet", [&] {
    computed("aten::fft_irfft", {x.clone().requires_grad_(), nullptr, 0, nullptr});
  });
  const Tensor z = computed("aten::complex", {x, x});
  expect_error(ErrorKind::bad_argument, "rfft expects a real input tensor, but got complex64", [&] {
    computed("aten::fft_rfft", {z, nullptr, -1, nullptr});
  });
  expect_error(ErrorKind::bad_argument, "FFT dims must be unique", [&] {
    computed("aten::fft_fftn", {zeros({2, 3}), nullptr, List{0, -2}, nullptr});
  });
  expect_error(ErrorKind::bad_argument, "rfftn must transform at least one axis", [&] {
    computed("aten::fft_rfftn", {zeros({2, 3}), nullptr, List{}, nullptr});
  });
  expect_error(ErrorKind::bad_argument, "istft requires a complex-valued input tensor", [&] {
    computed("aten::istft", {zeros({3, 4}), 4, nullptr, nullptr, nullptr, true, false, nullptr, nullptr, false});
  });
}

TEST(ComplexNumbers, HaveNoGradientsButSaySo) {
  const Tensor z = computed("aten::complex", {ones({2}), ones({2})});
  expect_error(ErrorKind::unsupported, "gradients through complex numbers are not there yet",
               [&] { mul(z, ones({2}).requires_grad_()); });
  const NoGrad no_grad;
  EXPECT_EQ(mul(z, ones({2}).requires_grad_()).dtype(), complex64);
  expect_error(ErrorKind::unsupported, "erf is not implemented for complex64", [&] { computed("aten::erf", {z}); });
  expect_error(ErrorKind::unsupported, "not implemented for complex64", [&] { lt(z, z); });
}

TEST(ComplexNumbers, OfRealOnesHaveNoGradientsEither) {
  const Tensor x = ones({2}).requires_grad_();
  for (const char* name : {"aten::complex", "aten::polar"}) {
    expect_error(ErrorKind::unsupported, "gradients through complex numbers are not there yet",
                 [&] { computed(name, {x, ones({2})}); });
  }
  const NoGrad no_grad;
  EXPECT_EQ(computed("aten::complex", {x, x}).dtype(), complex64);
}

TEST(ComplexNumbers, HaveAnAngleOfNaNWhereTheyAreNaN) {
  EXPECT_TRUE(std::isnan(computed("aten::angle", {tensor({NAN})}).item<double>()));
}

TEST(ComplexNumbers, AreConjugatedOnTheLeftOfAProductOfVectors) {
  const Tensor i = computed("aten::complex", {zeros({1}), ones({1})});
  for (const Tensor& product : {computed("aten::linalg_vecdot", {i, i, -1}), computed("aten::vdot", {i, i})}) {
    EXPECT_TRUE(equal(product.reshape({1}), computed("aten::complex", {ones({1}), zeros({1})})));
  }
  EXPECT_TRUE(equal(computed("aten::dot", {i, i}).reshape({1}), computed("aten::complex", {ones({1}) * -1, zeros({1})})));
}

TEST(ComplexNumbers, AreNoViewOfNumbersThatAreYetToBeNegated) {
  expect_error(ErrorKind::unsupported, "resolve_neg", [] {
    computed("aten::view_as_complex", {ones({3, 2}).neg_view()});
  });
}

}  // namespace
}  // namespace okibi
