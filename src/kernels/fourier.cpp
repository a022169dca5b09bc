#include "kernels/fourier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace okibi::kernels {
namespace {

using Complex = std::complex<double>;

constexpr int64_t largest_radix = 61;  // beyond it a convolution is faster

// std's product looks for NaN, which makes it several times slower.
inline Complex times(Complex a, Complex b) noexcept {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// exp(-2πi · part / whole), with 0 <= part < whole
Complex on_circle(int64_t part, int64_t whole) {
  const double angle = 2 * std::numbers::pi * (static_cast<double>(part) / static_cast<double>(whole));
  return {std::cos(angle), -std::sin(angle)};
}

std::vector<int64_t> factors_of(int64_t n) {
  std::vector<int64_t> factors;
  for (const int64_t radix : {int64_t{4}, int64_t{2}, int64_t{3}}) {
    for (; n % radix == 0; n /= radix) factors.push_back(radix);
  }
  for (int64_t radix = 5; radix <= largest_radix; radix += 2) {
    for (; n % radix == 0; n /= radix) factors.push_back(radix);
  }
  if (n > 1) factors.clear();
  return factors;
}

// One pass: of `blocks` · radix · `stride` numbers, groups of `radix` are transformed and go where the next pass wants
// them. circle has n = blocks · radix · stride parts.
struct Pass {
  int64_t blocks, stride, n;
  const Complex* circle;
  const Complex* from;
  Complex* to;

  const Complex* in(int64_t block, int64_t part) const { return from + (part * blocks + block) * stride; }
  Complex* out(int64_t block, int64_t part, int64_t radix) const { return to + (block * radix + part) * stride; }
  Complex turn(int64_t block, int64_t part) const { return circle[block * part * stride]; }
};

void pass_of_two(const Pass& p) {
  for (int64_t block = 0; block < p.blocks; ++block) {
    const Complex *a = p.in(block, 0), *b = p.in(block, 1), w = p.turn(block, 1);
    Complex *u = p.out(block, 0, 2), *v = p.out(block, 1, 2);
    for (int64_t i = 0; i < p.stride; ++i) {
      u[i] = a[i] + b[i];
      v[i] = times(a[i] - b[i], w);
    }
  }
}

void pass_of_four(const Pass& p) {
  for (int64_t block = 0; block < p.blocks; ++block) {
    const Complex *a = p.in(block, 0), *b = p.in(block, 1), *c = p.in(block, 2), *d = p.in(block, 3);
    const Complex w1 = p.turn(block, 1), w2 = p.turn(block, 2), w3 = p.turn(block, 3);
    Complex* to = p.out(block, 0, 4);
    for (int64_t i = 0; i < p.stride; ++i) {
      const Complex even = a[i] + c[i], odd = b[i] + d[i], apart = a[i] - c[i], other = b[i] - d[i];
      const Complex turned = {other.imag(), -other.real()};  // · -i
      to[i] = even + odd;
      to[i + p.stride] = times(apart + turned, w1);
      to[i + 2 * p.stride] = times(even - odd, w2);
      to[i + 3 * p.stride] = times(apart - turned, w3);
    }
  }
}

void pass_of_any(const Pass& p, int64_t radix) {
  const int64_t step = p.n / radix;  // along the circle
  for (int64_t block = 0; block < p.blocks; ++block) {
    for (int64_t part = 0; part < radix; ++part) {
      Complex* to = p.out(block, part, radix);
      const Complex w = p.turn(block, part);
      for (int64_t i = 0; i < p.stride; ++i) {
        Complex sum = p.in(block, 0)[i];
        for (int64_t j = 1, at = part; j < radix; ++j, at = at + part < radix ? at + part : at + part - radix) {
          sum += times(p.in(block, j)[i], p.circle[at * step]);
        }
        to[i] = times(sum, w);
      }
    }
  }
}

}  // namespace

FourierPlan::FourierPlan(int64_t n) : n_(n), radices_(factors_of(n)) {
  const bool has_radices = n == 1 || !radices_.empty();
  circle_.reserve(static_cast<size_t>(n));
  if (has_radices) {
    for (int64_t j = 0; j < n; ++j) circle_.push_back(on_circle(j, n));
    return;
  }
  // j² modulo 2n, without its overflow: (j + 1)² = j² + 2j + 1.
  for (int64_t j = 0, square = 0; j < n; ++j) {
    circle_.push_back(on_circle(square, 2 * n));
    square = (square + 2 * j + 1) % (2 * n);
  }
  const auto length = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * n - 1)));
  padded_.emplace_back(length);
  wave_.assign(static_cast<size_t>(length), 0);
  for (int64_t j = 0; j < n; ++j) {
    const Complex one = std::conj(circle_[static_cast<size_t>(j)]) / static_cast<double>(length);
    wave_[static_cast<size_t>(j)] = one;
    if (j > 0) wave_[static_cast<size_t>(length - j)] = one;
  }
  std::vector<Complex> work(static_cast<size_t>(padded_[0].room()));
  padded_[0].transform(false, wave_.data(), work.data());
}

