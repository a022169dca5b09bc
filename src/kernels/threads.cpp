// One number of threads for OpenMP, BLAS and parallel_for, and one pool for the three.
#include <cblas.h>
#include <okibi/base.h>
#include <omp.h>

#include "base/parallel.h"
#include "kernels/kernels.h"

namespace okibi::kernels {
namespace {

void run_on_openmp(int64_t pieces, const std::function<void(int64_t)>& piece) {
#pragma omp parallel for schedule(static, 1) num_threads(static_cast <int>(pieces))
  for (int64_t index = 0; index < pieces; ++index) piece(index);
}

}  // namespace

void use_threads(int threads) {
  set_num_threads(threads);
  omp_set_num_threads(threads);
  openblas_set_num_threads(threads);
  parallel::set_backend(run_on_openmp);
}

}  // namespace okibi::kernels
