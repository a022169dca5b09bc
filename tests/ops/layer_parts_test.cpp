// Layers by the names of their parts, shapes and reductions into places: what they refuse, what they change, and
// numbers of PyTorch 2.15 where an older one has no such operator.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include <cmath>

#include "calls.h"
#include "sample_tensors.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing_help::call;
using testing_help::computed;

TEST(Shuffles, SayWhatDoesNotDivide) {
  const Tensor x = zeros({1, 6, 2, 2});
  expect_error(
      ErrorKind::bad_argument,
      "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
      "input.size(-3)=6 is not divisible by 4",
      [&] {
        computed("aten::pixel_shuffle", {x, 2});
      });
  expect_error(ErrorKind::bad_argument, "pixel_shuffle expects a positive upscale_factor, but got 0", [&] {
    computed("aten::pixel_shuffle", {x, 0});
  });
  EXPECT_THROW(computed("aten::pixel_shuffle", {zeros({0, 0, 2, 2}), INT64_MAX}), Error);
  expect_error(ErrorKind::bad_argument, "Number of channels must be divisible by groups", [&] {
    computed("aten::channel_shuffle", {x, 4});
  });
  expect_error(ErrorKind::bad_argument, "Number of groups to divide channels in must be positive. Value of groups:-1",
               [&] {
                 computed("aten::native_channel_shuffle", {x, -1});
               });
}

TEST(OneHot, SaysWhatItRefuses) {
  const auto one_hot = [](const Tensor& x, int64_t classes) { return computed("aten::one_hot", {x, classes}); };
  expect_error(ErrorKind::bad_argument, "Class values must be smaller than num_classes.", [&] {
    one_hot(tensor({1, 2}), 2);
  });
  expect_error(ErrorKind::bad_argument, "Class values must be non-negative.", [&] { one_hot(tensor({1, -2}), -1); });
  expect_error(ErrorKind::bad_argument, "Can not infer total number of classes from empty tensor.",
               [&] { one_hot(zeros({0}, {int64}), -1); });
  expect_error(ErrorKind::bad_argument, "one_hot is only applicable to index tensor of type LongTensor.",
               [&] { one_hot(zeros({2}), -1); });
  EXPECT_THROW(one_hot(tensor({INT64_MAX}), -1), Error);
}

TEST(InstanceNorm, MovesRunningStatistics) {
  const Tensor x = tensor({{{1.0, 3.0}, {2.0, 2.0}}, {{5.0, 5.0}, {0.0, 4.0}}}, float64);
  const Tensor mean = zeros({2}, {float64}), variance = ones({2}, {float64});
  computed("aten::instance_norm", {x, nullptr, nullptr, mean, variance, true, 0.1, 1e-5, true});
  EXPECT_TRUE(allclose(mean, tensor({0.35, 0.2}, float64))) << mean;
  EXPECT_TRUE(allclose(variance, tensor({1.0, 1.3}, float64))) << variance;
  expect_error(ErrorKind::bad_argument,
               "Expected running_mean and running_var to be defined when use_input_stats is false", [&] {
                 computed("aten::instance_norm", {x, nullptr, nullptr, mean, nullptr, false, 0.1, 1e-5, true});
               });
}

TEST(SafeSoftmax, GivesZerosWhereAllIsMasked) {
  const Tensor x = tensor({{-INFINITY, -INFINITY}, {0.0, -INFINITY}});
  EXPECT_TRUE(equal(computed("aten::_safe_softmax", {x, 1, nullptr}), tensor({{0.0, 0.0}, {1.0, 0.0}})));
}

TEST(Softmax, OfHalvesMayBeOfFloat32) {
  const Tensor x = tensor({0.1, 2.0, -1.0}).to(float16);
  const Tensor found = computed("aten::_softmax", {x, 0, true});
  EXPECT_EQ(found.dtype(), float32);
  EXPECT_TRUE(equal(found, softmax(x.to(float32), 0)));
  EXPECT_EQ(computed("aten::_log_softmax", {x, 0, true}).dtype(), float32);
}

// Of one head with two queries and three keys; with numbers of PyTorch.
struct Heads {
  Tensor q = leaf({{{0.5, -1.0}, {2.0, 0.25}}}), k = leaf({{{1.0, 2.0}, {-1.0, 0.5}, {0.0, 1.0}}}),
         v = leaf({{{1.0}, {2.0}, {4.0}}});

