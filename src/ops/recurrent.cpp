// LSTM and GRU: one node of the graph for each layer and direction, over all steps.
#include "ops/recurrent.h"

#include <fmt/format.h>

#include "kernels/recurrent.h"
#include "ops/dispatch.h"

namespace okibi::ops {
namespace {

template <class T>
T* pointer(const Tensor& tensor) {
  return tensor.defined() ? tensor.data<T>() : nullptr;
}

Tensor whole(const Tensor& tensor) { return tensor.defined() ? tensor.contiguous() : tensor; }

void check_sizes(const Tensor& tensor, const Dims& expected, const Tensor& x, const char* what) {
  if (tensor.sizes() != expected) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} of a recurrent layer has the wrong sizes", what))
        .expected(to_string(expected))
        .found(to_string(tensor.sizes()));
  }
  if (tensor.dtype() == x.dtype()) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} of a recurrent layer has another dtype than its input", what))
      .expected(std::string(name_of(x.dtype())))
      .found(std::string(name_of(tensor.dtype())));
}

// x (steps, batch, input), h0 (batch, state), w_ih (gates · hidden, input)
kernels::Recurrence described(const Tensor& x, const Tensor& h0, int64_t hidden, bool reverse) {
  return {x.size(0), x.size(1), x.size(2), hidden, h0.size(1), reverse};
}

void check_recurrence(const Tensor& x, const Tensor& h0, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                      const Tensor& b_hh, int64_t gates, int64_t hidden) {
  if (x.size(0) == 0) throw Error(ErrorKind::bad_argument, "Expected sequence length to be larger than 0 in RNN");
  constexpr int64_t most = int64_t{1} << 20;  // of steps in which there is nothing, and which cost time all the same
  if (x.size(0) > most && (x.size(1) == 0 || hidden == 0)) {
    throw Error(ErrorKind::limit, "a recurrent layer has more empty steps than any").found(std::to_string(x.size(0)));
  }
  if (hidden >= int64_t{1} << 40) throw Error(ErrorKind::bad_argument, "a recurrent layer has too wide a state");
  check_sizes(h0, {x.size(1), h0.size(1)}, x, "the state h");
  check_sizes(w_ih, {gates * hidden, x.size(2)}, x, "weight_ih");
  check_sizes(w_hh, {gates * hidden, h0.size(1)}, x, "weight_hh");
  if (b_ih.defined() != b_hh.defined()) {
    throw Error(ErrorKind::bad_argument, "a recurrent layer has both biases, bias_ih and bias_hh, or none");
  }
  if (b_ih.defined()) check_sizes(b_ih, {gates * hidden}, x, "bias_ih");
  if (b_hh.defined()) check_sizes(b_hh, {gates * hidden}, x, "bias_hh");
}

Tensor like(const Tensor& tensor, bool needed) { return needed ? empty(tensor.sizes(), {tensor.dtype()}) : Tensor(); }

// Outputs: h of all steps, the last c; and what backward needs, gates and c of all steps.
struct LstmLayer {
  static std::array<OutputSpec, 4> infer(const Tensor& x, const Tensor& h0, const Tensor& c0, const Tensor& w_ih,
                                         const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh, const Tensor& w_hr,
                                         bool) {
    const int64_t steps = x.size(0), batch = x.size(1), hidden = c0.size(1);
    check_recurrence(x, h0, w_ih, w_hh, b_ih, b_hh, 4, hidden);
    check_sizes(c0, {batch, hidden}, x, "the state c");
    if (w_hr.defined())
      check_sizes(w_hr, {h0.size(1), hidden}, x, "weight_hr");
    else
      check_sizes(h0, {batch, hidden}, x, "the state h");
    return {OutputSpec{{steps, batch, h0.size(1)}, x.dtype()}, OutputSpec{{batch, hidden}, x.dtype()},
            OutputSpec{{steps, batch, 4 * hidden}, x.dtype()}, OutputSpec{{steps, batch, hidden}, x.dtype()}};
  }
  static void forward(const Tensor& x, const Tensor& h0, const Tensor& c0, const Tensor& w_ih, const Tensor& w_hh,
                      const Tensor& b_ih, const Tensor& b_hh, const Tensor& w_hr, bool reverse, const Tensor& out,
                      const Tensor& c, const Tensor& gates, const Tensor& cells) {
    const Tensors all{{whole(x), whole(h0), whole(c0), whole(w_ih), whole(w_hh), whole(b_ih), whole(b_hh), whole(w_hr),
                       out, gates, cells}};
    const kernels::Recurrence r = described(x, h0, c0.size(1), reverse);
    dispatch_floating(x.dtype(), "lstm", [&]<class T>() { kernels::lstm<T>(r, pointers<T>(all)); });
    c.copy_(cells.select(0, r.step(r.steps - 1)));
  }

