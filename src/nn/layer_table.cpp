#include "nn/layer_table.h"

#include <array>

namespace okibi::nn {
namespace {

using enum Print;

constexpr LayerAttribute embedding[] = {
    {"num_embeddings", value},   {"embedding_dim", value}, {"padding_idx", unless_none},
    {"max_norm", unless_none},   {"norm_type", unless_two}, {"scale_grad_by_freq", unless_false},
    {"sparse", unless_false},
};
constexpr LayerAttribute embedding_bag[] = {
    {"num_embeddings", value},    {"embedding_dim", value}, {"max_norm", unless_none},
    {"norm_type", unless_two},    {"scale_grad_by_freq", unless_false}, {"padding_idx", unless_none_last},
    {"mode", name_value},         {"sparse", never},        {"include_last_offset", never},
};
constexpr LayerAttribute linear[] = {{"in_features", name_value}, {"out_features", name_value}, {"bias", has_parameter}};
constexpr LayerAttribute inplace[] = {{"inplace", unless_false}};
constexpr LayerAttribute dropout[] = {{"p", name_value}, {"inplace", name_value}};
constexpr LayerAttribute loss[] = {{"reduction", never}};
constexpr std::span<const LayerAttribute> none;

template <class T>
AnyModule make() {
  return T();
}

constexpr Layer table[] = {
    {Module::plain_class, none, make<Module>},
    {"torch.nn.modules.sparse.Embedding", embedding, nullptr},
    {"torch.nn.modules.sparse.EmbeddingBag", embedding_bag, nullptr},
    {"torch.nn.modules.linear.Linear", linear, nullptr},
    {"torch.nn.modules.activation.ReLU", inplace, make<ReLU>},
    {"torch.nn.modules.activation.Sigmoid", none, make<Sigmoid>},
    {"torch.nn.modules.dropout.Dropout", dropout, make<Dropout>},
    {"torch.nn.modules.container.Sequential", none, make<Sequential>},
    {"torch.nn.modules.container.ModuleDict", none, make<ModuleDict>},
    {"torch.nn.modules.loss.BCEWithLogitsLoss", loss, make<BCEWithLogitsLoss>},
    {"torch.nn.modules.loss.MSELoss", loss, make<MSELoss>},
};

}  // namespace

std::span<const Layer> layers() noexcept { return table; }

const Layer* find_layer(std::string_view python_class) noexcept {
  for (const Layer& layer : table) {
    if (layer.python_class == python_class) return &layer;
  }
  return nullptr;
}

}  // namespace okibi::nn