 private:
  static Tensor leaf(TensorLiteral numbers) { return tensor(numbers, float64).requires_grad_(); }
};

TEST(Attention, IsZeroWhereARowIsMaskedWhole) {
  const Tensor truths = tensor({{false, false, false}, {true, false, true}});
  const Tensor numbers = masked_fill(zeros({2, 3}, {float64}), logical_not(truths), -INFINITY);
  for (const Tensor& mask : {truths, numbers}) {
    const Heads heads;
    const Tensor out =
        computed("aten::scaled_dot_product_attention", {heads.q, heads.k, heads.v, mask, 0.0, false, nullptr, false});
    EXPECT_TRUE(allclose(out, tensor({{{0.0}, {1.50773386068736}}}, float64), 1e-12)) << out;
    sum(out).backward();
    EXPECT_TRUE(
        allclose(heads.q.grad(), tensor({{{0.0, 0.0}, {-0.29825950442029747, -0.2982595044202974}}}, float64), 1e-12))
        << heads.q.grad();
    EXPECT_TRUE(allclose(
        heads.k.grad(),
        tensor({{{-0.5965190088405949, -0.07456487610507437}, {0.0, 0.0}, {0.596519008840595, 0.07456487610507438}}},
               float64),
        1e-12))
        << heads.k.grad();
    EXPECT_TRUE(
        allclose(heads.v.grad(), tensor({{{0.8307553797708799}, {0.0}, {0.16924462022912004}}}, float64), 1e-12))
        << heads.v.grad();
  }
}

TEST(Attention, TakesScalesBelowZero) {
  const Heads heads;
  const std::vector<Value> inputs = {heads.q, heads.k, heads.v, nullptr, 0.0, false};
  std::vector<Value> plain = inputs, in_parts = inputs;
  plain.insert(plain.end(), {-0.7, false});
  in_parts.insert(in_parts.end(), {nullptr, -0.7, false});
  const Value found = call("aten::_scaled_dot_product_attention_math", in_parts);
  EXPECT_TRUE(allclose(computed("aten::scaled_dot_product_attention", plain), found[0].to_tensor(), 1e-12));
  EXPECT_TRUE(allclose(found[0].to_tensor(), tensor({{{2.1699096151656208}, {2.318300150631877}}}, float64), 1e-12));
  EXPECT_TRUE(allclose(found[1].to_tensor(),
                       tensor({{{0.4150451924171896, 0.2924774037914052, 0.2924774037914052},
                                {0.03674891955003857, 0.7857265453590037, 0.17752453509095778}}},
                              float64),
                       1e-12));
}

TEST(Attention, SharesKeysAndValuesAmongHeadsInPartsToo) {
  const Tensor q = samples::distinct({2, 4, 3, 2}), k = samples::distinct({2, 2, 5, 2}),
               v = samples::some({2, 2, 5, 2});
  for (const double scale : {0.7, -0.7}) {
    const Tensor plain = computed("aten::scaled_dot_product_attention", {q, k, v, nullptr, 0.0, false, scale, true});
    const Value parts =
        call("aten::_scaled_dot_product_attention_math", {q, k, v, nullptr, 0.0, false, nullptr, scale, true});
    EXPECT_TRUE(allclose(parts[0].to_tensor(), plain, 1e-12)) << scale;
    EXPECT_EQ(parts[1].to_tensor().sizes(), (Dims{2, 4, 3, 5}));
  }
}

TEST(FeatureAlphaDropout, DropsWholeChannels) {
  manual_seed(1);
  const Tensor out = computed("aten::feature_alpha_dropout", {ones({3, 4, 5}), 0.5, true});
  EXPECT_TRUE(equal(out, out.narrow(2, 0, 1).expand({3, 4, 5}).contiguous()));
  EXPECT_GT(max(out).item<double>(), min(out).item<double>());
  expect_error(ErrorKind::bad_argument, "dropout probability has to be between 0 and 1, but got nan", [] {
    computed("aten::feature_alpha_dropout", {ones({2, 2}), NAN, true});
  });
}

