#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* layer_class = "torch.nn.modules.transformer.TransformerEncoderLayer";
constexpr const char* encoder_class = "torch.nn.modules.transformer.TransformerEncoder";

// Where each attribute stands in the row of src/nn/layer_table.cpp. An activation that is a module is a child instead.
enum Place : size_t { norm_first_place, activation_place };

constexpr int64_t is_relu = 1, is_gelu = 2;  // PyTorch keeps such a number, and the function itself, which files name

int64_t number_of(const std::string& activation) {
  if (activation == "relu") return is_relu;
  if (activation == "gelu") return is_gelu;
  throw_bad("activation should be relu/gelu", activation);
}
Value function_of(int64_t number) {
  const bool relu = number == is_relu;
  return Object({.module = relu ? "torch.nn.functional" : "torch._C._nn",
                 .name = relu ? "relu" : "gelu",
                 .made = Object::Made::named});
}

const AnyModule* child_named(const Module& module, std::string_view name) {
  for (const auto& [known, child] : ModuleAccess::state(module).children) {
    if (known == name) return &child;
  }
  return nullptr;
}
const AnyModule& needed_child(const Module& module, std::string_view name) {
  if (const AnyModule* found = child_named(module, name); found != nullptr) return *found;
  throw Error(ErrorKind::bad_argument, "a " + module.class_name() + " lacks one of its modules")
      .found("no " + std::string(name));
}
const Value& needed_attribute(const Module& module, std::string_view name) {
  if (const Value* found = find_attribute(module, name); found != nullptr) return *found;
  throw Error(ErrorKind::bad_argument, "a " + module.class_name() + " lacks one of its attributes")
      .found("no " + std::string(name));
}

// PyTorch's encoders say whether they may drop padding on the way, which their fast path needs.
bool may_use_nested_tensor(const Module& layer) {
  const AnyModule& attention = needed_child(layer, "self_attn");
  return !needed_attribute(layer, "norm_first").to_bool() && needed_attribute(attention, "batch_first").to_bool() &&
         needed_attribute(attention, "num_heads").to_int() % 2 == 0 &&
         parameter_named(attention, "in_proj_bias").defined();
}

// The options with which `layer` was made, told from what it holds.
TransformerEncoderLayerOptions options_of(const Module& layer) {
  const AnyModule &wide = needed_child(layer, "linear1"), &norm = needed_child(layer, "norm1");
  return {.dim_feedforward = needed_attribute(wide, "out_features").to_int(),
          .dropout = needed_attribute(needed_child(layer, "dropout"), "p").to_double(),
          .activation = needed_attribute(layer, "activation_relu_or_gelu").to_int() == is_gelu ? "gelu" : "relu",
          .layer_norm_eps = needed_attribute(norm, "eps").to_double(),
          .batch_first = needed_attribute(needed_child(layer, "self_attn"), "batch_first").to_bool(),
          .norm_first = needed_attribute(layer, "norm_first").to_bool(),
          .bias = parameter_named(wide, "bias").defined()};
}

void check_can_be_copied(const Module& layer) {
  if (child_named(layer, "activation") != nullptr) {
    throw Error(ErrorKind::unsupported, "a TransformerEncoderLayer whose activation is a module cannot be copied yet")
        .hint("Give activation as \"relu\" or \"gelu\".");
  }
  for (const auto& [name, parameter] : layer.named_parameters()) {
    if (parameter.dtype() == float32) continue;
    throw Error(ErrorKind::unsupported, "a TransformerEncoderLayer is copied in float32 alone").found(name);
  }
}

Value boxed(const EncoderMasks& masks) {
  return Dict{{"mask", masks.mask}, {"src_key_padding_mask", masks.src_key_padding_mask}};
}

}  // namespace

EncoderMasks EncoderMasks::from(const Value& value) {
  EncoderMasks masks;
  if (value.is_none()) return masks;
  for (const auto& [name, item] : value.to_dict()) {
    const std::string& word = name.to_string();
    if (word != "mask" && word != "src_key_padding_mask") throw_bad("an encoder has no such mask", word);
    if (!item.is_none()) (word == "mask" ? masks.mask : masks.src_key_padding_mask) = item.to_tensor();
  }
  return masks;
}

// ---- one layer

