// Convolutions, recurrent layers and attention: what the comparison with PyTorch (tests/interop) does not ask.
#include <gmock/gmock.h>
#include <okibi/nn.h>

#include <cmath>
#include <limits>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(Conv, RefusesWhatPyTorchRefuses) {
  expect_error(ErrorKind::bad_argument, "in_channels must be divisible by groups",
               [] { nn::Conv1d(3, 4, 1, {.groups = 2}); });
  expect_error(ErrorKind::bad_argument, "padding='same' is not supported for strided convolutions",
               [] { nn::Conv2d(1, 1, 3, {.stride = 2, .padding = "same"}); });
  expect_error(ErrorKind::bad_argument, "padding_mode must be zeros, reflect, replicate or circular",
               [] { nn::Conv2d(1, 1, 3, {.padding_mode = "mirror"}); });
  expect_error(ErrorKind::bad_argument, "takes one number, or one for each", [] { nn::Conv1d(1, 1, {3, 3}); });
  const nn::Conv2d conv(1, 1, 3);
  expect_error(ErrorKind::bad_argument, "Expected 3D (unbatched) or 4D (batched) input to Conv2d", [&] {
    conv(ones({5, 5}));
  });
  expect_error(ErrorKind::bad_argument, "Kernel size can't be greater than actual input size", [&] {
    conv(ones({1, 1, 2, 5}));
  });
  expect_error(ErrorKind::bad_argument, "the input needs 1 · 1 channels", [&] { conv(ones({1, 2, 5, 5})); });
  const nn::Conv1d reflecting(1, 1, 3, {.padding = 3, .padding_mode = "reflect"});
  expect_error(ErrorKind::bad_argument, "a padding of 3 and 3 for a dimension of 3", [&] {
    reflecting(ones({1, 1, 3}));
  });
}

TEST(Conv, TakesABatchOfNothing) { EXPECT_EQ(nn::Conv1d(2, 3, 2)(ones({0, 2, 5})).sizes(), (Dims{0, 3, 4})); }

