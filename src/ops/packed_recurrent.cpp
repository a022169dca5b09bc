// Recurrent networks over one step, and over sequences of several lengths without their padding.
#include <fmt/format.h>

#include "ops/operands.h"
#include "ops/recurrent.h"

namespace okibi::ops {
namespace {

// ------------------------------------------------------------------------------------------------------------ one step

void check_ranks(const Tensor& x, std::span<const Tensor> states) {
  bool good = x.dim() == 2;
  for (const Tensor& state : states) good = good && state.dim() == 2;
  if (good) return;
  throw Error(ErrorKind::bad_argument,
              "a recurrent cell takes an input of (batch, input) and states of (batch, hidden)")
      .found(fmt::format("{} and {}", to_string(x.sizes()), to_string(states[0].sizes())));
}

// Biases are one thing to the layers: where only one is there, the other is zero.
Weights cell_weights(const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  const auto or_zeros = [](const Tensor& b, const Tensor& other) {
    return b.defined() || !other.defined() ? b : zeros(other.sizes(), {other.dtype()});
  };
  return {w_ih, w_hh, or_zeros(b_ih, b_hh), or_zeros(b_hh, b_ih)};
}

struct LstmCell {
  static constexpr std::string_view schema =
      "aten::lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> "
      "(Tensor, Tensor)";
  static std::array<Tensor, 2> compose(const Tensor& x, std::span<const Tensor> hx, const Tensor& w_ih,
                                       const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
    if (hx.size() != 2) {
      throw Error(ErrorKind::bad_argument, "lstm_cell expects two hidden states").found(uint64_t{hx.size()});
    }
    check_ranks(x, hx);
    const OneDirection one = lstm_layer(x.unsqueeze(0), hx[0], hx[1], cell_weights(w_ih, w_hh, b_ih, b_hh), false);
    return {one.h, one.c};
  }
};

template <RecurrentLayer layer>
struct Names;
#define OKIBI_RECURRENT(layer, word)                                                                                 \
  template <>                                                                                                        \
  struct Names<layer> {                                                                                              \
    static constexpr std::string_view cell =                                                                         \
        "aten::" word                                                                                                \
        "_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor";  \
    static constexpr std::string_view data =                                                                         \
        "aten::" word                                                                                                \
        ".data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float " \
        "dropout, bool train, bool bidirectional) -> (Tensor, Tensor)";                                              \
  };
OKIBI_RECURRENT(gru_layer, "gru")
OKIBI_RECURRENT(tanh_layer, "rnn_tanh")
OKIBI_RECURRENT(relu_layer, "rnn_relu")
#undef OKIBI_RECURRENT

template <RecurrentLayer layer>
struct Cell {
  static constexpr std::string_view schema = Names<layer>::cell;
  static Tensor compose(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                        const Tensor& b_hh) {
    check_ranks(x, std::span(&h, 1));
    return layer(x.unsqueeze(0), h, {}, cell_weights(w_ih, w_hh, b_ih, b_hh), false).h;
  }
};

// -------------------------------------------------------------------------------------------------------- packed steps

// Steps that as many sequences have: (steps · batch) rows of the data.
struct Run {
  int64_t first_row, steps, batch;
  int64_t rows() const { return steps * batch; }
};

std::span<const int64_t> integers(const Tensor& tensor, const char* what) {
  if (tensor.dtype() != int64 || tensor.dim() != 1 || tensor.numel() == 0) {
    throw Error(ErrorKind::bad_argument, fmt::format("'{}' should be a 1D CPU int64 tensor, and not empty", what))
        .found(fmt::format("{} of sizes {}", name_of(tensor.dtype()), to_string(tensor.sizes())));
  }
  return {tensor.data<int64_t>(), static_cast<size_t>(tensor.numel())};
}

// How many sequences have a step never grows from one to the next.
std::vector<Run> runs_of(const Tensor& tensor, const Tensor& data) {
  const Tensor batch_sizes = tensor.contiguous();
  if (data.dim() < 1) throw Error(ErrorKind::bad_argument, "packed sequences have rows").found("a single number");
  std::vector<Run> runs;
  int64_t row = 0, step = 0;
  for (const int64_t batch : integers(batch_sizes, "batch_sizes")) {
    if (batch < 1 || (!runs.empty() && batch > runs.back().batch) || batch > data.size(0) - row) {
      throw Error(ErrorKind::bad_argument,
                  "batch_sizes of packed sequences are 1 or more, fall, and add up to the rows")
          .found(
              fmt::format("{} at step {}, when {} of {} rows are left", batch, step, data.size(0) - row, data.size(0)));
    }
    if (runs.empty() || batch < runs.back().batch) runs.push_back({row, 0, batch});
    ++runs.back().steps;
    row += batch, ++step;
  }
  if (row == data.size(0)) return runs;
  throw Error(ErrorKind::bad_argument, "batch_sizes of packed sequences must add up to the rows of their data")
      .expected(uint64_t(data.size(0)))
      .found(uint64_t(row));
}

// (rows, *) → (steps, batch, *)
Tensor steps_of(const Tensor& data, const Run& run) {
  Dims sizes = {run.steps, run.batch};
  for (size_t d = 1; d < data.sizes().size(); ++d) sizes.push_back(data.sizes()[d]);
  return data.narrow(0, run.first_row, run.rows()).reshape(sizes);
}

Tensor joined(const std::vector<Tensor>& parts, int64_t dim) {
  return parts.size() == 1 ? parts[0] : okibi::cat(parts, dim);
}
Tensor first_rows(const Tensor& state, int64_t n) { return state.defined() ? state.narrow(0, 0, n) : state; }

// The states of a batch while its sequences end, or begin.
struct States {
  Tensor h, c;
  std::vector<Tensor> ended_h = {}, ended_c = {};  // of those that were last, the later ended the later