  static constexpr const char* backward_name = "LstmBackward0";
  static constexpr size_t gradients_of = 2;
  using Saved = std::tuple<std::array<SavedTensor, 11>, bool>;
  static Saved save(const Tensor& x, const Tensor& h0, const Tensor& c0, const Tensor& w_ih, const Tensor& w_hh,
                    const Tensor& b_ih, const Tensor& b_hh, const Tensor& w_hr, bool reverse, const Tensor& out,
                    const Tensor&, const Tensor& gates, const Tensor& cells) {
    std::array<SavedTensor, 11> saved;
    const Tensor* const inputs[] = {&x, &h0, &c0, &w_ih, &w_hh, &b_ih, &b_hh, &w_hr};
    for (size_t i = 0; i < 8; ++i) {
      if (inputs[i]->defined()) saved[i] = SavedTensor::input(*inputs[i]);
    }
    const Tensor* const outputs[] = {&out, &gates, &cells};
    for (size_t i = 0; i < 3; ++i) saved[8 + i] = SavedTensor::output(*outputs[i]);
    return {std::move(saved), reverse};
  }
  static std::array<Tensor, 8> backward(std::span<const Tensor> gradients, const Saved& saved, const Edges& edges) {
    const auto& [kept, reverse] = saved;
    Tensors all;
    for (size_t i = 0; i < all.size(); ++i) all[i] = kept[i].defined() ? whole(kept[i].get()) : Tensor();
    std::array<Tensor, 8> made;
    for (size_t i = 0; i < made.size(); ++i) made[i] = like(all[i], edges.needed(i));
    const bool of_b = made[5].defined() || made[6].defined();
    if (of_b && !made[5].defined()) made[5] = like(all[5], true);
    const Tensor of_out = whole(gradients[0]), of_c = whole(gradients[1]);
    const kernels::Recurrence r = described(all[0], all[1], all[2].size(1), reverse);
    dispatch_floating(all[0].dtype(), "lstm", [&]<class T>() {
      kernels::lstm_backward<T>(
          r, pointers<T>(all),
          {pointer<T>(of_out), pointer<T>(of_c), pointer<T>(made[0]), pointer<T>(made[1]), pointer<T>(made[2]),
           pointer<T>(made[3]), pointer<T>(made[4]), pointer<T>(made[5]), pointer<T>(made[7])});
    });
    if (edges.needed(6)) made[6] = edges.needed(5) ? made[5].clone() : made[5];
    return made;
  }

 private:
  // x, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, out, gates, cells
  using Tensors = std::array<Tensor, 11>;
  template <class T>
  static kernels::Lstm<T> pointers(const Tensors& t) {
    return {pointer<T>(t[0]), pointer<T>(t[1]), pointer<T>(t[2]), pointer<T>(t[3]), pointer<T>(t[4]), pointer<T>(t[5]),
            pointer<T>(t[6]), pointer<T>(t[7]), pointer<T>(t[8]), pointer<T>(t[9]), pointer<T>(t[10])};
  }
};