TEST(Pooling, RefusesWhatPyTorchRefuses) {
  expect_error(ErrorKind::bad_argument, "the padding should be at most half of the window", [] {
    nn::MaxPool2d(2, {.padding = 2})(ones({1, 4, 4}));
  });
  expect_error(ErrorKind::bad_argument, "the window is larger than the input (3 places)", [] {
    nn::AvgPool1d(3)(ones({1, 2}));
  });
  expect_error(ErrorKind::bad_argument, "there is nothing to pool", [] { nn::MaxPool1d(1)(ones({2, 3, 0})); });
  expect_error(ErrorKind::bad_argument, "takes 3 dimensions, or one more", [] { nn::AvgPool2d(1)(ones({2, 2})); });
  expect_error(ErrorKind::bad_argument, "the divisor must not be zero", [] {
    nn::AvgPool2d(1, {.divisor_override = 0})(ones({1, 2, 2}));
  });
  for (const int64_t stride : {int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
    expect_error(ErrorKind::bad_argument, "stride is not what it must be", [&] {
      nn::MaxPool2d(1, {.stride = stride})(ones({1, 2, 2}));
    });
  }
  expect_error(ErrorKind::bad_argument, "output_size is not what it must be", [] {
    nn::AdaptiveAvgPool2d(0)(ones({1, 2, 2}));
  });
}

TEST(Pooling, RefusesWindowsThatSeeNothingButPadding) {
  expect_error(ErrorKind::bad_argument, "a window would see nothing but padding", [] {
    nn::MaxPool1d(2, {.padding = 2, .dilation = 3})(ones({1, 1}));
  });
}

TEST(Pooling, HandsOnWhatIsNoNumberAndTakesTheFirstOfEquals) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const auto [values, indices] = max_pool1d_with_indices(tensor({{1, nan, 3, 3, -infinity, -infinity}}), {2});
  EXPECT_TRUE(std::isnan(values.to_vector<float>()[0]));
  EXPECT_EQ(values.to_vector<float>()[2], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(indices.to_vector<int64_t>(), (std::vector<int64_t>{1, 2, 4}));
}

TEST(Pooling, TakesABatchOfNothing) { EXPECT_EQ(nn::MaxPool2d(2)(ones({0, 2, 4, 4})).sizes(), (Dims{0, 2, 2, 2})); }

TEST(Lstm, RefusesWhatPyTorchRefuses) {
  expect_error(ErrorKind::bad_argument, "hidden_size must be greater than zero", [] { nn::LSTM(2, 0); });
  expect_error(ErrorKind::bad_argument, "num_layers must be greater than zero",
               [] { nn::GRU(2, 3, {.num_layers = 0}); });
  expect_error(ErrorKind::bad_argument, "proj_size has to be smaller than hidden_size",
               [] { nn::LSTM(2, 3, {.proj_size = 3}); });
  const nn::LSTM lstm(2, 3);
  expect_error(ErrorKind::bad_argument, "Expected sequence length to be larger than 0", [&] { lstm(ones({0, 1, 2})); });
  expect_error(ErrorKind::bad_argument, "expected (1, batch, size), found [2, 1, 3]", [&] {
    lstm(ones({4, 1, 2}), {ones({2, 1, 3}), ones({2, 1, 3})});
  });
  expect_error(ErrorKind::bad_argument, "h and c, or neither", [&] { lstm(ones({4, 1, 2}), {.h = ones({1, 1, 3})}); });
  expect_error(ErrorKind::bad_argument, "expected [12, 5], found [12, 2]", [&] { lstm(ones({4, 1, 5})); });
}

// The gradient of c alone, and of neither h nor all steps.
TEST(Lstm, GivesGradientsOfItsLastCellAlone) {
  const nn::LSTM lstm(2, 3);
  const Tensor x = ones({4, 1, 2});
  sum(lstm(x).second.c).backward();
  EXPECT_GT(max_abs_difference(lstm.parameters()[0].grad(), zeros({12, 2})), 0);
  const nn::LSTM other(2, 3);
  sum(other(x).second.h).backward();  // a view of all steps
  EXPECT_GT(max_abs_difference(other.parameters()[3].grad(), zeros({12})), 0);
}

TEST(MultiheadAttention, RefusesWhatPyTorchRefuses) {
  expect_error(ErrorKind::bad_argument, "embed_dim must be divisible by num_heads",
               [] { nn::MultiheadAttention(5, 2); });
  const nn::MultiheadAttention attention(4, 2);
  const Tensor x = ones({3, 2, 4});
  expect_error(ErrorKind::bad_argument, "attn_mask has the wrong sizes: expected [3, 3] or [4, 3, 3], found [3]",
               [&] { attention(x, x, x, {.attn_mask = ones({3})}); });
  expect_error(ErrorKind::bad_argument, "key_padding_mask has the wrong sizes", [&] {
    attention(x, x, x, {.key_padding_mask = ones({3, 2})});
  });
  expect_error(ErrorKind::bad_argument, "all with a batch or all without", [&] { attention(x, x[0], x); });
}

TEST(AnyModule, MayLeaveOutWhatForwardNeedNotHave) {
  const nn::AnyModule lstm = nn::LSTM(2, 3);
  EXPECT_EQ(lstm.call({ones({4, 1, 2})})[0].to_tensor().sizes(), (Dims{4, 1, 3}));
  EXPECT_EQ(lstm.call({ones({4, 1, 2}), nullptr})[1][1].to_tensor().sizes(), (Dims{1, 1, 3}));
  EXPECT_THROW(lstm.call({}), Error);
  EXPECT_THROW(lstm.call({ones({4, 1, 2}), nullptr, nullptr}), Error);
}

}  // namespace
}  // namespace okibi
