// What an encoder does besides what PyTorch compares: copies of layers, and what is refused.
#include <gmock/gmock.h>
#include <okibi/nn.h>
#include <okibi/random.h>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

nn::TransformerEncoderLayer small_layer(nn::TransformerEncoderLayerOptions options = {}) {
  options.dim_feedforward = 6;
  return {4, 2, options};
}

TEST(TransformerEncoderLayer, CopiesItsNumbersIntoTensorsOfItsOwn) {
  nn::TransformerEncoderLayer layer = small_layer({.dropout = 0, .activation = "gelu", .norm_first = true});
  layer.named_parameters()[0].second.requires_grad_(false);
  layer.eval();
  const nn::TransformerEncoderLayer copy = layer.copy();
  EXPECT_EQ(to_string(copy), to_string(layer));
  EXPECT_FALSE(copy.is_training());
  EXPECT_FALSE(copy.named_parameters()[0].second.requires_grad());
  const Tensor x = randn({3, 2, 4}), y = layer(x);
  EXPECT_TRUE(equal(copy(x), y));
  for (const Tensor& parameter : layer.parameters()) parameter.detach().zero_();
  EXPECT_TRUE(equal(copy(x), y));
}

TEST(TransformerEncoder, DrawsNothingToCopyItsLayers) {
  const nn::TransformerEncoderLayer layer = small_layer();
  manual_seed(1);
  const Tensor expected = rand({3});
  manual_seed(1);
  const nn::TransformerEncoder encoder(layer, 3);
  EXPECT_TRUE(equal(rand({3}), expected));
  EXPECT_EQ(encoder.named_parameters().size(), 36u);
  EXPECT_EQ(encoder.named_parameters()[12].first, "layers.1.self_attn.in_proj_weight");
}

TEST(TransformerEncoder, RefusesByName) {
  expect_error(ErrorKind::bad_argument, "activation should be relu/gelu: found tanh",
               [] { small_layer({.activation = "tanh"}); });
  expect_error(ErrorKind::bad_argument, "embed_dim must be divisible by num_heads",
               [] { nn::TransformerEncoderLayer(5, 2); });
  const nn::TransformerEncoder encoder(small_layer(), 1);
  expect_error(ErrorKind::bad_argument, "attn_mask has the wrong sizes: expected [3, 3] or [4, 3, 3], found [2, 2]",
               [&] { encoder(ones({3, 2, 4}), {.mask = ones({2, 2})}); });
  expect_error(ErrorKind::bad_argument, "an encoder has no such mask: found src_mask", [&] {
    nn::AnyModule(encoder).call({ones({3, 2, 4}), Dict{{"src_mask", ones({3, 3})}}});
  });
}

}  // namespace
}  // namespace okibi
