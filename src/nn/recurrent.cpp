#include <fmt/format.h>

#include <cmath>

#include "nn/initial.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* lstm_class = "torch.nn.modules.rnn.LSTM";
constexpr const char* gru_class = "torch.nn.modules.rnn.GRU";

// Where each attribute stands in the row of src/nn/layer_table.cpp.
enum Place : size_t { hidden_place = 2, layers_place, bias_place, batch_first_place, dropout_place, both_ways_place };

// More layers than any network has; their number comes from files, too.
constexpr int64_t most_layers = 1 << 16;

void check(int64_t hidden_size, const LstmOptions& options) {
  if (!(options.dropout >= 0 && options.dropout <= 1)) {
    throw_bad("dropout should be a number in range [0, 1] representing the probability of an element being zeroed",
              fmt::format("{}", options.dropout));
  }
  if (hidden_size <= 0) throw_bad("hidden_size must be greater than zero", std::to_string(hidden_size));
  if (options.num_layers <= 0 || options.num_layers > most_layers)
    throw_bad("num_layers must be greater than zero", std::to_string(options.num_layers));
  if (options.proj_size < 0)
    throw_bad("proj_size should be a positive integer or zero to disable projections",
              std::to_string(options.proj_size));
  if (options.proj_size >= hidden_size)
    throw_bad("proj_size has to be smaller than hidden_size", std::to_string(options.proj_size));
}

// The parameters of one layer and direction: names and sizes.
std::vector<std::pair<std::string, Dims>> parameters_of(int64_t gates, int64_t inputs, int64_t hidden,
                                                        const LstmOptions& options, const std::string& suffix) {
  const int64_t state = options.proj_size > 0 ? options.proj_size : hidden;
  std::vector<std::pair<std::string, Dims>> all{{"weight_ih" + suffix, {gates * hidden, inputs}},
                                                {"weight_hh" + suffix, {gates * hidden, state}}};
  if (options.bias) {
    all.emplace_back("bias_ih" + suffix, Dims{gates * hidden});
    all.emplace_back("bias_hh" + suffix, Dims{gates * hidden});
  }
  if (options.proj_size > 0) all.emplace_back("weight_hr" + suffix, Dims{options.proj_size, hidden});
  return all;
}

}  // namespace

LstmState LstmState::from(const Value& value) {
  if (value.is_none()) return {};
  if (value.size() == 2) return {value[0].to_tensor(), value[1].to_tensor()};
  throw_bad("the state of an LSTM is a pair, h and c", std::to_string(value.size()));
}

RecurrentLayer::RecurrentLayer(const char* python_class, const Shape& shape, const LstmOptions& options)
    : Module(python_class) {
  check(shape.hidden_size, options);
  const double bound = 1 / std::sqrt(static_cast<double>(shape.hidden_size));
  const int64_t directions = options.bidirectional ? 2 : 1;
  const int64_t state = options.proj_size > 0 ? options.proj_size : shape.hidden_size;
  List names, by_direction;
  for (int64_t i = 0; i < options.num_layers * directions; ++i) {
    const int64_t layer = i / directions, inputs = layer == 0 ? shape.input_size : state * directions;
    const std::string suffix = fmt::format("_l{}{}", layer, i % directions == 0 ? "" : "_reverse");
    List own;
    for (const auto& [name, sizes] : parameters_of(shape.gates, inputs, shape.hidden_size, options, suffix)) {
      register_parameter(name, uniform(sizes, bound));
      names.push_back(name);
      own.push_back(name);
    }
    by_direction.push_back(own);
  }
  set_layer_attributes({shape.mode, shape.input_size, shape.hidden_size, options.num_layers, options.bias,
                        options.batch_first, options.dropout, options.bidirectional, options.proj_size, names,
                        by_direction});
}

RecurrentLayer::RecurrentLayer(const char* python_class, const char* mode) : Module(python_class) {
  set_layer_attributes({mode, 0, 0, 1, true, false, 0.0, false, 0, List(), List()});
}

