// kernels/loops.h: the loops that are compiled once for each kind of CPU (Highway's foreach_target), as tables of
// functions. Which table is used is decided when it is asked for. They run on the calling thread; splitting is done
// above.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

namespace okibi::kernels {

template <class T>
struct ElementwiseLoops {
  void (*add)(int64_t n, const T* a, const T* b, T alpha, T* out);
  void (*mul)(int64_t n, const T* a, const T* b, T* out);
  void (*div)(int64_t n, const T* a, const T* b, T* out);
  void (*scale)(int64_t n, const T* a, T factor, T* out);
  void (*relu)(int64_t n, const T* x, T* out);
  void (*relu_backward)(int64_t n, const T* grad, const T* out, T* grad_in);
  void (*sigmoid)(int64_t n, const T* x, T* out);
  void (*sigmoid_backward)(int64_t n, const T* grad, const T* out, T* grad_in);
  void (*apply_mask)(int64_t n, const T* x, const bool* mask, T factor, T* out);
};

struct Activation;
template <class T>
struct ActivationLoops {
  void (*activation)(int64_t n, const Activation& f, const T* x, T* out);
  void (*activation_backward)(int64_t n, const Activation& f, const T* grad, const T* kept, T* grad_in);
};

// Of one row of n.
template <class T>
struct SoftmaxLoops {
  void (*softmax)(int64_t n, const T* x, T* out);
  void (*softmax_backward)(int64_t n, const T* grad, const T* out, T* grad_in);
  void (*log_softmax)(int64_t n, const T* x, T* out);
  void (*log_softmax_backward)(int64_t n, const T* grad, const T* out, T* grad_in);
  void (*log_sum)(int64_t n, const T* x, T* out);
  void (*softmax_times)(int64_t n, const T* x, const T* log_sum, T factor, T* out);
};

struct PairLoss;
template <class T>
struct LossLoops {
  void (*pair_loss)(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out);
  void (*pair_loss_by_input)(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out);
  void (*pair_loss_by_target)(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out);
};

// Of one row. stats: mean and factor.
template <class T>
struct NormLoops {
  void (*row_stats)(int64_t n, bool centred, double eps, const T* x, T* stats);
  void (*normalize)(int64_t n, const T* stats, const T* x, const T* weight, const T* bias, T* out);
  void (*normalize_scaled)(int64_t n, const T* stats, const T* x, T weight, T bias, T* out);
  void (*gradient_sums)(int64_t n, const T* stats, const T* grad, const T* x, const T* weight, T* sums);
  void (*normalize_backward)(int64_t n, const T* stats, const T* means, const T* grad, const T* x, const T* weight,
                             T* grad_in);
  void (*normalize_backward_scaled)(int64_t n, const T* stats, const T* means, const T* grad, const T* x, T weight,
                                    T* grad_in);
  void (*add_by_weight)(int64_t n, const T* stats, const T* grad, const T* x, T* by_weight, T* by_bias);
};

// Of columns (stride: from row to row), of one row of columns, or of a run of one channel's numbers.
template <class T>
struct BatchNormLoops {
  void (*column_stats)(int64_t rows, int64_t columns, int64_t stride, const T* x, T* mean, T* square);
  void (*column_gradients)(int64_t rows, int64_t columns, int64_t stride, const T* grad, const T* x, const T* mean,
                           T* sum, T* dot);
  void (*row_scaled)(int64_t columns, const T* x, const T* mean, const T* factor, const T* shift, T* out);
  void (*row_backward)(int64_t columns, const T* grad, const T* x, const T* mean, const T* factor, const T* slope,
                       const T* shift, T* out);
  void (*run_sums)(int64_t n, const T* x, T mean, T* sums);
  void (*run_gradients)(int64_t n, const T* grad, const T* x, T mean, T* sums);
  void (*run_scaled)(int64_t n, const T* x, T mean, T factor, T shift, T* out);
  void (*run_backward)(int64_t n, const T* grad, const T* x, T mean, T factor, T slope, T shift, T* out);
};

// Of channels [first, last), counted over all images (depthwise.h).
struct Convolution;
template <class T>
struct DepthwiseLoops {
  void (*depthwise)(const Convolution& c, int64_t first, int64_t last, const T* x, const T* weight, const T* bias,
                    T* out);
};

template <class T>
struct ReduceLoops {
  T (*sum)(int64_t n, const T* x);  // of a run short enough to be added up in one go
  T (*sum_of_squares)(int64_t n, const T* x);
  void (*sum_rows)(int64_t rows, int64_t columns, int64_t stride, const T* x, T* out);
};

// An optimizer's scalars, computed in double and rounded to T as PyTorch rounds them.
template <class T>
struct SgdScalars {
  T minus_lr, momentum, fresh, decay;
  bool nesterov, maximize, first;
};
template <class T>
struct AdamScalars {
  T minus_step, fresh1, beta2, fresh2, correction2, eps, decay, kept;
  bool maximize;
};
template <class T>
struct SparseAdamScalars {
  T minus_step, fresh1, fresh2, eps;
  bool maximize;
};
template <class T>
struct AdagradScalars {
  T minus_lr, eps, decay;
  bool sparse, maximize;
};
template <class T>
struct RmspropScalars {
  T minus_lr, alpha, fresh, momentum, eps, decay;
  bool maximize;
};
// The rows that one of several threads has for its own, spread evenly whichever rows come often.
struct RowShare {
  uint32_t part, parts;
  bool has(int64_t row) const noexcept {
    if (parts == 1) return true;
    const auto mixed = static_cast<uint32_t>((static_cast<uint64_t>(row) * 0x9E3779B97F4A7C15U) >> 32);  // Knuth, 6.4
    return (uint64_t{mixed} * parts) >> 32 == part;
  }
};
template <class T>
struct TouchedRows;
// Those of rows take `sum`, where they may write a row's gradient.
template <class T>
struct OptimizerLoops {
  void (*sgd)(int64_t n, const SgdScalars<T>& scalars, const T* grad, T* momentum_buffer, T* parameter);
  void (*add_rows)(std::span<const int64_t> ids, const RowShare& share, int64_t width, T factor, const T* grad,
                   T* parameter);
  void (*adam)(int64_t n, const AdamScalars<T>& scalars, const T* grad, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq,
               T* parameter);
  void (*sparse_adam)(int64_t n, const SparseAdamScalars<T>& scalars, const T* grad, T* exp_avg, T* exp_avg_sq,
                      T* parameter);
  void (*adagrad)(int64_t n, const AdagradScalars<T>& scalars, const T* grad, T* sum, T* parameter);
  void (*rmsprop)(int64_t n, const RmspropScalars<T>& scalars, const T* grad, T* square_avg, T* momentum_buffer,
                  T* grad_avg, T* parameter);
  void (*rowwise_adagrad)(int64_t width, const AdagradScalars<T>& scalars, const T* grad, T* sum, T* parameter);
  void (*sgd_rows)(const TouchedRows<T>& rows, T* sum, const SgdScalars<T>& scalars, T* momentum_buffer, T* parameter);
  void (*adam_rows)(const TouchedRows<T>& rows, T* sum, const AdamScalars<T>& scalars, T* exp_avg, T* exp_avg_sq,
                    T* max_exp_avg_sq, T* parameter);
  void (*sparse_adam_rows)(const TouchedRows<T>& rows, T* sum, const SparseAdamScalars<T>& scalars, T* exp_avg,
                           T* exp_avg_sq, T* parameter);
  void (*adagrad_rows)(const TouchedRows<T>& rows, T* sum, const AdagradScalars<T>& scalars, T* sums, T* parameter);
  void (*rmsprop_rows)(const TouchedRows<T>& rows, T* sum, const RmspropScalars<T>& scalars, T* square_avg,
                       T* momentum_buffer, T* grad_avg, T* parameter);
  void (*rowwise_adagrad_rows)(const TouchedRows<T>& rows, T* sum, const AdagradScalars<T>& scalars, T* sums,
                               T* parameter);
};

// C (m, n) = A (m, k) · B (k, n), begun with bias (n), with what stands in C, or with 0.
// A is at a[i · a_row + p · a_column]; B at b[p · b_row + j · b_column], one of whose strides is 1.
template <class T>
struct Product {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_column;
  const T* b;
  int64_t b_row, b_column;
  const T* bias;
  bool accumulate;
  T* c;
  int64_t c_row;
};
template <class T>
struct ProductLoops {
  void (*product)(const Product<T>& work);        // each element one chain of fused additions, in the order of k
  void (*matrix_vector)(const Product<T>& work);  // n = 1, and both factors contiguous along k
};
template <class T>
const ProductLoops<T>& product_loops();

}  // namespace okibi::kernels

// In a file that foreach_target has compiled for each kind of CPU, whose tables float_loops() and double_loops() give:
// loops<T>() is that of the CPU which runs.
#define OKIBI_LOOPS(Loops)                          \
  HWY_EXPORT(float_loops);                          \
  HWY_EXPORT(double_loops);                         \
  template <class T>                                \
  const Loops<T>& loops() {                         \
    if constexpr (std::is_same_v<T, float>) {       \
      return *HWY_DYNAMIC_DISPATCH(float_loops)();  \
    } else {                                        \
      return *HWY_DYNAMIC_DISPATCH(double_loops)(); \
    }                                               \
  }
