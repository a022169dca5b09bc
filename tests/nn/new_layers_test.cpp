// Layers and options that Debian's PyTorch lacks, against what PyTorch 2.15 wrote down (make_new_layers_golden.py).
#include <gmock/gmock.h>
#include <okibi/checkpoint.h>
#include <okibi/nn.h>
#include <okibi/random.h>

namespace okibi {
namespace {

std::vector<nn::AnyModule> modules() {
  return {nn::RMSNorm(6),
          nn::RMSNorm({3, 5}, {.eps = 0.01}),
          nn::RMSNorm(6, {.elementwise_affine = false}),
          nn::LayerNorm(6, {.bias = false}),
          nn::BatchNorm1d(6, {.bias = false}),
          nn::GroupNorm(2, 6, {.bias = false})};
}

void expect_near(const Tensor& ours, const Value& theirs) {
  EXPECT_TRUE(allclose(ours, theirs.to_tensor(), 1e-6, 1e-6)) << ours << "\n" << theirs.to_tensor();
}

TEST(NewLayers, AreThoseOfPyTorch) {
  const Value golden = load(OKIBI_GOLDEN "/new_layers.pth");
  ASSERT_EQ(golden.size(), modules().size());
  for (size_t i = 0; i < golden.size(); ++i) {
    const Value one = golden[i];
    nn::AnyModule module = modules()[i];
    EXPECT_EQ(to_string(module), one["repr"].to_string());
    SCOPED_TRACE(one["repr"].to_string());
    for (const auto& [name, value] : module.attributes()) EXPECT_EQ(repr(value), repr(one["attributes"][name])) << name;
    StateDict state;
    for (const auto& [name, value] : one["state_dict"].to_dict()) {
      const std::string& text = name.to_string();
      const bool is_buffer = text.starts_with("running") || text.starts_with("num");
      if (!is_buffer) state.set(text, value);
    }
    EXPECT_TRUE(module.load_state_dict(state, {.strict = false}).unexpected.empty());

    const Tensor x = one["input"].to_tensor().clone().detach().requires_grad_(), out = module(x);
    expect_near(out.detach(), one["output"]);
    out.backward(one["gradient"].to_tensor());
    expect_near(x.grad(), one["of_input"]);
    for (const auto& [name, tensor] : module.named_parameters()) expect_near(tensor.grad(), one["of_parameters"][name]);
    for (const auto& [name, tensor] : module.named_buffers()) expect_near(tensor, one["state_dict"][name]);
  }
}

// As PyTorch 2.15 draws; Debian's draws in another order, so that comparing with it would not tell.
TEST(Dropout, DrawsForTheElementsOfATransposedTensorAsTheyLieInMemory) {
  const Tensor x = randn({5, 6, 7});
  const auto drawn = [](const Tensor& from, Tensor (*drop)(const Tensor&, double, bool)) {
    manual_seed(3);
    return drop(from, 0.4, true);
  };
  for (const auto drop : {&dropout, &alpha_dropout}) {
    EXPECT_TRUE(equal(drawn(x.transpose(0, 2), drop), drawn(x, drop).transpose(0, 2)));
    EXPECT_FALSE(equal(drawn(x.transpose(0, 2), drop), drawn(x.transpose(0, 2).contiguous(), drop)));
  }
}

}  // namespace
}  // namespace okibi
