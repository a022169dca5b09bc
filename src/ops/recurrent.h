// ops/recurrent.h: recurrent networks, layer by layer: each direction of a layer is one or more nodes of the graph.
#pragma once

#include <functional>

#include "ops/op.h"

namespace okibi::ops {

// The parameters of one layer and direction: w_ih, w_hh, then b_ih and b_hh, then w_hr, of which some may be missing.
struct Weights {
  Tensor w_ih, w_hh, b_ih = {}, b_hh = {}, w_hr = {};
};

struct OneDirection {
  Tensor out, h, c;  // of all steps, and the last
};

// One layer in one direction: x (steps, batch, input), h0 (batch, state), c0 (batch, hidden). c is an LSTM's alone.
using RecurrentLayer = OneDirection (*)(const Tensor& x, const Tensor& h0, const Tensor& c0, const Weights& w,
                                        bool reverse);
OneDirection lstm_layer(const Tensor& x, const Tensor& h0, const Tensor& c0, const Weights& w, bool reverse);
OneDirection gru_layer(const Tensor& x, const Tensor& h0, const Tensor&, const Weights& w, bool reverse);
// h = tanh or relu of w_ih · x + b_ih + w_hh · h' + b_hh
OneDirection tanh_layer(const Tensor& x, const Tensor& h0, const Tensor&, const Weights& w, bool reverse);
OneDirection relu_layer(const Tensor& x, const Tensor& h0, const Tensor&, const Weights& w, bool reverse);

// All layers and directions. h0 and c0 (layers · directions, batch, size); c0 is undefined but for an LSTM. What `one`
// gives has the features last, and its other dimensions in common with x.
using RunDirection =
    std::function<OneDirection(const Tensor& x, const Tensor& h0, const Tensor& c0, const Weights& w, bool reverse)>;
Recurrent run_layers(Tensor x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
                     const RecurrentOptions& options, const RunDirection& one);

}  // namespace okibi::ops
