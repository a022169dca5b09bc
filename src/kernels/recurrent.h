// kernels/recurrent.h: one layer of a recurrent network in one direction, over all steps, and its gradient.
//
// The product of the input with the weights is one product for all steps; each step adds that of the state before. All
// is contiguous. A gradient's pointer is null where none is asked for, or none has come.
#pragma once

#include <cstdint>

namespace okibi::kernels {

struct Recurrence {
  int64_t steps, batch, input, hidden;
  int64_t state;  // numbers of h that go on to the next step: `hidden`, or those of an LSTM's projection
  bool reverse;   // from the last step to the first

  int64_t rows() const noexcept { return steps * batch; }
  int64_t step(int64_t i) const noexcept { return reverse ? steps - 1 - i : i; }  // which one is the i-th to be made
};

// Hochreiter and Schmidhuber 1997, with forget gates. Gates lie in the order i, f, g, o:
//   c = f · c' + i · g, h = o · tanh(c), or its projection
template <class T>
struct Lstm {
  const T *x, *h0, *c0;      // (steps, batch, input), (batch, state), (batch, hidden)
  const T *w_ih, *w_hh;      // (4 hidden, input), (4 hidden, state)
  const T *b_ih, *b_hh;      // (4 hidden), or null
  const T* w_hr;             // (state, hidden), or null
  T *out, *gates, *cells;    // (steps, batch, state), (steps, batch, 4 hidden), (steps, batch, hidden)
};
template <class T>
struct LstmGradients {
  const T *out, *c;          // of the outputs, and of the last c (batch, hidden)
  T *x, *h0, *c0, *w_ih, *w_hh, *b, *w_hr;  // b: of either bias
};
template <class T>
void lstm(const Recurrence& r, const Lstm<T>& l);
template <class T>
void lstm_backward(const Recurrence& r, const Lstm<T>& l, const LstmGradients<T>& g);

// Cho et al. 2014, as cuDNN and PyTorch have it. Gates lie in the order r, z, n:
//   n = tanh(x's n + r · h's n), h = n + z · (h' - n)
template <class T>
struct Gru {
  const T *x, *h0;
  const T *w_ih, *w_hh, *b_ih, *b_hh;  // (3 hidden, input), (3 hidden, hidden), (3 hidden)
  T *out, *gates, *h_n;                // (steps, batch, hidden), (steps, batch, 3 hidden), h's n (steps, batch, hidden)
};
template <class T>
struct GruGradients {
  const T* out;
  T *x, *h0, *w_ih, *w_hh, *b_ih, *b_hh;
};
template <class T>
void gru(const Recurrence& r, const Gru<T>& l);
template <class T>
void gru_backward(const Recurrence& r, const Gru<T>& l, const GruGradients<T>& g);

}  // namespace okibi::kernels
