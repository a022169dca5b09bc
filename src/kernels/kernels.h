// Numeric loops over raw memory. They know no tensors and no tape: sizes come as numbers, outputs as pointers, and
// whoever calls has checked everything. All matrices are row-major. float and double unless it says otherwise.
//
// Every loop is bitwise repeatable for a given number of threads. All but the products that OpenBLAS does have the same
// bits for any number of threads, and on every CPU that can fuse a multiplication and an addition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace okibi::kernels {

// Tells OpenMP and BLAS, and parallel_for (which then runs on OpenMP's pool). Called by okibi::set_num_threads' users.
void use_threads(int threads);

// ---- matrix products: C (m, n) = A (m, k) · B (k, n) + beta · C, either factor possibly stored transposed.
// lda, ldb, ldc: elements from row to row as stored.
template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b,
          int64_t ldb, T beta, T* c, int64_t ldc);

// out (m, n) = x (m, k) · weight (n, k)ᵀ + bias (n); bias may be null.
template <class T>
void linear(int64_t m, int64_t n, int64_t k, const T* x, const T* weight, const T* bias, T* out);

// ---- elementwise, n elements, contiguous; out may be an input
template <class T>
void add(int64_t n, const T* a, const T* b, T alpha, T* out);  // a + alpha · b
template <class T>
void sub(int64_t n, const T* a, const T* b, T alpha, T* out);
template <class T>
void mul(int64_t n, const T* a, const T* b, T* out);
template <class T>
void div(int64_t n, const T* a, const T* b, T* out);
template <class T>
void scale(int64_t n, const T* a, T factor, T* out);  // factor · a
template <class T>
void relu(int64_t n, const T* x, T* out);  // NaN stays NaN
template <class T>
void relu_backward(int64_t n, const T* grad, const T* out, T* grad_in);  // grad where out > 0
template <class T>
void sigmoid(int64_t n, const T* x, T* out);
template <class T>
void sigmoid_backward(int64_t n, const T* grad, const T* out, T* grad_in);  // grad · out · (1 - out)
template <class T>
void apply_mask(int64_t n, const T* x, const bool* mask, T factor, T* out);  // mask ? x · factor : 0

// ---- activations: out = f(x); grad_in = grad · f'(x), of x, or of f(x) where the curve is tanh
enum class Curve : uint8_t {
  abs,
  tanh,
  leaky_relu,  // a: slope below 0
  elu,         // a: alpha, b: scale, c: input scale; also selu and celu
  gelu,
  gelu_tanh,
  silu,
  mish,
  hardsigmoid,
  hardswish,
  hardtanh,  // a: least, b: most; also relu6
  softplus,  // a: beta, b: threshold
  log_sigmoid,
};
struct Activation {
  Curve curve;
  double a = 0, b = 0, c = 0;
};
template <class T>
void activation(int64_t n, const Activation& f, const T* x, T* out);
template <class T>
void activation_backward(int64_t n, const Activation& f, const T* grad, const T* kept, T* grad_in);

// ---- softmax over the middle of x (outer, n, inner)
template <class T>
void softmax(int64_t outer, int64_t n, int64_t inner, const T* x, T* out);
template <class T>
void softmax_backward(int64_t outer, int64_t n, int64_t inner, const T* grad, const T* out, T* grad_in);
template <class T>
void log_softmax(int64_t outer, int64_t n, int64_t inner, const T* x, T* out);
template <class T>
void log_softmax_backward(int64_t outer, int64_t n, int64_t inner, const T* grad, const T* out, T* grad_in);
// log Σ exp(x) of each row of x (rows, n), in two parts that add up to it: out (rows, 2), the greatest x first.
template <class T>
void log_sums(int64_t rows, int64_t n, const T* x, T* out);
template <class T>
void softmax_times(int64_t rows, int64_t n, const T* x, const T* log_sums, const T* factor, T* out);  // a factor a row

// ---- normalising rows: x (rows, channels · inner). A row's numbers become (x - mean) · factor · weight + bias, with
// factor 1/√(variance + eps); weights and biases stand for each channel, those of row r from (r % groups) · channels
// on, and may be null. stats (rows, 2) holds each row's mean (0 where rows are not centred) and factor.
struct NormRows {
  int64_t rows, groups, channels, inner;
  bool centred;
  double eps;
  int64_t width() const noexcept { return channels * inner; }
};
template <class T>
void norm_rows(const NormRows& shape, const T* x, const T* weight, const T* bias, T* out, T* stats);
// Gradients that are not wanted are null.
template <class T>
void norm_rows_backward(const NormRows& shape, const T* stats, const T* grad, const T* x, const T* weight, T* grad_in,
                        T* by_weight, T* by_bias);

// ---- by channels: x (outer, channels, inner); all else has one number for each channel
struct Channels {
  int64_t outer, channels, inner;
  int64_t count() const noexcept { return outer * inner; }  // numbers of one channel
};
template <class T>
void channel_stats(const Channels& shape, const T* x, T* mean, T* square);  // square: Σ (x - mean)²
template <class T>
void channel_scale(const Channels& shape, const T* x, const T* mean, const T* factor, const T* shift,
                   T* out);  // (x - mean) · factor + shift