// Outputs: h of all steps; and for backward the gates and what of h goes into n.
struct GruLayer {
  static std::array<OutputSpec, 3> infer(const Tensor& x, const Tensor& h0, const Tensor& w_ih, const Tensor& w_hh,
                                         const Tensor& b_ih, const Tensor& b_hh, bool) {
    const int64_t steps = x.size(0), batch = x.size(1), hidden = h0.size(1);
    check_recurrence(x, h0, w_ih, w_hh, b_ih, b_hh, 3, hidden);
    return {OutputSpec{{steps, batch, hidden}, x.dtype()}, OutputSpec{{steps, batch, 3 * hidden}, x.dtype()},
            OutputSpec{{steps, batch, hidden}, x.dtype()}};
  }
  static void forward(const Tensor& x, const Tensor& h0, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                      const Tensor& b_hh, bool reverse, const Tensor& out, const Tensor& gates, const Tensor& h_n) {
    const Tensors all{{whole(x), whole(h0), whole(w_ih), whole(w_hh), whole(b_ih), whole(b_hh), out, gates, h_n}};
    const kernels::Recurrence r = described(x, h0, h0.size(1), reverse);
    dispatch_floating(x.dtype(), "gru", [&]<class T>() { kernels::gru<T>(r, pointers<T>(all)); });
  }

  static constexpr const char* backward_name = "GruBackward0";
  using Saved = std::tuple<std::array<SavedTensor, 9>, bool>;
  static Saved save(const Tensor& x, const Tensor& h0, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                    const Tensor& b_hh, bool reverse, const Tensor& out, const Tensor& gates, const Tensor& h_n) {
    std::array<SavedTensor, 9> saved;
    const Tensor* const inputs[] = {&x, &h0, &w_ih, &w_hh, &b_ih, &b_hh};
    for (size_t i = 0; i < 6; ++i) {
      if (inputs[i]->defined()) saved[i] = SavedTensor::input(*inputs[i]);
    }
    const Tensor* const outputs[] = {&out, &gates, &h_n};
    for (size_t i = 0; i < 3; ++i) saved[6 + i] = SavedTensor::output(*outputs[i]);
    return {std::move(saved), reverse};
  }
  static std::array<Tensor, 6> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [kept, reverse] = saved;
    Tensors all;
    for (size_t i = 0; i < all.size(); ++i) all[i] = kept[i].defined() ? whole(kept[i].get()) : Tensor();
    std::array<Tensor, 6> made;
    for (size_t i = 0; i < made.size(); ++i) made[i] = like(all[i], edges.needed(i));
    const Tensor of_out = whole(gradient);
    const kernels::Recurrence r = described(all[0], all[1], all[1].size(1), reverse);
    dispatch_floating(all[0].dtype(), "gru", [&]<class T>() {
      kernels::gru_backward<T>(r, pointers<T>(all),
                               {pointer<T>(of_out), pointer<T>(made[0]), pointer<T>(made[1]), pointer<T>(made[2]),
                                pointer<T>(made[3]), pointer<T>(made[4]), pointer<T>(made[5])});
    });
    return made;
  }

 private:
  // x, h0, w_ih, w_hh, b_ih, b_hh, out, gates, h_n
  using Tensors = std::array<Tensor, 9>;
  template <class T>
  static kernels::Gru<T> pointers(const Tensors& t) {
    return {pointer<T>(t[0]), pointer<T>(t[1]), pointer<T>(t[2]), pointer<T>(t[3]), pointer<T>(t[4]),
            pointer<T>(t[5]), pointer<T>(t[6]), pointer<T>(t[7]), pointer<T>(t[8])};
  }
};

// ---- all layers and directions

// How many parameters each layer and direction has.
struct Layout {
  bool biases, projection;
  size_t count() const { return 2 + (biases ? 2 : 0) + (projection ? 1 : 0); }
  Weights weights(std::span<const Tensor> params, size_t index) const {
    const auto part = params.subspan(index * count(), count());
    return {part[0], part[1], biases ? part[2] : Tensor(), biases ? part[3] : Tensor(),
            projection ? part.back() : Tensor()};
  }
};

// The h of the step that was made last.
Tensor last_of(const Tensor& out, bool reverse) { return out.select(0, reverse ? 0 : out.size(0) - 1); }

void check_state(const Tensor& state, size_t count, const char* what) {
  if (state.dim() == 3 && state.size(0) == static_cast<int64_t>(count)) return;
  throw Error(ErrorKind::bad_argument, fmt::format("the initial {} has one state for each layer and direction", what))
      .expected(fmt::format("({}, batch, size)", count))
      .found(to_string(state.sizes()));
}

