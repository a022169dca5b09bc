// kernels/fourier.h: discrete Fourier transforms of any length, computed in double.
//
// Lengths without large primes by mixed radices (Cooley and Tukey 1965), as in-order passes (Stockham); the others as
// convolutions of a power of two (Bluestein 1970): O(n log n) in any case.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace okibi::kernels {

// What transforms of one length have in common. Threads may share it.
class FourierPlan {
 public:
  explicit FourierPlan(int64_t n);
  int64_t size() const noexcept { return n_; }
  // How many numbers of room a transform needs.
  int64_t room() const noexcept;
  // x (n) becomes Σ x[j] · exp(∓2πi·j·k / n): minus forward, plus inverse. Nothing is divided by n.
  void transform(bool inverse, std::complex<double>* x, std::complex<double>* room) const;

 private:
  void by_radices(std::complex<double>* x, std::complex<double>* room) const;
  void by_convolution(std::complex<double>* x, std::complex<double>* room) const;

  int64_t n_;
  std::vector<int64_t> radices_;              // of n, or none where it has a large prime
  std::vector<std::complex<double>> circle_;  // exp(-2πi·j / n), or exp(-πi·j² / n) for a convolution
  std::vector<std::complex<double>> wave_;    // what is convolved with, transformed
  std::vector<FourierPlan> padded_;           // of the convolution; one or none
};

// Of n real numbers, in half of the time where n is even. Threads may share it.
class RealFourierPlan {
 public:
  explicit RealFourierPlan(int64_t n);
  int64_t room() const noexcept { return plan_.size() + plan_.room(); }
  // The first `bins` frequencies of x (n), of n, times `scale`, as pairs of real numbers. T is float or double.
  template <class T>
  void transform(const T* x, int64_t bins, double scale, T* pairs, std::complex<double>* room) const;

 private:
  std::complex<double> at_frequency(int64_t k, const std::complex<double>* z) const;

  FourierPlan plan_;                          // of n, or of n / 2
  std::vector<std::complex<double>> circle_;  // exp(-2πi·k / n) for k of [0, n / 2]; none where n is odd
};

}  // namespace okibi::kernels