template <class T>
void channel_gradients(const Channels& shape, const T* grad, const T* x, const T* mean, T* sum,
                       T* dot);  // Σ grad and Σ grad · (x - mean)
template <class T>
void channel_backward(const Channels& shape, const T* grad, const T* x, const T* mean, const T* factor, const T* slope,
                      const T* shift, T* out);  // grad · factor + (x - mean) · slope + shift

// ---- reductions
template <class T>
T sum(int64_t n, const T* x);  // of 16 running sums in runs of up to 1024, pairwise above
template <class T>
T sum_of_squares(int64_t n, const T* x);  // in the same order
template <class T>
void sum_rows(int64_t rows, int64_t columns, const T* x, T* out);  // out (columns) = Σ over rows

// ---- losses of single numbers
struct PairLoss {
  enum Kind : uint8_t {
    squared,
    absolute,
    smooth_l1,        // a: beta
    huber,            // a: delta
    bce,              // of probabilities
    bce_with_logits,  // max(x, 0) - x·y + log(1 + exp(-|x|))
    kl_div,           // y·(log y - x)
    kl_div_of_logs,   // exp(y)·(y - x)
  };
  Kind kind;
  double a = 0;
};
// The loss of each x and its target y, and how it grows with x and with y. With `weight`, which only bce_with_logits
// has, what is true (y = 1) weighs that much.
template <class T>
void pair_loss(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out);
template <class T>
void pair_loss_by_input(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out);
template <class T>
void pair_loss_by_target(int64_t n, const PairLoss& loss, const T* x, const T* y, const T* weight, T* out);

// ---- rows of `bytes` bytes, whatever their elements are; strides in bytes
// out row i = table row ids[i]; the table's rows lie side by side. Indices were checked before.
template <class Index>
void gather_rows(std::span<const Index> ids, int64_t bytes, const std::byte* table, std::byte* out, int64_t out_stride);
void copy_rows(int64_t rows, int64_t bytes, const std::byte* from, int64_t from_stride, std::byte* to,
               int64_t to_stride);

// ---- optimizers: one parameter of n elements, in PyTorch's order of operations, in place. An array that the options
// leave out (momentum_buffer, max_exp_avg_sq, grad_avg) is null.
struct SgdStep {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first;
};
template <class T>
void sgd(int64_t n, const SgdStep& step, const T* grad, T* momentum_buffer, T* parameter);
// parameter (*, width)[ids[i]] += factor · grad (ids, width)[i], in the order of ids, whatever the number of threads.
template <class T>
void add_rows(std::span<const int64_t> ids, int64_t width, double factor, const T* grad, T* parameter);
struct AdamStep {
  double lr, beta1, beta2, eps, weight_decay, bias_correction1, bias_correction2_sqrt;
  bool maximize, decoupled = false;  // decoupled: the parameter itself decays (AdamW), not the gradient
};
template <class T>
void adam(int64_t n, const AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq, T* parameter);
// As PyTorch's SparseAdam rounds, and with its eps, which the correction of the bias does not touch. No weight decay.
template <class T>
void sparse_adam(int64_t n, const AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter);
struct AdagradStep {
  double lr, eps, weight_decay;
  bool maximize, sparse = false;  // sparse: rounded as PyTorch rounds rows of a sparse gradient
};
template <class T>
void adagrad(int64_t n, const AdagradStep& step, const T* grad, T* sum, T* parameter);
// (rows, width), sums (rows): sum += mean of grad² over the row; the row -= lr / (√sum + eps) · grad.
template <class T>
void rowwise_adagrad(int64_t rows, int64_t width, const AdagradStep& step, const T* grad, T* sums, T* parameter);
struct RmspropStep {
  double lr, alpha, eps, weight_decay, momentum;
  bool maximize;
};
template <class T>
void rmsprop(int64_t n, const RmspropStep& step, const T* grad, T* square_avg, T* momentum_buffer, T* grad_avg,
             T* parameter);

// The same for rows of a table that a sparse gradient touches (touched_rows.h), on the calling thread: each array holds
// the whole table's rows.
template <class T>
struct TouchedRows;
template <class T>
void sgd_rows(const TouchedRows<T>& rows, const SgdStep& step, T* momentum_buffer, T* parameter);
template <class T>
void adam_rows(const TouchedRows<T>& rows, const AdamStep& step, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq,
               T* parameter);
template <class T>
void sparse_adam_rows(const TouchedRows<T>& rows, const AdamStep& step, T* exp_avg, T* exp_avg_sq, T* parameter);
template <class T>
void adagrad_rows(const TouchedRows<T>& rows, const AdagradStep& step, T* sums, T* parameter);
template <class T>
void rmsprop_rows(const TouchedRows<T>& rows, const RmspropStep& step, T* square_avg, T* momentum_buffer, T* grad_avg,
                  T* parameter);
template <class T>
void rowwise_adagrad_rows(const TouchedRows<T>& rows, const AdagradStep& step, T* sums, T* parameter);

}  // namespace okibi::kernels