// The number of layers and directions.
size_t check_counts(std::span<const Tensor> params, const Layout& layout, const RecurrentOptions& options) {
  if (options.num_layers < 1) throw Error(ErrorKind::bad_argument, "a recurrent layer has one layer or more");
  const uint64_t directions = options.bidirectional ? 2 : 1;
  const uint64_t count = checked_mul(static_cast<uint64_t>(options.num_layers), directions, "the recurrent layers");
  if (params.size() / layout.count() >= count) return count;
  throw Error(ErrorKind::bad_argument, "a recurrent layer has too few weights for its layers and directions")
      .expected(fmt::format("{} for each", layout.count()))
      .found(uint64_t{params.size()});
}

// x (steps, batch, input)
Recurrent run_all(const Tensor& input, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
                  const RecurrentOptions& options, RecurrentLayer layer) {
  if (input.dim() != 3) {
    throw Error(ErrorKind::bad_argument, "a recurrent layer takes (steps, batch, input)")
        .found(to_string(input.sizes()));
  }
  Recurrent r = run_layers(options.batch_first ? input.transpose(0, 1) : input, h0, c0, params, options, layer);
  if (options.batch_first) r.out = r.out.transpose(0, 1);
  return r;
}

}  // namespace

Recurrent run_layers(Tensor x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
                     const RecurrentOptions& options, const RunDirection& one) {
  const Layout layout{options.biases, c0.defined() && c0.dim() == 3 && h0.dim() == 3 && h0.size(2) != c0.size(2)};
  const size_t count = check_counts(params, layout, options), directions = options.bidirectional ? 2 : 1;
  check_state(h0, count, "h");
  if (c0.defined()) check_state(c0, count, "c");
  pool::Vector<Tensor> h, c;
  while (h.size() < count) {
    pool::Vector<Tensor> outs;
    for (size_t direction = 0; direction < directions; ++direction) {
      const auto index = static_cast<int64_t>(h.size());
      const OneDirection made = one(x, h0.select(0, index), c0.defined() ? c0.select(0, index) : c0,
                                    layout.weights(params, h.size()), direction == 1);
      outs.push_back(made.out);
      h.push_back(made.h);
      if (made.c.defined()) c.push_back(made.c);
    }
    x = outs.size() == 1 ? outs[0] : okibi::cat(outs, -1);
    if (h.size() < count) x = okibi::dropout(x, options.dropout, options.training);
  }
  return {x, okibi::stack(h), c.empty() ? Tensor() : okibi::stack(c)};
}

OneDirection lstm_layer(const Tensor& x, const Tensor& h0, const Tensor& c0, const Weights& w, bool reverse) {
  auto [out, c, gates, cells] = call_all<LstmLayer>(x, h0, c0, w.w_ih, w.w_hh, w.b_ih, w.b_hh, w.w_hr, reverse);
  return {out, last_of(out, reverse), c};
}

OneDirection gru_layer(const Tensor& x, const Tensor& h0, const Tensor&, const Weights& w, bool reverse) {
  const Tensor out = call<GruLayer>(x, h0, w.w_ih, w.w_hh, w.b_ih, w.b_hh, reverse);
  return {out, last_of(out, reverse), {}};
}

namespace {

OneDirection plain_layer(const Tensor& x, const Tensor& h0, const Weights& w, bool reverse,
                         Tensor (*bend)(const Tensor&)) {
  check_recurrence(x, h0, w.w_ih, w.w_hh, w.b_ih, w.b_hh, 1, h0.size(1));
  const Tensor of_x = okibi::linear(x, w.w_ih, w.b_ih);
  std::vector<Tensor> outs(static_cast<size_t>(x.size(0)));
  Tensor h = h0;
  for (int64_t i = 0; i < x.size(0); ++i) {
    const int64_t step = reverse ? x.size(0) - 1 - i : i;
    h = bend(of_x.select(0, step) + okibi::linear(h, w.w_hh, w.b_hh));
    outs[static_cast<size_t>(step)] = h;
  }
  return {okibi::stack(outs), h, {}};
}

}  // namespace