  void keep(int64_t n) {
    if (n == h.size(0)) return;
    const int64_t gone = h.size(0) - n;
    ended_h.push_back(h.narrow(0, n, gone));
    if (c.defined()) ended_c.push_back(c.narrow(0, n, gone));
    h = first_rows(h, n), c = first_rows(c, n);
  }
  void grow(const Tensor& h0, const Tensor& c0, int64_t n) {
    const int64_t have = h.size(0);
    if (n == have) return;
    h = okibi::cat({h, h0.narrow(0, have, n - have)}, 0);
    if (c.defined()) c = okibi::cat({c, c0.narrow(0, have, n - have)}, 0);
  }
  static Tensor whole(const Tensor& last, const std::vector<Tensor>& ended) {
    std::vector<Tensor> parts = {last};
    parts.insert(parts.end(), ended.rbegin(), ended.rend());
    return joined(parts, 0);
  }
};

// One direction of a layer: run after run, each with the states of those sequences that it has.
OneDirection run_packed(const Tensor& data, const std::vector<Run>& runs, const Tensor& h0, const Tensor& c0,
                        const Weights& w, bool reverse, RecurrentLayer layer) {
  std::vector<Tensor> outs(runs.size());
  const int64_t first = (reverse ? runs.back() : runs.front()).batch;
  States states{first_rows(h0, first), first_rows(c0, first)};
  for (size_t i = 0; i < runs.size(); ++i) {
    const size_t at = reverse ? runs.size() - 1 - i : i;
    if (reverse)
      states.grow(h0, c0, runs[at].batch);
    else
      states.keep(runs[at].batch);
    const OneDirection one = layer(steps_of(data, runs[at]), states.h, states.c, w, reverse);
    outs[at] = one.out.reshape({runs[at].rows(), one.out.size(2)});
    states.h = one.h, states.c = one.c;
  }
  return {joined(outs, 0), States::whole(states.h, states.ended_h),
          states.c.defined() ? States::whole(states.c, states.ended_c) : Tensor()};
}

void check_batch(const Tensor& state, const std::vector<Run>& runs) {
  if (!state.defined() || (state.dim() == 3 && state.size(1) == runs[0].batch)) return;
  throw Error(ErrorKind::bad_argument, "the initial states of packed sequences are those of all of them")
      .expected(fmt::format("(layers, {}, size)", runs[0].batch))
      .found(to_string(state.sizes()));
}

Recurrent run_all_packed(const Tensor& data, const Tensor& batch_sizes, const Tensor& h0, const Tensor& c0,
                         std::span<const Tensor> params, const RecurrentOptions& options, RecurrentLayer layer) {
  if (data.dim() != 2) {
    throw Error(ErrorKind::bad_argument, "packed sequences for a recurrent layer are (rows, input)")
        .found(to_string(data.sizes()));
  }
  const std::vector<Run> runs = runs_of(batch_sizes, data);
  check_batch(h0, runs);
  check_batch(c0, runs);
  return run_layers(data, h0, c0, params, options,
                    [&](const Tensor& x, const Tensor& h, const Tensor& c, const Weights& w, bool reverse) {
                      return run_packed(x, runs, h, c, w, reverse, layer);
                    });
}

struct LstmData {
  static constexpr std::string_view schema =
      "aten::lstm.data(Tensor data, Tensor batch_sizes, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, "
      "float dropout, bool train, bool bidirectional) -> (Tensor, Tensor, Tensor)";
  static std::array<Tensor, 3> compose(const Tensor& data, const Tensor& batch_sizes, std::span<const Tensor> hx,
                                       std::span<const Tensor> params, bool biases, int64_t layers, double dropout,
                                       bool train, bool bidirectional) {
    if (hx.size() != 2)
      throw Error(ErrorKind::bad_argument, "lstm expects two hidden states").found(uint64_t{hx.size()});
    const RecurrentOptions options{layers, biases, dropout, train, bidirectional};
    const Recurrent r = run_all_packed(data, batch_sizes, hx[0], hx[1], params, options, lstm_layer);
    return {r.out, r.h, r.c};
  }
};

template <RecurrentLayer layer>
struct Packed {
  static constexpr std::string_view schema = Names<layer>::data;
  static std::array<Tensor, 2> compose(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                       std::span<const Tensor> params, bool biases, int64_t layers, double dropout,
                                       bool train, bool bidirectional) {
    const RecurrentOptions options{layers, biases, dropout, train, bidirectional};
    const Recurrent r = run_all_packed(data, batch_sizes, hx, {}, params, options, layer);
    return {r.out, r.h};
  }
};

// ------------------------------------------------------------------------------------------------ packing and padding

void check_lengths(std::span<const int64_t> lengths, int64_t steps, int64_t batch) {
  if (static_cast<int64_t>(lengths.size()) != batch) {
    throw Error(ErrorKind::bad_argument, "Expected `len(lengths)` to be equal to batch_size")
        .expected(uint64_t(batch))
        .found(uint64_t{lengths.size()});
  }
  for (size_t i = 0; i < lengths.size(); ++i) {
    const int64_t longest = i == 0 ? steps : lengths[i - 1];
    if (lengths[i] >= 1 && lengths[i] <= longest) continue;
    const char* sentence = lengths[i] < 1 ? "Length of all samples has to be greater than 0"
                           : i == 0
                               ? "a sequence is longer than the padded ones are"
                               : "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True";
    throw Error(ErrorKind::bad_argument, sentence)
        .expected(fmt::format("1 to {}", longest))
        .found(fmt::format("{} at sequence {}", lengths[i], i));
  }
}

struct PackPaddedSequence {
  static constexpr std::string_view schema =
      "aten::_pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first) -> (Tensor, Tensor)";
  static std::array<Tensor, 2> compose(const Tensor& input, const Tensor& all_lengths, bool batch_first) {
    if (input.dim() < 2 || input.numel() == 0) {
      throw Error(ErrorKind::bad_argument, "Cannot pack empty tensors.").found(to_string(input.sizes()));
    }
    const Tensor x = batch_first ? input.transpose(0, 1) : input, kept = all_lengths.contiguous();
    const std::span<const int64_t> lengths = integers(kept, "lengths");
    check_lengths(lengths, x.size(0), x.size(1));
    std::vector<Tensor> parts;
    const Tensor batch_sizes = empty({lengths[0]}, {int64});
    int64_t step = 0;
    for (int64_t batch = x.size(1); batch > 0; --batch) {  // the steps that so many have, and no more
      const int64_t end = lengths[static_cast<size_t>(batch - 1)];
      if (end == step) continue;
      parts.push_back(x.narrow(0, step, end - step).narrow(1, 0, batch).flatten(0, 1));
      std::fill(batch_sizes.data<int64_t>() + step, batch_sizes.data<int64_t>() + end, batch);
      step = end;
    }
    return {okibi::cat(parts, 0), batch_sizes};
  }
};

// (steps, batch, *) of `number`, with the other sizes of `like`.
Tensor filled(const Tensor& like, int64_t steps, int64_t batch, const Value& number) {
  Dims sizes = like.sizes();
  sizes[0] = steps, sizes[1] = batch;
  return number_tensor(number, like.dtype()).expand(sizes);
}

Tensor lengths_of(const std::vector<Run>& runs) {
  const Tensor lengths = zeros({runs[0].batch}, {int64});
  for (const Run& run : runs) {
    for (int64_t i = 0; i < run.batch; ++i) lengths.data<int64_t>()[i] += run.steps;
  }
  return lengths;
}

struct PadPackedSequence {
  static constexpr std::string_view schema =
      "aten::_pad_packed_sequence(Tensor data, Tensor batch_sizes, bool batch_first, Scalar padding_value, int "
      "total_length) -> (Tensor, Tensor)";
  static std::array<Tensor, 2> compose(const Tensor& data, const Tensor& batch_sizes, bool batch_first,
                                       const Value& padding_value, int64_t total_length) {
    const std::vector<Run> runs = runs_of(batch_sizes, data);
    const int64_t batch = runs[0].batch, steps = batch_sizes.numel();
    if (total_length > 0 && total_length < steps) {
      throw Error(ErrorKind::bad_argument,
                  "Expected total_length to be at least the length of the longest sequence in input")
          .expected(fmt::format("{} or more", steps))
          .found(uint64_t(total_length));
    }
    std::vector<Tensor> parts;
    for (const Run& run : runs) {
      parts.push_back(steps_of(data, run));
      if (run.batch == batch) continue;
      // Named: GCC 12 destroys a list's first element twice where the second throws within a choice.
      const Tensor rest = filled(parts.back(), run.steps, batch - run.batch, padding_value);
      parts.back() = okibi::cat({parts.back(), rest}, 1);
    }
    if (total_length > steps) parts.push_back(filled(parts[0], total_length - steps, batch, padding_value));
    const Tensor padded = okibi::cat(parts, 0);
    return {batch_first ? padded.transpose(0, 1) : padded, lengths_of(runs)};
  }
};

}  // namespace

std::span<const okibi::Op> packed_recurrent_ops() {
  static constexpr okibi::Op rows[] = {
      entry<LstmCell>(),           entry<Cell<gru_layer>>(),   entry<Cell<tanh_layer>>(),   entry<Cell<relu_layer>>(),
      entry<LstmData>(),           entry<Packed<gru_layer>>(), entry<Packed<tanh_layer>>(), entry<Packed<relu_layer>>(),
      entry<PackPaddedSequence>(), entry<PadPackedSequence>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

LstmState lstm_cell(const Tensor& x, const LstmState& state, const Tensor& weight_ih, const Tensor& weight_hh,
                    const Tensor& bias_ih, const Tensor& bias_hh) {
  const Tensor both[] = {state.h, state.c};
  auto [h, c] = ops::LstmCell::compose(x, both, weight_ih, weight_hh, bias_ih, bias_hh);
  return {h, c};
}
Tensor gru_cell(const Tensor& x, const Tensor& h, const Tensor& weight_ih, const Tensor& weight_hh,
                const Tensor& bias_ih, const Tensor& bias_hh) {
  return ops::Cell<ops::gru_layer>::compose(x, h, weight_ih, weight_hh, bias_ih, bias_hh);
}

PackedSequence pack_padded_sequence(const Tensor& x, const Tensor& lengths, bool batch_first) {
  auto [data, batch_sizes] = ops::PackPaddedSequence::compose(x, lengths, batch_first);
  return {data, batch_sizes};
}
Padded pad_packed_sequence(const PackedSequence& packed, bool batch_first, double padding_value, int64_t total_length) {
  auto [data, lengths] = ops::PadPackedSequence::compose(packed.data, packed.batch_sizes, batch_first,
                                                         ops::as_number(padding_value), total_length);
  return {data, lengths};
}

Recurrent lstm(const PackedSequence& x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
               const RecurrentOptions& options) {
  return ops::run_all_packed(x.data, x.batch_sizes, h0, c0, params, options, ops::lstm_layer);
}
Recurrent gru(const PackedSequence& x, const Tensor& h0, std::span<const Tensor> params,
              const RecurrentOptions& options) {
  return ops::run_all_packed(x.data, x.batch_sizes, h0, {}, params, options, ops::gru_layer);
}

}  // namespace okibi
