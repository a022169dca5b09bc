#include "script/write/layer_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "nn/module_state.h"
#include "script/write/layer_templates.h"

namespace okibi::script {
namespace {

struct Row {
  std::string_view python_class;  // without torch.nn.modules
  std::string_view forward;       // the method, or what follows `return` in one of a tensor to a tensor
};

constexpr std::array one_line = {
    Row{"linear.Identity", "input"},
    Row{"linear.Linear", "torch.linear(input, self.weight, self.bias)"},
    Row{"linear.NonDynamicallyQuantizableLinear", "torch.linear(input, self.weight, self.bias)"},
    Row{"flatten.Flatten", "torch.flatten(input, <start_dim>, <end_dim>)"},
    Row{"flatten.Unflatten", "torch.unflatten(input, <dim>, <[unflattened_size]>)"},
    Row{"activation.ReLU", "torch.relu(input)"},
    Row{"activation.ReLU6", "torch.hardtanh(input, 0., 6.)"},
    Row{"activation.LeakyReLU", "torch.leaky_relu(input, <negative_slope>)"},
    Row{"activation.ELU", "torch.elu(input, <alpha>)"},
    Row{"activation.SELU", "torch.selu(input)"},
    Row{"activation.CELU", "torch.celu(input, <alpha>)"},
    Row{"activation.GELU", "torch.gelu(input, approximate=<approximate>)"},
    Row{"activation.SiLU", "torch.silu(input)"},
    Row{"activation.Mish", "torch.mish(input)"},
    Row{"activation.Sigmoid", "torch.sigmoid(input)"},
    Row{"activation.Tanh", "torch.tanh(input)"},
    Row{"activation.Hardsigmoid", "torch.hardsigmoid(input)"},
    Row{"activation.Hardswish", "torch.hardswish(input)"},
    Row{"activation.Hardtanh", "torch.hardtanh(input, <min_val>, <max_val>)"},
    Row{"activation.Softplus", "torch.softplus(input, <beta>, <threshold>)"},
    Row{"activation.Softsign", "torch.div(input, torch.add(torch.abs(input), 1))"},
    Row{"activation.LogSigmoid", "torch.log_sigmoid(input)"},
    Row{"activation.PReLU", "torch.prelu(input, self.weight)"},
    Row{"dropout.Dropout", "torch.dropout(input, <p>, self.training)"},
    Row{"dropout.Dropout2d", "torch.feature_dropout(input, <p>, self.training)"},
    Row{"dropout.AlphaDropout", "torch.alpha_dropout(input, <p>, self.training)"},
    Row{"normalization.LayerNorm", "torch.layer_norm(input, <[normalized_shape]>, self.weight, self.bias, <eps>)"},
    Row{"normalization.RMSNorm", "torch.rms_norm(input, <[normalized_shape]>, self.weight, <eps>)"},
    Row{"normalization.GroupNorm", "torch.group_norm(input, <num_groups>, self.weight, self.bias, <eps>)"},
    Row{"pooling.MaxPool1d",
        "torch.max_pool1d(input, <[kernel_size]>, <[stride]>, <[padding]>, <[dilation]>, <ceil_mode>)"},
    Row{"pooling.MaxPool2d",
        "torch.max_pool2d(input, <[kernel_size]>, <[stride]>, <[padding]>, <[dilation]>, <ceil_mode>)"},
    Row{"pooling.AvgPool1d",
        "torch.avg_pool1d(input, <[kernel_size]>, <[stride]>, <[padding]>, <ceil_mode>, <count_include_pad>)"},
    Row{"pooling.AvgPool2d",
        "torch.avg_pool2d(input, <[kernel_size]>, <[stride]>, <[padding]>, <ceil_mode>, <count_include_pad>, "
        "<divisor_override>)"},
};

constexpr std::array losses = {
    Row{"loss.MSELoss", "torch.mse_loss(input, target, <reduction>)"},
    Row{"loss.L1Loss", "torch.l1_loss(input, target, <reduction>)"},
    Row{"loss.SmoothL1Loss", "torch.smooth_l1_loss(input, target, <reduction>, <beta>)"},
    Row{"loss.HuberLoss", "torch.huber_loss(input, target, <reduction>, <delta>)"},
    Row{"loss.BCELoss", "torch.binary_cross_entropy(input, target, self.weight, <reduction>)"},
    Row{"loss.BCEWithLogitsLoss",
        "torch.binary_cross_entropy_with_logits(input, target, self.weight, self.pos_weight, <reduction>)"},
    Row{"loss.CrossEntropyLoss",
        "torch.cross_entropy_loss(input, target, self.weight, <reduction>, <ignore_index>, <label_smoothing>)"},
    Row{"loss.NLLLoss", "torch.nll_loss_nd(input, target, self.weight, <reduction>, <ignore_index>)"},
};

// Whole methods.
constexpr std::array methods = {
    Row{"linear.Bilinear", bilinear},
    Row{"dropout.Dropout1d", dropout1d},
    Row{"loss.CosineEmbeddingLoss", cosine_loss},
    Row{"loss.TripletMarginLoss", triplet_loss},
};

// What stands for <name>: what the layer computes itself, or else the attribute.
using Words = std::vector<std::pair<std::string_view, std::string>>;

std::string joined(const Value& numbers) {
  if (numbers.is_int()) return std::to_string(numbers.to_int());
  std::string text;
  for (size_t i = 0; i < numbers.size(); ++i) text += (i > 0 ? ", " : "") + literal(numbers[i]);
  return text;
}

const Value& needed(const nn::Module& module, std::string_view name) {
  if (const Value* value = nn::find_attribute(module, name)) return *value;
  throw Error(ErrorKind::bad_argument, fmt::format("{} has no {}", module.class_name(), name));
}

std::string word_for(std::string_view name, const nn::Module& module, const Words& words) {
  for (const auto& [known, text] : words) {
    if (known == name) return text;
  }
  const bool is_list = name.starts_with('[');
  if (is_list) name = name.substr(1, name.size() - 2);
  const Value& value = needed(module, name);
  return is_list ? fmt::format("[{}]", joined(value)) : literal(value);
}

// A word may hold others.
std::string filled(std::string_view text, const nn::Module& module, const Words& words = {}) {
  std::string out;
  for (size_t begin = text.find('<'); begin != text.npos; begin = text.find('<')) {
    const size_t end = text.find('>', begin);
    out += text.substr(0, begin);
    out += filled(word_for(text.substr(begin + 1, end - begin - 1), module, words), module, words);
    text.remove_prefix(end + 1);
  }
  return out += text;
}

std::string of_embedding(const nn::Module& module) {
  const Value padding = needed(module, "padding_idx");
  return filled(embedding, module,
                {{"renorm", needed(module, "max_norm").is_none() ? "" : std::string(renorm)},
                 {"padding", padding.is_none() ? "-1" : literal(padding)}});
}

// Modes are numbers for the operator.
std::string of_embedding_bag(const nn::Module& module) {
  const std::string mode = needed(module, "mode").to_string();
  return filled(embedding_bag, module,
                {{"renorm", needed(module, "max_norm").is_none() ? "" : std::string(renorm)},
                 {"mode", mode == "sum"    ? "0"
                          : mode == "mean" ? "1"
                                           : "2"}});
}

// torch.nn pads beforehand where the padding is other than zeros.
std::string of_convolution(const nn::Module& module) {
  const std::string op = module.python_class().ends_with("1d") ? "conv1d" : "conv2d";
  const bool pads_beforehand = needed(module, "padding_mode").to_string() != "zeros";
  const std::string nothing = op == "conv1d" ? "[0]" : "[0, 0]";
  const std::string around = needed(module, "padding").is_string() ? "<padding>" : "<[padding]>";
  return filled(convolution, module,
                {{"op", op},
                 {"input", pads_beforehand ? std::string(padded) : "input"},
                 {"around", pads_beforehand ? nothing : around}});
}

// None leaves a dimension as it is.
std::string output_sizes(const Value& size, int64_t dimensions) {
  std::string text;
  for (int64_t d = 0; d < dimensions; ++d) {
    const Value one = size.is_int() ? size : size[static_cast<size_t>(d)];
    text += d > 0 ? ", " : "";
    text += one.is_none() ? fmt::format("torch.size(input, {})", d - dimensions) : literal(one);
  }
  return fmt::format("[{}]", text);
}

std::string of_adaptive_pooling(const nn::Module& module) {
  const bool is_max =
      module.python_class().ends_with("AdaptiveMaxPool1d") || module.python_class().ends_with("AdaptiveMaxPool2d");
  const int64_t dimensions = module.python_class().ends_with("1d") ? 1 : 2;
  return filled(
      is_max ? adaptive_max_pool : adaptive_avg_pool, module,
      {{"dimensions", std::to_string(dimensions)}, {"sizes", output_sizes(needed(module, "output_size"), dimensions)}});
}

std::string of_softmax(const nn::Module& module) {
  const std::string op = module.python_class().ends_with("LogSoftmax") ? "log_softmax" : "softmax";
  return filled(needed(module, "dim").is_none() ? softmax_of_any : softmax, module, {{"op", op}});
}

std::string of_batch_norm(const nn::Module& module) {
  const bool tracks = needed(module, "track_running_stats").to_bool();
  const bool has_momentum = !needed(module, "momentum").is_none();
  const bool is_1d = module.python_class().ends_with("1d");
  const auto statistic = [&](const char* name) { return tracks ? fmt::format("self.{}", name) : "None"; };
  return filled(batch_norm, module,
                {{"dims", is_1d ? "2, 3" : "4"},
                 {"expected", is_1d ? "2D or 3D" : "4D"},
                 {"count", tracks ? std::string(count) : ""},
                 {"mean", statistic("running_mean")},
                 {"var", statistic("running_var")},
                 {"by_batch", tracks ? "self.training" : "True"},
                 {"factor", has_momentum ? "<momentum>"
                            : tracks     ? std::string(by_count)
                                         : "0."}});
}

std::string of_recurrent(const nn::Module& module) {
  const bool is_lstm = module.python_class().ends_with("LSTM");
  const int64_t directions = needed(module, "bidirectional").to_bool() ? 2 : 1;
  const int64_t projected = needed(module, "proj_size").to_int();
  std::string weights;
  for (const auto& [name, tensor] : nn::ModuleAccess::state(module).parameters)
    weights += fmt::format("self.{}, ", name);
  return filled(is_lstm ? lstm : gru, module,
                {{"batch_dim", needed(module, "batch_first").to_bool() ? "0" : "1"},
                 {"states", std::to_string(directions * needed(module, "num_layers").to_int())},
                 {"state_size", projected > 0 ? std::to_string(projected) : "<hidden_size>"},
                 {"weights", weights.substr(0, weights.size() - 2)}});
}

// Rows of one weight, or weights of their own.
std::string projection(const nn::Module& module, char which) {
  const size_t at = std::string_view("qkv").find(which);
  const int64_t width = needed(module, "embed_dim").to_int(), begin = static_cast<int64_t>(at) * width;
  const auto part = [&](const char* of) {
    return fmt::format("torch.slice(self.{}, 0, {}, {})", of, begin, begin + width);
  };
  const bool is_one = nn::parameter_named(module, "in_proj_weight").defined();
  return fmt::format("torch.linear({}0, {}, {})", which,
                     is_one ? part("in_proj_weight") : fmt::format("self.{}_proj_weight", which),
                     nn::parameter_named(module, "in_proj_bias").defined() ? part("in_proj_bias") : "None");
}

std::string of_attention(const nn::Module& module) {
  const bool adds_bias = nn::parameter_named(module, "bias_k").defined();
  const bool adds_zeros = needed(module, "add_zero_attn").to_bool();
  const int64_t heads = needed(module, "num_heads").to_int(), head = needed(module, "embed_dim").to_int() / heads;
  const bool is_batch_first = needed(module, "batch_first").to_bool();
  const auto length_first = [&](const char* name) {
    return is_batch_first ? fmt::format("torch.transpose({}, 0, 1)", name) : name;
  };
  return filled(attention, module,
                {{"query", length_first("query")},
                 {"key", length_first("key")},
                 {"value", length_first("value")},
                 {"output", length_first("y")},
                 {"q", projection(module, 'q')},
                 {"k", projection(module, 'k')},
                 {"v", projection(module, 'v')},
                 {"scale", literal(std::sqrt(1 / static_cast<double>(head)))},
                 {"head", std::to_string(head)},
                 {"more", std::string(adds_bias ? more_by_bias : "") + std::string(adds_zeros ? more_by_zeros : "")},
                 {"added", std::to_string((adds_bias ? 1 : 0) + (adds_zeros ? 1 : 0))},
                 {"each", literal(1 / static_cast<double>(heads))}});
}

std::string of_encoder_layer(const nn::Module& module) {
  const auto& children = nn::ModuleAccess::state(module).children;
  const bool has_module = std::ranges::any_of(children, [](const auto& child) { return child.first == "activation"; });
  const bool is_relu = !has_module && needed(module, "activation_relu_or_gelu").to_int() == 1;
  return filled(needed(module, "norm_first").to_bool() ? encoder_layer_norm_first : encoder_layer, module,
                {{"feed", std::string(feed_forward)},
                 {"activation", has_module ? "(self.activation).forward"
                                : is_relu  ? "torch.relu"
                                           : "torch.gelu"}});
}

std::string of_encoder(const nn::Module& module) {
  std::string layers;
  bool has_norm = false;
  for (const auto& [name, child] : nn::ModuleAccess::state(module).children) {
    has_norm |= name == "norm";
    if (name != "layers") continue;
    for (const auto& [layer, ignored] : nn::ModuleAccess::state(child).children)
      layers += fmt::format("  x = (getattr(self.layers, {})).forward(x, mask, src_key_padding_mask, )\n", repr(layer));
  }
  return filled(encoder, module, {{"layers", layers}, {"result", has_norm ? "(self.norm).forward(x, )" : "x"}});
}

int64_t number_of_reduction(const nn::Module& module) {
  const std::string name = needed(module, "reduction").to_string();
  return name == "none" ? 0 : name == "mean" ? 1 : 2;
}

std::string of_loss(std::string_view text, const nn::Module& module) {
  return filled(text, module, {{"reduction", std::to_string(number_of_reduction(module))}});
}

std::string of_method(std::string_view text, const nn::Module& module) {
  return nn::find_attribute(module, "reduction") ? of_loss(text, module) : filled(text, module);
}

std::string of_kl_div(const nn::Module& module) {
  const bool by_batch = needed(module, "reduction").to_string() == "batchmean";
  return of_loss(by_batch ? kl_div_by_batch : kl_div, module);
}

std::string of_sequential(const nn::Module& module) {
  std::string source = "def forward(self, input: Tensor) -> Tensor:\n";
  for (const auto& [name, child] : nn::ModuleAccess::state(module).children)
    source += fmt::format("  input = (getattr(self, {})).forward(input, )\n", repr(name));
  return source + "  return input\n";
}

struct Special {
  std::string_view python_class;
  std::string (*source)(const nn::Module& module);
};
constexpr std::array specials = {
    Special{"sparse.Embedding", of_embedding},
    Special{"sparse.EmbeddingBag", of_embedding_bag},
    Special{"conv.Conv1d", of_convolution},
    Special{"conv.Conv2d", of_convolution},
    Special{"pooling.AdaptiveAvgPool1d", of_adaptive_pooling},
    Special{"pooling.AdaptiveAvgPool2d", of_adaptive_pooling},
    Special{"pooling.AdaptiveMaxPool1d", of_adaptive_pooling},
    Special{"pooling.AdaptiveMaxPool2d", of_adaptive_pooling},
    Special{"activation.Softmax", of_softmax},
    Special{"activation.LogSoftmax", of_softmax},
    Special{"batchnorm.BatchNorm1d", of_batch_norm},
    Special{"batchnorm.BatchNorm2d", of_batch_norm},
    Special{"rnn.LSTM", of_recurrent},
    Special{"rnn.GRU", of_recurrent},
    Special{"activation.MultiheadAttention", of_attention},
    Special{"transformer.TransformerEncoderLayer", of_encoder_layer},
    Special{"transformer.TransformerEncoder", of_encoder},
    Special{"loss.KLDivLoss", of_kl_div},
    Special{"container.Sequential", of_sequential},
};

template <class Rows>
auto row_of(const Rows& rows, std::string_view name) -> const typename Rows::value_type* {
  const auto found = std::ranges::find(rows, name, &Rows::value_type::python_class);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::string literal(const Value& value) {
  if (value.is_none()) return "None";
  if (value.is_bool()) return value.to_bool() ? "True" : "False";
  if (value.is_string()) return repr(value);
  if (value.is_int()) return std::to_string(value.to_int());
  if (value.is_tuple()) return fmt::format("({}{})", joined(value), value.size() == 1 ? "," : "");
  if (value.is_list()) return fmt::format("[{}]", joined(value));
  if (!value.is_double()) {
    throw Error(ErrorKind::unsupported, "there is no literal for an attribute in TorchScript")
        .found(name_of(value.kind()));
  }
  const double number = value.to_double();
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "torch.neg(inf)";
  const std::string text = fmt::format("{}", number);
  return text.find_first_of(".e") == text.npos ? text + '.' : text;
}

std::optional<std::string> layer_source(const nn::Module& module) {
  const std::string& python_class = module.python_class();
  if (python_class == "fastai.text.models.awdlstm.EmbeddingDropout") return filled(embedding_dropout, module);
  constexpr std::string_view torch_nn = "torch.nn.modules.";
  if (!python_class.starts_with(torch_nn)) return {};
  const std::string_view name = std::string_view(python_class).substr(torch_nn.size());
  if (name == "container.ModuleList" || name == "container.ModuleDict") return "";
  if (const Special* special = row_of(specials, name)) return special->source(module);
  if (const Row* row = row_of(methods, name)) return of_method(row->forward, module);
  if (const Row* row = row_of(one_line, name))
    return filled(fmt::format("def forward(self, input: Tensor) -> Tensor:\n  return {}\n", row->forward), module);
  if (const Row* row = row_of(losses, name))
    return of_loss(
        fmt::format("def forward(self, input: Tensor, target: Tensor) -> Tensor:\n  return {}\n", row->forward),
        module);
  return {};
}

}  // namespace okibi::script
