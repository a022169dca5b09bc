// ops/fourier.h: transforms of rows, as short-time transforms need them.
#pragma once

#include <okibi/tensor.h>

namespace okibi::ops {

// x (*, n) of real numbers → the first `bins` frequencies of each row, (*, bins, 2), times `scale`. It has a gradient.
Tensor spectra_of_rows(const Tensor& x, int64_t bins, double scale);
// Back: complex (*, bins), of which n / 2 + 1 are looked at, the half of a real signal's spectrum → (*, n).
Tensor rows_of_spectra(const Tensor& spectra, int64_t n, double scale);

}  // namespace okibi::ops
