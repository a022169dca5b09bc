#include "model/layers.h"

#include <fmt/format.h>

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

nn::AnyModule make_linear(const SavedModule& saved) {
  return nn::Linear(needed_weight(saved), saved.parameter("bias"));
}

nn::AnyModule make_dropout(const SavedModule& saved) { return nn::Dropout(saved.number("p", 0.5)); }

Reduction reduction_of(const SavedModule& saved) {
  const Value* value = saved.attribute("reduction");
  const std::string name = value == nullptr ? "mean" : value->to_string();
  if (name == "none") return Reduction::none;
  if (name == "mean") return Reduction::mean;
  if (name == "sum") return Reduction::sum;
  throw Error(ErrorKind::bad_file, "a loss has the reduction none, mean or sum").found(name);
}

nn::AnyModule make_bce(const SavedModule& saved) {
  for (const auto& [name, tensor] : saved.buffers()) {
    if (tensor.defined()) throw Error(ErrorKind::unsupported, fmt::format("okibi's BCEWithLogitsLoss has no {}", name));
  }
  return nn::BCEWithLogitsLoss(reduction_of(saved));
}

nn::AnyModule make_mse(const SavedModule& saved) { return nn::MSELoss(reduction_of(saved)); }

template <class T>
nn::AnyModule make_default(const SavedModule&) {
  return T();
}

struct Entry {
  std::string_view python_class;
  MakeLayer make;
};
constexpr Entry entries[] = {
    {nn::Module::plain_class, make_default<nn::Module>},
    {"torch.nn.modules.sparse.Embedding", make_embedding},
    {"torch.nn.modules.linear.Linear", make_linear},
    {"torch.nn.modules.activation.ReLU", make_default<nn::ReLU>},
    {"torch.nn.modules.activation.Sigmoid", make_default<nn::Sigmoid>},
    {"torch.nn.modules.dropout.Dropout", make_dropout},
    {"torch.nn.modules.container.Sequential", make_default<nn::Sequential>},
    {"torch.nn.modules.container.ModuleDict", make_default<nn::ModuleDict>},
    {"torch.nn.modules.loss.BCEWithLogitsLoss", make_bce},
    {"torch.nn.modules.loss.MSELoss", make_mse},
};

}  // namespace

MakeLayer layer_maker(std::string_view python_class) noexcept {
  for (const Entry& entry : entries) {
    if (entry.python_class == python_class) return entry.make;
  }
  return nullptr;
}

}  // namespace okibi::model