TEST(DepthwiseConvolutions, AreConvolutionsOfOneChannelEach) {
  const Tensor x = rand({2, 3, 5, 5}), weight = rand({6, 1, 2, 2});
  const Tensor expected = convolution(x, weight, {}, {.stride = {1}, .padding = {1}, .dilation = {1}, .groups = 3});
  EXPECT_TRUE(allclose(
      computed("aten::_conv_depthwise2d", {x, weight, List{2, 2}, nullptr, List{1, 1}, List{1, 1}, List{1, 1}}),
      expected));
}

TEST(DepthwiseConvolutions, AreSuchInThreeDimensionsToo) {
  const Tensor x = rand({2, 3, 4, 5, 4}), weight = rand({6, 1, 2, 2, 1}), bias = rand({6});
  const Tensor expected =
      convolution(x, weight, bias, {.stride = {1, 2, 1}, .padding = {1, 0, 0}, .dilation = {1, 2, 1}, .groups = 3});
  EXPECT_TRUE(allclose(
      computed("aten::conv_depthwise3d", {x, weight, List{2, 2, 1}, bias, List{1, 2, 1}, List{1, 0, 0}, List{1, 2, 1}}),
      expected));
}

TEST(Patches, SayWhatDoesNotFit) {
  const Tensor x = zeros({1, 2, 3, 4});
  const auto columns = [&](List kernel, List dilation, List padding, List stride) {
    return computed("aten::im2col", {x, kernel, dilation, padding, stride});
  };
  expect_error(ErrorKind::bad_argument,
               "Given input with spatial size (3, 4), kernel_size=(4, 2), dilation=(1, 1), padding=(0, 0), calculated "
               "shape of the array of sliding blocks as (0, 3), but its components must be at least one.",
               [&] {
                 columns({4, 2}, {1, 1}, {0, 0}, {1, 1});
               });
  expect_error(ErrorKind::bad_argument, "stride should be greater than zero, but got stride_height: 0 stride_width: 1",
               [&] {
                 columns({2, 2}, {1, 1}, {0, 0}, {0, 1});
               });
  EXPECT_THROW(columns({2, 2}, {INT64_MAX, 1}, {0, 0}, {1, 1}), Error);
  EXPECT_THROW(columns({2}, {1, 1}, {0, 0}, {1, 1}), Error);
  expect_error(
      ErrorKind::bad_argument,
      "expected size of input's dimension 2 to match the calculated number of sliding "
      "blocks 1 * 4 = 4, but got input.size(2)=3.",
      [&] {
        computed("aten::col2im", {zeros({1, 8, 3}), List{2, 5}, List{2, 2}, List{1, 1}, List{0, 0}, List{1, 1}});
      });
  expect_error(ErrorKind::out_of_range, "Found an invalid max index: 16 (output volumes are of size 4x4)", [] {
    computed("aten::max_unpool2d", {zeros({1, 1, 2}), tensor({{{0, 16}}}), List{4, 4}});
  });
  expect_error(ErrorKind::bad_argument, "maximum size for tensor at dimension 1 is 3 but size is 4", [] {
    computed("aten::unfold", {zeros({2, 3}), 1, 4, 1});
  });
  expect_error(ErrorKind::bad_argument, "step is 0 but must be > 0", [] {
    computed("aten::unfold", {zeros({2, 3}), 1, 2, 0});
  });
}

TEST(Unfold, IsAView) {
  const Tensor x = zeros({5});
  computed("aten::unfold", {x, 0, 2, 2}).fill_(1);
  EXPECT_TRUE(equal(x, tensor({1.0, 1.0, 1.0, 1.0, 0.0})));
}

TEST(Divisions, SayWhatTheyRefuse) {
  expect_error(ErrorKind::bad_argument, "number of sections must be larger than 0, got 0", [] {
    call("aten::tensor_split.sections", {arange(5), 0, 0});
  });
  expect_error(ErrorKind::limit, "more sections than anybody wants", [] {
    call("aten::tensor_split.sections", {arange(5), INT64_MAX, 0});
  });
  expect_error(ErrorKind::bad_argument,
               "torch.hsplit attempted to split along dimension 0, but the size of the dimension 5 is not divisible by "
               "the split_size 2!",
               [] {
                 call("aten::hsplit.int", {arange(5), 2});
               });
  expect_error(ErrorKind::bad_argument,
               "torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with 1 dimensions!", [] {
                 call("aten::vsplit.int", {arange(6), 2});
               });
  expect_error(ErrorKind::bad_argument, "self.size(-1) must be divisible by 2 to view float32 as int64", [] {
    call("aten::view.dtype", {zeros({3}), int64});
  });
  expect_error(ErrorKind::bad_argument, "self.storage_offset() must be divisible by 2", [] {
    call("aten::view.dtype", {zeros({3}).narrow(0, 1, 2), int64});
  });
  expect_error(ErrorKind::bad_argument, "start must be an 0-dim integral Tensor.", [] {
    call("aten::narrow.Tensor", {arange(5), 0, tensor(1.0), 2});
  });
}

