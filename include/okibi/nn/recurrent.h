// okibi/nn/recurrent.h: LSTM and GRU.
//
//   nn::LSTM lstm(10, 20, {.num_layers = 2, .batch_first = true});
//   auto [y, state] = lstm(x);  // x (batch, steps, 10): y (batch, steps, 20), state.h and state.c (2, batch, 20)
//
// The input is (steps, batch, input_size), with batch_first (batch, steps, input_size), or of one sequence alone (steps,
// input_size); the states (num_layers · directions, batch, size), the batch missing where the input's is. An initial
// state that is not given is 0. All parameters begin uniform within ±1/√hidden_size; their names are PyTorch's:
// weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, for the way back weight_ih_l0_reverse …, then those of l1.
//
// Dropout falls between the layers and draws from the default generator, in training.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

struct GruOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
};
struct LstmOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  int64_t proj_size = 0;  // numbers that h is projected to (Sak et al. 2014), 0 for none
};

// Both, or neither. As a Value it is Python's tuple, or None.
struct LstmState {
  Tensor h = {}, c = {};
  static LstmState from(const Value& value);
  explicit operator Value() const { return Tuple{h, c}; }
};
struct GruState {
  Tensor h = {};
  static GruState from(const Value& value) { return {value.is_none() ? Tensor() : value.to_tensor()}; }
};

// What both have in common: their attributes and parameters.
class RecurrentLayer : public Module {
 protected:
  struct Shape {
    const char* mode;
    int64_t gates, input_size, hidden_size;
  };
  RecurrentLayer(const char* python_class, const Shape& shape, const LstmOptions& options);
  RecurrentLayer(const char* python_class, const char* mode);  // Unfilled
  // An input of one sequence alone is made a batch of one, and its outputs are made single again.
  bool is_alone(const Tensor& x) const;
  Tensor batched(const Tensor& x) const;
  Tensor without_batch(const Tensor& x, const Tensor& out, bool is_state) const;
  Tensor initial(const Tensor& given, const Tensor& x, int64_t size) const;
  std::vector<Tensor> weights() const;  // in PyTorch's order
  RecurrentOptions options() const;
};

class LSTM : public RecurrentLayer {
 public:
  LSTM(int64_t input_size, int64_t hidden_size, const LstmOptions& options = {});
  explicit LSTM(Unfilled);
  std::pair<Tensor, LstmState> forward(const Tensor& x, const LstmState& initial_state) const;
  std::pair<Tensor, LstmState> operator()(const Tensor& x, const LstmState& initial_state = {}) const {
    return forward(x, initial_state);
  }
};

class GRU : public RecurrentLayer {
 public:
  GRU(int64_t input_size, int64_t hidden_size, const GruOptions& options = {});
  explicit GRU(Unfilled);
  std::pair<Tensor, Tensor> forward(const Tensor& x, const GruState& initial_state) const;
  std::pair<Tensor, Tensor> operator()(const Tensor& x, const Tensor& h0 = {}) const { return forward(x, {h0}); }
};

}  // namespace okibi::nn
