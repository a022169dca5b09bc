#include "model/layers.h"

#include <fmt/format.h>

#include "nn/layer_table.h"

namespace okibi::model {
namespace {

Tensor needed_weight(const SavedModule& saved) {
  const Tensor weight = saved.parameter("weight");
  if (weight.defined()) return weight;
  throw Error(ErrorKind::bad_file, fmt::format("the {} has no weight", saved.python_class()));
}

template <class T>
std::optional<T> optional_number(const SavedModule& saved, std::string_view name) {
  const Value* value = saved.attribute(name);
  if (value == nullptr || value->is_none()) return {};
  return static_cast<T>(saved.number(name, 0));
}

nn::AnyModule make_embedding(const SavedModule& saved) {
  const Tensor weight = needed_weight(saved);
  return nn::Embedding::from_pretrained(weight, {.freeze = !weight.requires_grad(),
                                                 .padding_idx = optional_number<int64_t>(saved, "padding_idx"),
                                                 .max_norm = optional_number<double>(saved, "max_norm"),
                                                 .norm_type = saved.number("norm_type", 2),
                                                 .scale_grad_by_freq = saved.flag("scale_grad_by_freq", false),
                                                 .sparse = saved.flag("sparse", false)});
}

BagMode mode_of(const SavedModule& saved) {
  const Value* value = saved.attribute("mode");
  const std::string name = value == nullptr ? "mean" : value->to_string();
  if (name == "sum") return BagMode::sum;
  if (name == "mean") return BagMode::mean;
  if (name == "max") return BagMode::max;
  throw Error(ErrorKind::bad_file, "an EmbeddingBag has the mode sum, mean or max").found(name);
}

nn::AnyModule make_embedding_bag(const SavedModule& saved) {
  const Tensor weight = needed_weight(saved);
  return nn::EmbeddingBag::from_pretrained(weight, {.max_norm = optional_number<double>(saved, "max_norm"),
                                                    .norm_type = saved.number("norm_type", 2),
                                                    .scale_grad_by_freq = saved.flag("scale_grad_by_freq", false),
                                                    .mode = mode_of(saved),
                                                    .sparse = saved.flag("sparse", false),
                                                    .include_last_offset = saved.flag("include_last_offset", false),
                                                    .padding_idx = optional_number<int64_t>(saved, "padding_idx"),
                                                    .freeze = !weight.requires_grad()});
}

nn::AnyModule make_linear(const SavedModule& saved) {
  nn::Linear linear(needed_weight(saved), saved.parameter("bias"));
  linear.set_python_class(saved.python_class());
  return linear;
}

nn::AnyModule make_from_table(const SavedModule& saved) { return nn::find_layer(saved.python_class())->make(); }

struct Entry {
  std::string_view python_class;
  MakeLayer make;
};
// Layers whose C++ objects hold more than attributes and tensors.
constexpr Entry entries[] = {
    {"torch.nn.modules.sparse.Embedding", make_embedding},
    {"torch.nn.modules.sparse.EmbeddingBag", make_embedding_bag},
    {"torch.nn.modules.linear.Linear", make_linear},
    {"torch.nn.modules.linear.NonDynamicallyQuantizableLinear", make_linear},
};

}  // namespace

MakeLayer layer_maker(std::string_view python_class) noexcept {
  for (const Entry& entry : entries) {
    if (entry.python_class == python_class) return entry.make;
  }
  const nn::Layer* layer = nn::find_layer(python_class);
  return layer != nullptr && layer->make != nullptr ? make_from_table : nullptr;
}

}  // namespace okibi::model
