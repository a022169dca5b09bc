// Every kernel once more, written to be obviously right: plain loops on one thread. Where a kernel promises an order of
// operations, this is that order, and the two must agree bit for bit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace okibi::reference {

// C = A · B + beta · C by plain sums in double or better: what any order of additions must come close to.
template <class T>
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b,
          int64_t ldb, T beta, T* c, int64_t ldc) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      long double sum = 0;
      for (int64_t p = 0; p < k; ++p) {
        sum += static_cast<long double>(transpose_a ? a[p * lda + i] : a[i * lda + p]) *
               (transpose_b ? b[j * ldb + p] : b[p * ldb + j]);
      }
      T& out = c[i * ldc + j];
      out = static_cast<T>(sum + (beta == 0 ? 0 : static_cast<long double>(beta) * out));
    }
  }
}

// One element of a product, in the order that kernels/product.cpp promises: chains of 128 fused additions.
template <class T>
T chained_dot(int64_t k, const T* x, int64_t x_step, const T* y, int64_t y_step, T begin) {
  T total = begin;
  for (int64_t block = 0; block < k; block += 128) {
    T sum = block == 0 ? begin : T(0);
    for (int64_t p = block; p < std::min(block + 128, k); ++p) sum = std::fma(x[p * x_step], y[p * y_step], sum);
    total = block == 0 ? sum : total + sum;
  }
  return total;
}