std::vector<Tensor> RecurrentLayer::weights() const {
  std::vector<Tensor> all;
  for (const auto& [name, tensor] : ModuleAccess::state(*this).parameters) all.push_back(tensor);
  if (all.size() >= 2) return all;
  throw_bad("a recurrent layer has two weights or more", std::to_string(all.size()));
}

RecurrentOptions RecurrentLayer::options() const {
  const int64_t layers = attribute(layers_place).to_int();
  if (layers < 1 || layers > most_layers) throw_bad("num_layers must be greater than zero", std::to_string(layers));
  return {.num_layers = layers,
          .biases = attribute(bias_place).to_bool(),
          .dropout = attribute(dropout_place).to_double(),
          .training = is_training(),
          .bidirectional = attribute(both_ways_place).to_bool(),
          .batch_first = attribute(batch_first_place).to_bool()};
}

bool RecurrentLayer::is_alone(const Tensor& x) const {
  if (x.dim() == 2 || x.dim() == 3) return x.dim() == 2;
  throw_bad(fmt::format("{}: Expected input to be 2D or 3D", class_name()), fmt::format("{}D", x.dim()));
}

Tensor RecurrentLayer::batched(const Tensor& x) const {
  if (!is_alone(x)) return x;
  return x.unsqueeze(options().batch_first ? 0 : 1);
}

// Without one it is 0, (layers · directions, batch, size).
Tensor RecurrentLayer::initial(const Tensor& given, const Tensor& x, int64_t size) const {
  if (given.defined()) return is_alone(x) && given.dim() == 2 ? given.unsqueeze(1) : given;
  const RecurrentOptions all = options();
  const int64_t batch = is_alone(x) ? 1 : x.size(all.batch_first ? 0 : 1);
  return zeros({all.num_layers * (all.bidirectional ? 2 : 1), batch, size}, {x.dtype()});
}

Tensor RecurrentLayer::without_batch(const Tensor& x, const Tensor& out, bool is_state) const {
  if (!is_alone(x)) return out;
  return out.squeeze(!is_state && options().batch_first ? 0 : 1);
}

// ---- LSTM

LSTM::LSTM(int64_t input_size, int64_t hidden_size, const LstmOptions& options)
    : RecurrentLayer(lstm_class, {"LSTM", 4, input_size, hidden_size}, options) {}
LSTM::LSTM(Unfilled) : RecurrentLayer(lstm_class, "LSTM") {}

std::pair<Tensor, LstmState> LSTM::forward(const Tensor& x, const LstmState& given) const {
  if (given.h.defined() != given.c.defined()) throw_bad("the state of an LSTM is h and c, or neither", "one of them");
  const std::vector<Tensor> params = weights();
  const Tensor h0 = initial(given.h, x, params[1].size(1)), c0 = initial(given.c, x, params[1].size(0) / 4);
  const Recurrent r = lstm(batched(x), h0, c0, params, options());
  return {without_batch(x, r.out, false), {without_batch(x, r.h, true), without_batch(x, r.c, true)}};
}

// ---- GRU

GRU::GRU(int64_t input_size, int64_t hidden_size, const GruOptions& options)
    : RecurrentLayer(gru_class, {"GRU", 3, input_size, hidden_size},
                     {.num_layers = options.num_layers,
                      .bias = options.bias,
                      .batch_first = options.batch_first,
                      .dropout = options.dropout,
                      .bidirectional = options.bidirectional}) {}
GRU::GRU(Unfilled) : RecurrentLayer(gru_class, "GRU") {}

std::pair<Tensor, Tensor> GRU::forward(const Tensor& x, const GruState& given) const {
  const std::vector<Tensor> params = weights();
  const Recurrent r = gru(batched(x), initial(given.h, x, params[1].size(1)), params, options());
  return {without_batch(x, r.out, false), without_batch(x, r.h, true)};
}

}  // namespace okibi::nn
