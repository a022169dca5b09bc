// Samples of Fourier transforms, and of arithmetic with complex numbers.
#pragma once

#include "samples_statistics.h"

namespace okibi::samples {

inline Tensor complex_some(Dims sizes, double shift = 0) {
  sizes.push_back(2);
  return find_op("aten::view_as_complex")->call(Arguments{some(sizes, shift)}).to_tensor();
}

inline Map fourier_operators() {
  const Value none;
  const Tensor z = complex_some({3, 5}), x = some({3, 5}), cube = complex_some({2, 3, 4}), whole = complex_some({2, 67});
  const std::vector<Arguments> along_one = {{z, none, -1, none},
                                            {z.t(), none, 0, "ortho"},
                                            {z, 8, 1, "forward"},
                                            {z, 3, -1, "backward"},
                                            {cube, none, 1, none},
                                            {cube.transpose(0, 2), 7, 1, none},
                                            {whole, none, 1, none},
                                            {x, none, 0, none},
                                            {x.to(float32), 12, 1, none},
                                            {ids({1, 2, 3}), none, 0, none},
                                            {complex_some({0, 3}), none, 1, none},
                                            {complex_some({1, 134}), none, -1, none}};
  const std::vector<Arguments> of_real = {{x, none, -1, none}, {x.t(), none, 0, "ortho"}, {x, 8, 1, "forward"}, {x, 3, -1, "backward"}, {some({2, 4, 3}).to(float32), 7, 1, none}, {some({2, 67}), none, 1, none}, {ids({1, 2, 3}), none, 0, none}};
  const std::vector<Arguments> two = {{cube, none, dims({-2, -1}), none}, {cube, dims({3, 5}), dims({0, 1}), "ortho"}, {cube.transpose(0, 2), dims({2, -1}), dims({-1, 0}), "forward"}};
  const std::vector<Arguments> two_real = {{some({2, 3, 4}), none, dims({-2, -1}), none}, {some({2, 3, 4}), dims({3, 5}), dims({0, 1}), "ortho"}};
  const std::vector<Arguments> many = {{cube, none, none, none}, {cube, dims({5}), none, "ortho"}, {cube, none, dims({0, 2}), "forward"}, {z, dims({2, -1}), none, none}};
  const std::vector<Arguments> many_real = {{some({2, 3, 4}), none, none, none}, {x, dims({4}), none, "ortho"}, {x, none, dims({1, 0}), "forward"}};
  const std::vector<Arguments> shifts = {{x, none}, {some({2, 4}), dims({1})}, {ids({1, 2, 3}), none}, {z, dims({0})}};
  Map all;
  for (const char* name : {"fft", "ifft", "irfft", "hfft"}) all[std::string("aten::fft_") + name] = along_one;
  for (const char* name : {"rfft", "ihfft"}) all[std::string("aten::fft_") + name] = of_real;
  for (const char* name : {"fft2", "ifft2", "irfft2", "hfft2"}) all[std::string("aten::fft_") + name] = two;
  for (const char* name : {"rfft2", "ihfft2"}) all[std::string("aten::fft_") + name] = two_real;
  for (const char* name : {"fftn", "ifftn", "irfftn", "hfftn"}) all[std::string("aten::fft_") + name] = many;
  for (const char* name : {"rfftn", "ihfftn"}) all[std::string("aten::fft_") + name] = many_real;
  for (const char* name : {"fftshift", "ifftshift"}) all[std::string("aten::fft_") + name] = shifts;
  return all;
}

inline Map complex_samples() {
  const Value none;
  const Tensor z = complex_some({2, 3}), other = complex_some({3}, 0.4), narrow = complex_some({2, 3}).to(complex64);
  const std::vector<Arguments> one = {{z}, {z.t()}, {narrow}};
  const Tensor window = some({8}, 3), spectra = complex_some({2, 5, 4});
  Map all = {
      {"aten::complex", {{some({2, 3}), some({3})}, {some({2}).to(float32), some({}).to(float32)}}},
      {"aten::polar", {{some({2, 3}), some({3})}}},
      {"aten::angle", {{z}, {some({2, 3})}, {odd_numbers().narrow(0, 0, 3)}, {ids({1, -1, 0})}, {truths()}}},
      {"aten::conj", {{z}, {some({2})}}},
      {"aten::_conj", {{z}}},
      {"aten::conj_physical", {{z}, {some({2})}}},
      {"aten::resolve_conj", {{z}}},
      {"aten::resolve_neg", {{z}}},
      {"aten::adjoint", {{z}, {some({2, 3, 4})}}},
      {"aten::mH", {{z}, {some({2, 3})}}},
      {"aten::mH.a", {{z}}},
      {"aten::matrix_H", {{z}}},
      {"aten::matrix_H.a", {{z}}},
      {"aten::add.Tensor", {{z, other, 1}, {z, other.to(complex64), 2}, {narrow, ids({1, 2, 3}), 1}}},
      {"aten::sub.Tensor", {{z, other, 1}, {z.t(), z.t(), 0.5}}},
      {"aten::mul.Tensor", {{z, other}, {narrow, narrow}, {z.t(), z.t()}}},
      {"aten::div.Tensor", {{z, other}, {narrow, narrow}}},
      {"aten::add.Scalar", {{z, 1.5, 1}, {z, Value(std::complex<double>(1, -2)), 1}}},
      {"aten::mul.Scalar", {{z, 1.5}, {narrow, Value(std::complex<double>(1, -2))}, {ids({1, 2}), Value(std::complex<double>(0, 2))}}},
      {"aten::sum", {{z, none}, {narrow.t(), none}}},
      {"aten::mean", {{z, none}}},
      {"aten::sum.dim_IntList", {{z, dims({1}), false, none}, {z.t(), dims({0}), true, none}, {complex_some({2, 3, 2}), dims({0, -1}), false, none}}},
      {"aten::mean.dim", {{z, dims({1}), false, none}}},
      {"aten::matmul", {{z, complex_some({3, 2})}, {complex_some({2, 2, 3}), complex_some({3})}, {narrow, narrow.t()}}},
      {"aten::eq.Tensor", {{z, z}, {z, other}}},
      {"aten::ne.Tensor", {{z, other}}},
      {"aten::istft",
       {{spectra, 8, none, none, window, true, false, none, none, false},
        {spectra, 8, 2, none, window, false, true, none, none, false},
        {spectra.select(0, 1), 8, 3, 8, none, true, false, true, 20, false},
        {complex_some({5, 4}), 5, 2, 4, some({4}, 3), true, false, false, 5, false},
        {spectra.to(complex64), 8, 2, none, none, true, false, none, 7, false}}},
  };
  for (const char* name : {"neg", "exp", "log", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "square", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh"}) {
    all[std::string("aten::") + name] = one;
  }
  return all;
}

inline Map fourier_samples() {
  Map all = fourier_operators();
  all.merge(complex_samples());
  return all;
}

}  // namespace okibi::samples