int64_t FourierPlan::room() const noexcept { return padded_.empty() ? n_ : padded_[0].size() + padded_[0].room(); }

void FourierPlan::by_radices(Complex* x, Complex* room) const {
  Complex *from = x, *to = room;
  int64_t rest = n_, stride = 1;
  for (const int64_t radix : radices_) {
    rest /= radix;
    const Pass pass{rest, stride, n_, circle_.data(), from, to};
    radix == 2 ? pass_of_two(pass) : radix == 4 ? pass_of_four(pass) : pass_of_any(pass, radix);
    stride *= radix;
    std::swap(from, to);
  }
  if (from != x) std::copy_n(from, n_, x);
}

// j·k = (j² + k² - (k - j)²) / 2 makes a convolution of the sum.
void FourierPlan::by_convolution(Complex* x, Complex* room) const {
  const FourierPlan& padded = padded_[0];
  Complex* const work = room + padded.size();
  for (int64_t j = 0; j < n_; ++j) room[j] = times(x[j], circle_[static_cast<size_t>(j)]);
  std::fill(room + n_, room + padded.size(), Complex());
  padded.transform(false, room, work);
  for (int64_t j = 0; j < padded.size(); ++j) room[j] = times(room[j], wave_[static_cast<size_t>(j)]);
  padded.transform(true, room, work);
  for (int64_t k = 0; k < n_; ++k) x[k] = times(room[k], circle_[static_cast<size_t>(k)]);
}

// The inverse is the forward one with real and imaginary parts exchanged on both sides.
void FourierPlan::transform(bool inverse, Complex* x, Complex* room) const {
  const auto exchange = [&] {
    for (int64_t i = 0; inverse && i < n_; ++i) x[i] = {x[i].imag(), x[i].real()};
  };
  exchange();
  padded_.empty() ? by_radices(x, room) : by_convolution(x, room);
  exchange();
}

RealFourierPlan::RealFourierPlan(int64_t n) : plan_(n % 2 == 0 ? n / 2 : n) {
  for (int64_t k = 0; n % 2 == 0 && k <= n / 2; ++k) circle_.push_back(on_circle(k, n));
  if (!circle_.empty()) circle_.back() = -1;  // exactly: the last frequency is real
}

// Of n = 2m numbers as m complex ones, z[j] = x[2j] + i·x[2j + 1], with the transform Z: p = Z[k] and q = conj(Z[m -
// k]) give (p + q) / 2 of the even numbers and (p - q) / 2i of the odd ones.
Complex RealFourierPlan::at_frequency(int64_t k, const Complex* z) const {
  if (circle_.empty()) return z[k];
  const int64_t m = plan_.size();
  const Complex p = z[k % m], q = std::conj(z[(m - k) % m]), apart = p - q;
  const Complex odd = times({apart.imag(), -apart.real()}, circle_[static_cast<size_t>(k)]);
  return (p + q + odd) * 0.5;
}

// Never two rows in one transform, as the real parts and the imaginary ones: a NaN in one, or much larger numbers,
// would be felt in the other.
template <class T>
void RealFourierPlan::transform(const T* x, int64_t bins, double scale, T* pairs, Complex* room) const {
  const int64_t size = plan_.size(), n = circle_.empty() ? size : 2 * size;
  for (int64_t j = 0; j < size; ++j) {
    room[j] = n == size ? Complex(static_cast<double>(x[j])) : Complex(x[2 * j], x[2 * j + 1]);
  }
  plan_.transform(false, room, room + size);
  for (int64_t k = 0; k < bins; ++k) {
    const bool is_mirrored = 2 * k > n;
    const Complex number = at_frequency(is_mirrored ? n - k : k, room) * scale;
    pairs[2 * k] = static_cast<T>(number.real());
    pairs[2 * k + 1] = static_cast<T>(is_mirrored ? -number.imag() : number.imag());
  }
}
template void RealFourierPlan::transform(const float*, int64_t, double, float*, Complex*) const;
template void RealFourierPlan::transform(const double*, int64_t, double, double*, Complex*) const;

}  // namespace okibi::kernels