TEST(Matrices, SayWhatTheyRefuse) {
  expect_error(ErrorKind::bad_argument, "diag(): Supports 1D or 2D tensors. Got 0D", [] {
    computed("aten::diag", {tensor(3), 0});
  });
  EXPECT_THROW(computed("aten::diag_embed", {zeros({3}), INT64_MIN, -2, -1}), Error);
  EXPECT_EQ(computed("aten::block_diag", {List{ones({1, 2}), tensor(2.0, float64)}}).dtype(), float32);
  expect_error(ErrorKind::limit, "combinations: there are too many", [] {
    computed("aten::combinations", {arange(1000), 500, false});
  });
  EXPECT_EQ(computed("aten::combinations", {arange(3), INT64_MAX, false}).sizes()[0], 0);
  expect_error(ErrorKind::bad_argument,
               "contracted dimensions need to match, but first has size 3 in dim 1 and second has size 4 in dim 1", [] {
                 computed("aten::tensordot", {zeros({2, 3}), zeros({3, 4}), List{1}, List{1}});
               });
  expect_error(ErrorKind::bad_argument, "linalg.cross: inputs dimension -1 must have length 3. Got 1 and 2", [] {
    computed("aten::linalg_cross", {zeros({3, 1}), zeros({3, 2}), -1});
  });
  expect_error(ErrorKind::bad_argument, "expected rotation dims to be different, but got dim0 = 0 and dim1 = -2", [] {
    computed("aten::rot90", {zeros({2, 2}), 1, List{0, -2}});
  });
  expect_error(ErrorKind::bad_argument, "N must be greater than 1.", [] {
    computed("aten::linalg_vander", {tensor({1.0}), nullptr});
  });
}

TEST(Reductions, IntoPlaces) {
  const Tensor one = ones({3});
  const auto reduced = [&](const Tensor& index, const Tensor& source, const char* name) {
    return computed("aten::scatter_reduce.two", {one, 0, index, source, name, true});
  };
  EXPECT_TRUE(std::isnan(reduced(tensor({0, 0}), tensor({2.0, NAN}), "amax")[0].item<double>()));
  expect_error(ErrorKind::bad_argument, "reduce argument must be either sum, prod, mean, amax or amin, got foo",
               [&] { reduced(tensor({0}), ones({1}), "foo"); });
  expect_error(ErrorKind::out_of_range, "index 3 is out of bounds for dimension 0 with size 3",
               [&] { reduced(tensor({3}), ones({1}), "sum"); });
  expect_error(ErrorKind::bad_argument,
               "wants an index of 1 dimensions, in none of which it is larger: expected at most [1], found [2]", [&] {
                 reduced(tensor({0, 0}), ones({1}), "sum");
               });
  expect_error(ErrorKind::out_of_range, "out of range: tried to access index -4 on a tensor of 3 elements.", [&] {
    computed("aten::take", {one, tensor({-4})});
  });
  expect_error(ErrorKind::bad_argument,
               "expected src to have a size equal to the slice of self. src size = [2, 1], slice size = [2]", [] {
                 computed("aten::select_scatter", {zeros({2, 3}), ones({2, 1}), 1, 0});
               });
  EXPECT_TRUE(equal(computed("aten::pad_sequence", {List{tensor({1.0}), tensor({2.0, 3.0})}, true, 9.0, "left"}),
                    tensor({{9.0, 1.0}, {2.0, 3.0}})));
  EXPECT_TRUE(
      equal(computed("aten::nonzero_static", {tensor({{1, 0}, {0, 1}}), 3, -1}), tensor({{0, 0}, {1, 1}, {-1, -1}})));
}

}  // namespace
}  // namespace okibi
