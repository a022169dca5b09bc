#include "nn/layer_table.h"

#include <array>

namespace okibi::nn {
namespace {

constexpr std::array embedding = {
    LayerAttribute{"num_embeddings", Print::value},    LayerAttribute{"embedding_dim", Print::value},
    LayerAttribute{"padding_idx", Print::unless_none}, LayerAttribute{"max_norm", Print::unless_none},
    LayerAttribute{"norm_type", Print::unless_two},    LayerAttribute{"scale_grad_by_freq", Print::unless_false},
    LayerAttribute{"sparse", Print::unless_false},
};
constexpr std::array linear = {
    LayerAttribute{"in_features", Print::name_value},
    LayerAttribute{"out_features", Print::name_value},
};
constexpr std::array relu = {LayerAttribute{"inplace", Print::unless_false}};
constexpr std::array dropout = {
    LayerAttribute{"p", Print::name_value},
    LayerAttribute{"inplace", Print::name_value},
};
constexpr std::array loss = {LayerAttribute{"reduction", Print::never}};

struct Layer {
  std::string_view python_class;
  std::span<const LayerAttribute> attributes;
};
constexpr Layer layers[] = {
    {"torch.nn.modules.sparse.Embedding", embedding},  {"torch.nn.modules.linear.Linear", linear},
    {"torch.nn.modules.activation.ReLU", relu},        {"torch.nn.modules.dropout.Dropout", dropout},
    {"torch.nn.modules.loss.BCEWithLogitsLoss", loss}, {"torch.nn.modules.loss.MSELoss", loss},
};

}  // namespace

std::span<const LayerAttribute> layer_attributes(std::string_view python_class) noexcept {
  for (const Layer& layer : layers) {
    if (layer.python_class == python_class) return layer.attributes;
  }
  return {};
}

}  // namespace okibi::nn
