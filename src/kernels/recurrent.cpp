#include "kernels/recurrent.h"

#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/scratch.h"

namespace okibi::kernels {
namespace {

template <class T>
Scratch<T> scratch(int64_t size) {
  return Scratch<T>(static_cast<size_t>(size));
}

template <class T>
Scratch<T> zeros(int64_t size) {
  Scratch<T> numbers = scratch<T>(size);
  std::fill_n(numbers.data(), size, T(0));
  return numbers;
}

template <class T>
void tanh(int64_t n, const T* x, T* out) {
  activation(n, {Curve::tanh}, x, out);
}

// out (rows, n) = or += x (rows, k) · wᵀ, w (n, k)
template <class T>
void times_transposed(int64_t rows, int64_t n, int64_t k, const T* x, const T* w, T beta, T* out) {
  gemm<T>(false, true, rows, n, k, x, k, w, k, beta, out, n);
}
// out (rows, k) = or += g (rows, n) · w (n, k)
template <class T>
void times(int64_t rows, int64_t n, int64_t k, const T* g, const T* w, T beta, T* out) {
  gemm<T>(false, false, rows, k, n, g, n, w, k, beta, out, k);
}
// out (n, k) = or += gᵀ · x, g (rows, n), x (rows, k)
template <class T>
void outer(int64_t rows, int64_t n, int64_t k, const T* g, const T* x, T beta, T* out) {
  gemm<T>(true, false, n, k, rows, g, n, x, k, beta, out, k);
}

// h or c before the i-th step.
template <class T>
const T* before(const Recurrence& r, int64_t i, int64_t width, const T* initial, const T* all) {
  return i == 0 ? initial : all + r.step(i - 1) * r.batch * width;
}

// Gradients of what multiplies the states before all steps: those are the first state, and all outputs but the last.
template <class T>
void outer_of_states(const Recurrence& r, int64_t n, const T* g, const T* h0, const T* out, T* grad_w) {
  const int64_t size = r.batch * r.state, wide = r.batch * n;
  outer<T>(r.batch, n, r.state, g + r.step(0) * wide, h0, T(0), grad_w);
  if (r.steps == 1) return;
  const int64_t rows = r.rows() - r.batch;
  outer<T>(rows, n, r.state, r.reverse ? g : g + wide, r.reverse ? out + size : out, T(1), grad_w);
}

template <class T>
void add_to(int64_t n, const T* x, T* sum) {
  for (int64_t i = 0; i < n; ++i) sum[i] += x[i];
}

// ---- LSTM

template <class T>
Scratch<T> sum_of_biases(int64_t n, const T* a, const T* b) {
  Scratch<T> sum = zeros<T>(n);
  if (a != nullptr) add<T>(n, a, b, T(1), sum.data());
  return sum;
}

// From sums to gates, in place, and the new c. One row of the batch.
template <class T>
void lstm_row(int64_t n, const T* c_before, T* gates, T* c) {
  sigmoid<T>(2 * n, gates, gates);
  tanh<T>(n, gates + 2 * n, gates + 2 * n);
  sigmoid<T>(n, gates + 3 * n, gates + 3 * n);
  const T *i = gates, *f = gates + n, *g = gates + 2 * n;
  for (int64_t j = 0; j < n; ++j) c[j] = f[j] * c_before[j] + i[j] * g[j];
}

// h (batch, hidden) = o · tanh(c)
template <class T>
void lstm_h(const Recurrence& r, const T* gates, const T* c, T* h) {
  const int64_t n = r.hidden;
  tanh<T>(r.batch * n, c, h);
  for (int64_t b = 0; b < r.batch; ++b) {
    const T* o = gates + b * 4 * n + 3 * n;
    for (int64_t j = 0; j < n; ++j) h[b * n + j] *= o[j];
  }
}

// One row: from the gradients of h and c to those of the gates' sums and of the c before.
template <class T>
void lstm_row_backward(int64_t n, const T* gates, const T* c_before, const T* tanh_c, const T* grad_h, T* grad_c,
                       T* grad_gates) {
  const T *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;
  for (int64_t j = 0; j < n; ++j) {
    const T dc = grad_c[j] + grad_h[j] * o[j] * (T(1) - tanh_c[j] * tanh_c[j]);
    grad_gates[j] = dc * g[j] * i[j] * (T(1) - i[j]);
    grad_gates[n + j] = dc * c_before[j] * f[j] * (T(1) - f[j]);
    grad_gates[2 * n + j] = dc * i[j] * (T(1) - g[j] * g[j]);
    grad_gates[3 * n + j] = grad_h[j] * tanh_c[j] * o[j] * (T(1) - o[j]);
    grad_c[j] = dc * f[j];
  }
}

template <class T>
void lstm_step_backward(const Recurrence& r, const Lstm<T>& l, int64_t i, const T* grad_h, T* grad_c, T* grad_gates,
                        T* tanh_c) {
  const int64_t n = r.hidden, at = r.step(i) * r.batch;
  const T* const c_before = before(r, i, n, l.c0, l.cells);
  tanh<T>(r.batch * n, l.cells + at * n, tanh_c);
  for (int64_t b = 0; b < r.batch; ++b) {
    lstm_row_backward<T>(n, l.gates + (at + b) * 4 * n, c_before + b * n, tanh_c + b * n, grad_h + b * n,
                         grad_c + b * n, grad_gates + (at + b) * 4 * n);
  }
}

// Of the projection's weight: grad_h (rows, state)ᵀ · h (rows, hidden), which is computed again.
template <class T>
void projection_backward(const Recurrence& r, const Lstm<T>& l, const T* grad_h, T* grad_w) {
  const int64_t n = r.batch * r.hidden;
  const Scratch<T> h = scratch<T>(r.steps * n);
  for (int64_t t = 0; t < r.steps; ++t) lstm_h<T>(r, l.gates + t * 4 * n, l.cells + t * n, h.data() + t * n);
  outer<T>(r.rows(), r.state, r.hidden, grad_h, h.data(), T(0), grad_w);
}

// ---- GRU

// One row: gates from the sums of x, in place, and those of h.
template <class T>
void gru_row(int64_t n, const T* of_h, const T* h_before, T* gates, T* h_n, T* h) {
  add_to(2 * n, of_h, gates);
  sigmoid<T>(2 * n, gates, gates);
  const T *r = gates, *z = gates + n;
  T* const candidate = gates + 2 * n;
  for (int64_t j = 0; j < n; ++j) {
    h_n[j] = of_h[2 * n + j];
    candidate[j] += r[j] * h_n[j];
  }
  tanh<T>(n, candidate, candidate);
  for (int64_t j = 0; j < n; ++j) h[j] = candidate[j] + z[j] * (h_before[j] - candidate[j]);
}

// One row: grad_h becomes that part of the gradient of the h before which does not go through the products.
template <class T>
void gru_row_backward(int64_t n, const T* gates, const T* h_n, const T* h_before, T* grad_h, T* of_x, T* of_h) {
  const T *r = gates, *z = gates + n, *c = gates + 2 * n;
  for (int64_t j = 0; j < n; ++j) {
    const T dn = grad_h[j] * (T(1) - z[j]) * (T(1) - c[j] * c[j]);
    of_h[j] = of_x[j] = dn * h_n[j] * r[j] * (T(1) - r[j]);
    of_h[n + j] = of_x[n + j] = grad_h[j] * (h_before[j] - c[j]) * z[j] * (T(1) - z[j]);
    of_x[2 * n + j] = dn;
    of_h[2 * n + j] = dn * r[j];
    grad_h[j] *= z[j];
  }
}

}  // namespace

template <class T>
void lstm(const Recurrence& r, const Lstm<T>& l) {
  const int64_t n = r.hidden;
  const Scratch<T> bias = sum_of_biases(4 * n, l.b_ih, l.b_hh);
  linear<T>(r.rows(), 4 * n, r.input, l.x, l.w_ih, bias.data(), l.gates);
  const Scratch<T> whole_h = scratch<T>(l.w_hr != nullptr ? r.batch * n : 0);
  for (int64_t i = 0; i < r.steps; ++i) {
    const int64_t at = r.step(i) * r.batch;
    T *const gates = l.gates + at * 4 * n, *const c = l.cells + at * n, *const out = l.out + at * r.state;
    times_transposed<T>(r.batch, 4 * n, r.state, before(r, i, r.state, l.h0, l.out), l.w_hh, T(1), gates);
    const T* const c_before = before(r, i, n, l.c0, l.cells);
    for (int64_t b = 0; b < r.batch; ++b) lstm_row<T>(n, c_before + b * n, gates + b * 4 * n, c + b * n);
    lstm_h<T>(r, gates, c, l.w_hr != nullptr ? whole_h.data() : out);
    if (l.w_hr != nullptr) times_transposed<T>(r.batch, r.state, n, whole_h.data(), l.w_hr, T(0), out);
  }
}

template <class T>
void lstm_backward(const Recurrence& r, const Lstm<T>& l, const LstmGradients<T>& g) {
  const int64_t n = r.hidden, size = r.batch * r.state;
  const Scratch<T> grad_gates = scratch<T>(r.rows() * 4 * n), tanh_c = scratch<T>(r.batch * n);
  const Scratch<T> grad_c = zeros<T>(r.batch * n), grad_before = zeros<T>(size);
  const Scratch<T> grad_out = scratch<T>(r.steps * size), whole = scratch<T>(l.w_hr != nullptr ? r.batch * n : 0);
  if (g.c != nullptr) std::copy_n(g.c, r.batch * n, grad_c.data());
  for (int64_t i = r.steps; i-- > 0;) {
    T* const grad_h = grad_out.data() + r.step(i) * size;  // what came from outside, and from the next step
    std::copy_n(grad_before.data(), size, grad_h);
    if (g.out != nullptr) add_to(size, g.out + r.step(i) * size, grad_h);
    if (l.w_hr != nullptr) times<T>(r.batch, r.state, n, grad_h, l.w_hr, T(0), whole.data());
    lstm_step_backward<T>(r, l, i, l.w_hr != nullptr ? whole.data() : grad_h, grad_c.data(), grad_gates.data(),
                          tanh_c.data());
    times<T>(r.batch, 4 * n, r.state, grad_gates.data() + r.step(i) * r.batch * 4 * n, l.w_hh, T(0),
             grad_before.data());
  }
  if (g.x != nullptr) times<T>(r.rows(), 4 * n, r.input, grad_gates.data(), l.w_ih, T(0), g.x);
  if (g.h0 != nullptr) std::copy_n(grad_before.data(), size, g.h0);
  if (g.c0 != nullptr) std::copy_n(grad_c.data(), r.batch * n, g.c0);
  if (g.w_ih != nullptr) outer<T>(r.rows(), 4 * n, r.input, grad_gates.data(), l.x, T(0), g.w_ih);
  if (g.w_hh != nullptr) outer_of_states<T>(r, 4 * n, grad_gates.data(), l.h0, l.out, g.w_hh);
  if (g.b != nullptr) sum_rows<T>(r.rows(), 4 * n, grad_gates.data(), g.b);
  if (g.w_hr != nullptr) projection_backward<T>(r, l, grad_out.data(), g.w_hr);
}

template <class T>
void gru(const Recurrence& r, const Gru<T>& l) {
  const int64_t n = r.hidden;
  linear<T>(r.rows(), 3 * n, r.input, l.x, l.w_ih, l.b_ih, l.gates);
  const Scratch<T> of_h = scratch<T>(r.batch * 3 * n);
  for (int64_t i = 0; i < r.steps; ++i) {
    const T* const h_before = before(r, i, n, l.h0, l.out);
    linear<T>(r.batch, 3 * n, n, h_before, l.w_hh, l.b_hh, of_h.data());
    for (int64_t b = 0; b < r.batch; ++b) {
      const int64_t row = r.step(i) * r.batch + b;
      gru_row<T>(n, of_h.data() + b * 3 * n, h_before + b * n, l.gates + row * 3 * n, l.h_n + row * n, l.out + row * n);
    }
  }
}

template <class T>
void gru_backward(const Recurrence& r, const Gru<T>& l, const GruGradients<T>& g) {
  const int64_t n = r.hidden, size = r.batch * n;
  const Scratch<T> of_x = scratch<T>(r.rows() * 3 * n), of_h = scratch<T>(r.rows() * 3 * n), grad_h = zeros<T>(size);
  for (int64_t i = r.steps; i-- > 0;) {
    const int64_t at = r.step(i) * r.batch;
    if (g.out != nullptr) add_to(size, g.out + at * n, grad_h.data());
    const T* const h_before = before(r, i, n, l.h0, l.out);
    for (int64_t b = 0; b < r.batch; ++b) {
      const int64_t row = at + b;
      gru_row_backward<T>(n, l.gates + row * 3 * n, l.h_n + row * n, h_before + b * n, grad_h.data() + b * n,
                          of_x.data() + row * 3 * n, of_h.data() + row * 3 * n);
    }
    times<T>(r.batch, 3 * n, n, of_h.data() + at * 3 * n, l.w_hh, T(1), grad_h.data());
  }
  if (g.x != nullptr) times<T>(r.rows(), 3 * n, r.input, of_x.data(), l.w_ih, T(0), g.x);
  if (g.h0 != nullptr) std::copy_n(grad_h.data(), size, g.h0);
  if (g.w_ih != nullptr) outer<T>(r.rows(), 3 * n, r.input, of_x.data(), l.x, T(0), g.w_ih);
  if (g.w_hh != nullptr) outer_of_states<T>(r, 3 * n, of_h.data(), l.h0, l.out, g.w_hh);
  if (g.b_ih != nullptr) sum_rows<T>(r.rows(), 3 * n, of_x.data(), g.b_ih);
  if (g.b_hh != nullptr) sum_rows<T>(r.rows(), 3 * n, of_h.data(), g.b_hh);
}

template void lstm(const Recurrence&, const Lstm<float>&);
template void lstm(const Recurrence&, const Lstm<double>&);
template void lstm_backward(const Recurrence&, const Lstm<float>&, const LstmGradients<float>&);
template void lstm_backward(const Recurrence&, const Lstm<double>&, const LstmGradients<double>&);
template void gru(const Recurrence&, const Gru<float>&);
template void gru(const Recurrence&, const Gru<double>&);
template void gru_backward(const Recurrence&, const Gru<float>&, const GruGradients<float>&);
template void gru_backward(const Recurrence&, const Gru<double>&, const GruGradients<double>&);

}  // namespace okibi::kernels
