// What operators of detectors, encoders and spectra refuse.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include <limits>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

TEST(Nms, KeepsTheBestAndWhatTheyDoNotCover) {
  const Tensor boxes = tensor({{0.0, 0.0, 10.0, 10.0}, {1.0, 1.0, 10.0, 10.0}, {20.0, 20.0, 30.0, 30.0}});
  EXPECT_EQ(nms(boxes, tensor({0.5, 0.9, 0.7}), 0.5).to_vector<int64_t>(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(nms(boxes, tensor({0.5, 0.9, 0.7}), 0.9).to_vector<int64_t>(), (std::vector<int64_t>{1, 2, 0}));
  EXPECT_EQ(nms(zeros({0, 4}), zeros({0}), 0.5).sizes(), Dims{0});
  expect_error(ErrorKind::bad_argument, "nms takes boxes and as many scores, of one dtype: expected (n, 4) and (n)",
               [] {
                 nms(ones({2, 5}), ones({2}), 0.5);
               });
  expect_error(ErrorKind::bad_argument, "nms takes boxes and as many scores", [] {
    nms(ones({2, 4}), ones({3}), 0.5);
  });
}

TEST(RoiAlign, LooksOnlyAtWhatIsThere) {
  const Tensor x = ones({2, 1, 4, 4});
  const auto look = [&](Tensor boxes, int64_t height = 2, int64_t ratio = 2) {
    return roi_align(x, boxes, 1, height, 2, ratio);
  };
  EXPECT_TRUE(allclose(look(tensor({{1.0, 0.0, 0.0, 3.0, 3.0}})), ones({1, 1, 2, 2})));
  expect_error(ErrorKind::out_of_range, "roi_align: box 1 is of a picture that is not there: expected 0 to 1, found 2",
               [&] {
                 look(tensor({{0.0, 0.0, 0.0, 3.0, 3.0}, {2.0, 0.0, 0.0, 3.0, 3.0}}));
               });
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  expect_error(ErrorKind::out_of_range, "found nan", [&] { look(tensor({{nan, 0.0, 0.0, 3.0, 3.0}})); });
  expect_error(ErrorKind::bad_argument, "roi_align: box 0 is not finite", [&] {
    look(tensor({{0.0, 0.0, nan, 3.0, 3.0}}));
  });
  expect_error(ErrorKind::limit, "looked at in more points than any", [&] {
    look(tensor({{0.0, 0.0, 0.0, 1e30, 3.0}}), 2, -1);
  });
  expect_error(ErrorKind::bad_argument, "sizes must not be negative", [&] {
    look(tensor({{0.0, 0.0, 0.0, 1.0, 3.0}}), -1);
  });
  expect_error(ErrorKind::bad_argument, "points not beyond 2^24", [&] {
    look(tensor({{0.0, 0.0, 0.0, 1.0, 3.0}}), 2, INT64_MAX);
  });
  expect_error(ErrorKind::bad_argument, "roi_align: there is nothing to look at", [] {
    roi_align(ones({1, 1, 0, 4}), tensor({{0.0, 0.0, 0.0, 1.0, 3.0}}), 1, 2, 2);
  });
  expect_error(ErrorKind::bad_argument, "roi_align takes pictures and boxes of one dtype", [&] { look(ones({1, 4})); });
}

Value call(std::string_view name, std::vector<Value> arguments) { return find_op(name)->call(arguments); }

TEST(NativeAttention, RefusesWhatDoesNotFit) {
  const auto attend = [](const Tensor& x, int64_t heads, const Value& mask, const Value& type) {
    return call("aten::_native_multi_head_attention",
                {x, x, x, 4, heads, ones({12, 4}), ones({12}), ones({4, 4}), ones({4}), mask, true, true, type});
  };
  const Tensor x = ones({2, 3, 4});
  EXPECT_EQ(attend(x, 2, nullptr, nullptr)[1].to_tensor().sizes(), (Dims{2, 3, 3}));
  expect_error(ErrorKind::bad_argument, "`embed_dim` must divide evenly by `num_heads`: found 4 by 3",
               [&] { attend(x, 3, nullptr, nullptr); });
  expect_error(ErrorKind::bad_argument, "`embed_dim` must divide evenly by `num_heads`: found 4 by 0",
               [&] { attend(x, 0, nullptr, nullptr); });
  expect_error(ErrorKind::bad_argument, "attention: the sizes do not fit", [&] {
    attend(ones({3, 4}), 2, nullptr, nullptr);
  });
  const Tensor mask = zeros({3, 3}, {boolean});
  expect_error(ErrorKind::bad_argument,
               "Mask Type should be 0 (src_mask), 1 (src_key_padding_mask), or 2 (default_mask)",
               [&] { attend(x, 2, mask, nullptr); });
  expect_error(ErrorKind::bad_argument, "the mask has other sizes than its type means: expected [2, 3], found [3, 3]",
               [&] { attend(x, 2, mask, 1); });
}

TEST(Stft, RefusesWhatDoesNotFit) {
  const auto transform = [](const Tensor& x, const Value& n_fft, const Value& hop, const Value& length,
                            const Value& window) {
    return call("aten::stft", {x, n_fft, hop, length, window, false, nullptr, false, nullptr}).to_tensor();
  };
  const Tensor x = ones({20});
  EXPECT_EQ(transform(x, 8, INT64_MAX, nullptr, nullptr).sizes(), (Dims{5, 1, 2}));
  expect_error(ErrorKind::bad_argument, "stft: expected 0 < n_fft <= 20: found 21",
               [&] { transform(x, 21, 1, nullptr, nullptr); });
  expect_error(ErrorKind::bad_argument, "stft: expected hop_length > 0: found -1",
               [&] { transform(x, 8, -1, nullptr, nullptr); });
  expect_error(ErrorKind::bad_argument, "stft: expected hop_length > 0: found 0",
               [&] { transform(x, 3, nullptr, nullptr, nullptr); });
  expect_error(ErrorKind::bad_argument, "stft: expected 0 < win_length <= n_fft (8): found 9",
               [&] { transform(x, 8, 1, 9, nullptr); });
  expect_error(ErrorKind::bad_argument, "stft: expected a 1D window of 8: found [7]",
               [&] { transform(x, 8, 1, 8, ones({7})); });
  expect_error(ErrorKind::bad_argument, "the return_complex parameter must be given for real inputs", [&] {
    call("aten::stft", {x, 8, 1, nullptr, nullptr, false, nullptr, nullptr, nullptr});
  });
}

TEST(Complex, NumbersArePairsOfRealOnes) {
  const Tensor pairs = tensor({{3.0, 4.0}, {0.0, -2.0}});
  const Tensor numbers = call("aten::view_as_complex", {pairs}).to_tensor();
  EXPECT_EQ(numbers.dtype(), complex64);
  EXPECT_TRUE(equal(abs(numbers), tensor({5.0, 2.0})));
  EXPECT_TRUE(equal(call("aten::imag", {numbers}).to_tensor(), tensor({4.0, -2.0})));
  expect_error(ErrorKind::bad_argument, "Tensor must have a last dimension of size 2",
               [&] { call("aten::view_as_complex", {pairs.t().contiguous().t()}); });
  expect_error(ErrorKind::bad_argument, "view_as_real is only supported for complex tensors: found float32",
               [&] { call("aten::view_as_real", {pairs}); });
}

}  // namespace
}  // namespace okibi