TransformerEncoderLayer::TransformerEncoderLayer(int64_t d_model, int64_t nhead,
                                                 const TransformerEncoderLayerOptions& options)
    : Module(layer_class) {
  const int64_t number = number_of(options.activation);
  const LinearOptions linear{.bias = options.bias};
  const LayerNormOptions norm{.eps = options.layer_norm_eps, .bias = options.bias};
  register_module(
      "self_attn",
      MultiheadAttention(d_model, nhead,
                         {.dropout = options.dropout, .bias = options.bias, .batch_first = options.batch_first}));
  register_module("linear1", Linear(d_model, options.dim_feedforward, linear));
  register_module("dropout", Dropout(options.dropout));
  register_module("linear2", Linear(options.dim_feedforward, d_model, linear));
  register_module("norm1", LayerNorm(d_model, norm));
  register_module("norm2", LayerNorm(d_model, norm));
  register_module("dropout1", Dropout(options.dropout));
  register_module("dropout2", Dropout(options.dropout));
  set_layer_attributes({options.norm_first, number, function_of(number)});
}

TransformerEncoderLayer::TransformerEncoderLayer(Unfilled) : Module(layer_class) {
  set_layer_attributes({false, is_relu, function_of(is_relu)});
}

TransformerEncoderLayer TransformerEncoderLayer::copy() const {
  check_can_be_copied(*this);
  const KeepRandomState keep;
  const int64_t heads = needed_attribute(needed_child(*this, "self_attn"), "num_heads").to_int();
  TransformerEncoderLayer made(needed_attribute(needed_child(*this, "linear1"), "in_features").to_int(), heads,
                               options_of(*this));
  made.load_state_dict(state_dict());
  made.train(is_training());
  const auto from = named_parameters(), to = made.named_parameters();
  for (size_t i = 0; i < to.size(); ++i) to[i].second.requires_grad_(from[i].second.requires_grad());
  return made;
}

Tensor TransformerEncoderLayer::attended(const Tensor& x, const EncoderMasks& masks) const {
  const Value options =
      Dict{{"key_padding_mask", masks.src_key_padding_mask}, {"attn_mask", masks.mask}, {"need_weights", false}};
  const Value y = needed_child(*this, "self_attn").call({x, x, x, options})[0];
  return needed_child(*this, "dropout1")(y.to_tensor());
}

Tensor TransformerEncoderLayer::fed_forward(const Tensor& x) const {
  const Tensor wide = needed_child(*this, "linear1")(x);
  const AnyModule* module = child_named(*this, "activation");
  const int64_t number = attribute(activation_place).to_int();
  if (module == nullptr && number != is_relu && number != is_gelu) {
    throw Error(ErrorKind::unsupported, "a TransformerEncoderLayer has the activation relu or gelu, or a module");
  }
  const Tensor active = module != nullptr ? (*module)(wide) : number == is_relu ? relu(wide) : gelu(wide);
  return needed_child(*this, "dropout2")(needed_child(*this, "linear2")(needed_child(*this, "dropout")(active)));
}

Tensor TransformerEncoderLayer::forward(const Tensor& x, const EncoderMasks& masks) const {
  const AnyModule &norm1 = needed_child(*this, "norm1"), &norm2 = needed_child(*this, "norm2");
  if (attribute(norm_first_place).to_bool()) {
    const Tensor y = x + attended(norm1(x), masks);
    return y + fed_forward(norm2(y));
  }
  const Tensor y = norm1(x + attended(x, masks));
  return norm2(y + fed_forward(y));
}

// ---- several

TransformerEncoder::TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                                       const std::optional<AnyModule>& norm)
    : Module(encoder_class) {
  std::vector<AnyModule> layers;
  for (int64_t i = 0; i < num_layers; ++i) layers.push_back(layer.copy());
  register_module("layers", ModuleList(layers));
  if (norm) register_module("norm", *norm);
  set_layer_attributes({num_layers, nullptr, true, may_use_nested_tensor(layer), true});
  ModuleAccess::drop_attributes_that_are_registered(*this);
}

TransformerEncoder::TransformerEncoder(Unfilled) : Module(encoder_class) {
  set_layer_attributes({0, nullptr, false, false, true});
}

Tensor TransformerEncoder::forward(const Tensor& x, const EncoderMasks& masks) const {
  Tensor y = x;
  for (const auto& [name, layer] : needed_child(*this, "layers").named_children()) {
    y = layer.call({y, boxed(masks)}).to_tensor();
  }
  const AnyModule* norm = child_named(*this, "norm");
  return norm == nullptr ? y : (*norm)(y);
}

}  // namespace okibi::nn