OneDirection tanh_layer(const Tensor& x, const Tensor& h0, const Tensor&, const Weights& w, bool reverse) {
  return plain_layer(x, h0, w, reverse, okibi::tanh);
}
OneDirection relu_layer(const Tensor& x, const Tensor& h0, const Tensor&, const Weights& w, bool reverse) {
  return plain_layer(x, h0, w, reverse, okibi::relu);
}

namespace {

struct Lstm {
  static constexpr std::string_view schema =
      "aten::lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, "
      "bool "
      "train, bool bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& x, std::span<const Tensor> hx, std::span<const Tensor> params,
                                       bool biases, int64_t layers, double dropout, bool train, bool bidirectional,
                                       bool batch_first) {
    if (hx.size() != 2)
      throw Error(ErrorKind::bad_argument, "lstm expects two hidden states").found(uint64_t{hx.size()});
    const Recurrent r =
        okibi::lstm(x, hx[0], hx[1], params, {layers, biases, dropout, train, bidirectional, batch_first});
    return {r.out, r.h, r.c};
  }
};

struct Gru {
  static constexpr std::string_view schema =
      "aten::gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool "
      "train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)";
  static std::array<Tensor, 2> compose(const Tensor& x, const Tensor& hx, std::span<const Tensor> params, bool biases,
                                       int64_t layers, double dropout, bool train, bool bidirectional,
                                       bool batch_first) {
    const Recurrent r = okibi::gru(x, hx, params, {layers, biases, dropout, train, bidirectional, batch_first});
    return {r.out, r.h};
  }
};

template <RecurrentLayer layer>
constexpr std::string_view plain_schema = {};
template <>
constexpr std::string_view plain_schema<tanh_layer> =
    "aten::rnn_tanh.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, "
    "bool "
    "train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)";
template <>
constexpr std::string_view plain_schema<relu_layer> =
    "aten::rnn_relu.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, "
    "bool "
    "train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)";

template <RecurrentLayer layer>
struct Plain {
  static constexpr std::string_view schema = plain_schema<layer>;
  static std::array<Tensor, 2> compose(const Tensor& x, const Tensor& hx, std::span<const Tensor> params, bool biases,
                                       int64_t layers, double dropout, bool train, bool bidirectional,
                                       bool batch_first) {
    const RecurrentOptions options{layers, biases, dropout, train, bidirectional, batch_first};
    const Recurrent r = run_all(x, hx, {}, params, options, layer);
    return {r.out, r.h};
  }
};

// All layers are one operation to whoever listens.
Recurrent run_alone(const Tensor& x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
                    const RecurrentOptions& options, RecurrentLayer layer) {
  const trace::Pause pause;
  return run_all(x, h0, c0, params, options, layer);
}

template <class Op, size_t n>
void note_recurrent(const Tensor& x, const auto& hx, std::span<const Tensor> params, const RecurrentOptions& o,
                    const std::array<Tensor, n>& outputs) {
  note<Op>(outputs, x, hx, params, o.biases, o.num_layers, o.dropout, o.training, o.bidirectional, o.batch_first);
}

}  // namespace

std::span<const okibi::Op> recurrent_ops() {
  static constexpr okibi::Op rows[] = {entry<Lstm>(), entry<Gru>(), entry<Plain<tanh_layer>>(),
                                       entry<Plain<relu_layer>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Recurrent lstm(const Tensor& x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
               const RecurrentOptions& options) {
  const Recurrent r = ops::run_alone(x, h0, c0, params, options, ops::lstm_layer);
  if (trace::listener()) [[unlikely]]
    ops::note_recurrent<ops::Lstm>(x, std::vector{h0, c0}, params, options, std::array{r.out, r.h, r.c});
  return r;
}
Recurrent gru(const Tensor& x, const Tensor& h0, std::span<const Tensor> params, const RecurrentOptions& options) {
  const Recurrent r = ops::run_alone(x, h0, {}, params, options, ops::gru_layer);
  if (trace::listener()) [[unlikely]]
    ops::note_recurrent<ops::Gru>(x, h0, params, options, std::array{r.out, r.h});
  return r;
}

}  // namespace okibi