// 16 running sums, added up by halves.
template <class T>
T sum_run(int64_t n, const T* x) {
  T sums[16] = {};
  for (int64_t i = 0; i < n; ++i) sums[i % 16] += x[i];
  for (int half = 8; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}
template <class T>
T sum(int64_t n, const T* x) {
  return n <= 1024 ? sum_run(n, x) : sum(n / 2, x) + sum(n - n / 2, x + n / 2);
}

template <class T, class Index>
void embedding_backward(std::span<const Index> ids, int64_t rows, int64_t dim, int64_t padding, bool by_freq,
                        const T* grad, int64_t grad_stride, T* weight_grad) {
  std::vector<double> counts(static_cast<size_t>(rows));
  for (const Index id : ids) ++counts[static_cast<size_t>(id)];
  for (const Index id : ids) {
    const T share = by_freq ? static_cast<T>(1 / counts[static_cast<size_t>(id)]) : T(1);
    for (int64_t column = 0; column < dim && id != padding; ++column) {
      T& element = weight_grad[id * dim + column];
      element = std::fma(share, grad[column], element);
    }
    grad += grad_stride;
  }
}

template <class T>
void sgd(int64_t n, const kernels::SgdStep& step, const T* grad, T* momentum_buffer, T* parameter) {
  for (int64_t i = 0; i < n; ++i) {
    T g = step.maximize ? -grad[i] : grad[i];
    if (step.weight_decay != 0) g = std::fma(static_cast<T>(step.weight_decay), parameter[i], g);
    if (step.momentum != 0) {
      const T momentum = static_cast<T>(step.momentum);
      T& buffer = momentum_buffer[i];
      buffer = step.first ? g : std::fma(static_cast<T>(1 - step.dampening), g, buffer * momentum);
      g = step.nesterov ? std::fma(momentum, buffer, g) : buffer;
    }
    parameter[i] = std::fma(static_cast<T>(-step.lr), g, parameter[i]);
  }
}

template <class T>
T decayed(double decay, bool maximize, T grad, T parameter) {
  const T g = maximize ? -grad : grad;
  return decay != 0 ? std::fma(static_cast<T>(decay), parameter, g) : g;
}
template <class T>
T lerp(T from, T to, T weight) {
  return weight < T(0.5) ? std::fma(weight, to - from, from) : std::fma(weight - 1, to - from, to);
}

template <class T>
void adam(int64_t n, const kernels::AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* max_exp_avg_sq,
          T* parameter) {
  const T fresh1 = static_cast<T>(1 - step.beta1), fresh2 = static_cast<T>(1 - step.beta2);
  const T minus_step = static_cast<T>(-(step.lr / step.bias_correction1));
  for (int64_t i = 0; i < n; ++i) {
    if (step.decoupled) parameter[i] *= static_cast<T>(1 - step.lr * step.weight_decay);
    const T g = decayed(step.decoupled ? 0 : step.weight_decay, step.maximize, grad[i], parameter[i]);
    exp_avg[i] = lerp(exp_avg[i], g, fresh1);
    exp_avg_sq[i] = std::fma(fresh2 * g, g, exp_avg_sq[i] * static_cast<T>(step.beta2));
    if (max_exp_avg_sq != nullptr) max_exp_avg_sq[i] = std::max(max_exp_avg_sq[i], exp_avg_sq[i]);
    const T square = max_exp_avg_sq != nullptr ? max_exp_avg_sq[i] : exp_avg_sq[i];
    const T root = std::sqrt(square) / static_cast<T>(step.bias_correction2_sqrt);
    parameter[i] += minus_step * exp_avg[i] / (root + static_cast<T>(step.eps));
  }
}

template <class T>
void sparse_adam(int64_t n, const kernels::AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter) {
  const T size = static_cast<T>(step.lr * step.bias_correction2_sqrt / step.bias_correction1);
  for (int64_t i = 0; i < n; ++i) {
    const T g = step.maximize ? -grad[i] : grad[i];
    exp_avg[i] += (g - exp_avg[i]) * static_cast<T>(1 - step.beta1);
    exp_avg_sq[i] += (g * g - exp_avg_sq[i]) * static_cast<T>(1 - step.beta2);
    parameter[i] += -size * (exp_avg[i] / (std::sqrt(exp_avg_sq[i]) + static_cast<T>(step.eps)));
  }
}

template <class T>
void adagrad(int64_t n, const kernels::AdagradStep& step, const T* grad, T* sum, T* parameter) {
  for (int64_t i = 0; i < n; ++i) {
    const T g = decayed(step.weight_decay, step.maximize, grad[i], parameter[i]);
    sum[i] = step.sparse ? sum[i] + g * g : std::fma(g, g, sum[i]);
    parameter[i] += static_cast<T>(-step.lr) * g / (std::sqrt(sum[i]) + static_cast<T>(step.eps));
  }
}

// The sum of squares in double: the kernel's must come close to it.
template <class T>
void rowwise_adagrad(int64_t rows, int64_t width, const kernels::AdagradStep& step, const T* grad, T* sums,
                     T* parameter) {
  for (int64_t row = 0; row < rows; ++row, grad += width, parameter += width) {
    double squares = 0;
    std::vector<T> g;
    for (int64_t i = 0; i < width; ++i) g.push_back(decayed(step.weight_decay, step.maximize, grad[i], parameter[i]));
    for (const T each : g) squares += static_cast<double>(each) * each;
    sums[row] += static_cast<T>(squares / static_cast<double>(width));
    const double factor = step.lr / (std::sqrt(static_cast<double>(sums[row])) + step.eps);
    for (int64_t i = 0; i < width; ++i) parameter[i] -= static_cast<T>(factor * g[static_cast<size_t>(i)]);
  }
}

template <class T>
void rmsprop(int64_t n, const kernels::RmspropStep& step, const T* grad, T* square_avg, T* momentum_buffer,
             T* grad_avg, T* parameter) {
  const T alpha = static_cast<T>(step.alpha), fresh = static_cast<T>(1 - step.alpha);
  for (int64_t i = 0; i < n; ++i) {
    const T g = decayed(step.weight_decay, step.maximize, grad[i], parameter[i]);
    square_avg[i] = std::fma(fresh * g, g, square_avg[i] * alpha);
    if (grad_avg != nullptr) grad_avg[i] = lerp(grad_avg[i], g, fresh);
    const T variance = grad_avg != nullptr ? std::fma(-grad_avg[i], grad_avg[i], square_avg[i]) : square_avg[i];
    const T deviation = std::sqrt(variance) + static_cast<T>(step.eps);
    if (momentum_buffer == nullptr) {
      parameter[i] += static_cast<T>(-step.lr) * g / deviation;
    } else {
      momentum_buffer[i] = momentum_buffer[i] * static_cast<T>(step.momentum) + g / deviation;
      parameter[i] = std::fma(static_cast<T>(-step.lr), momentum_buffer[i], parameter[i]);
    }
  }
}

}  // namespace okibi::reference
