// What programs do with texts, numbers and dtypes beside tensors: values that PyTorch 2.15 gives.
#include <gmock/gmock.h>
#include <okibi/ops.h>

#include <cmath>
#include <complex>

#include "script/kernels.h"
#include "tensor/expect_error.h"

namespace okibi::script {
namespace {

Value call(std::string_view name, std::vector<Value> arguments) { return find_kernel(name)(arguments); }
std::string text(std::string_view name, std::vector<Value> arguments) {
  return call(name, std::move(arguments)).to_string();
}
bool truth(std::string_view name, std::vector<Value> arguments) { return call(name, std::move(arguments)).to_bool(); }

TEST(Texts, ChangeCases) {
  EXPECT_TRUE(truth("aten::islower", {"a\tb1"}));
  EXPECT_FALSE(truth("aten::islower", {"+12"}));
  EXPECT_TRUE(truth("aten::isupper", {"AB C"}));
  EXPECT_EQ(text("aten::title", {"hello WORLD 1a"}), "Hello World 1A");
  EXPECT_EQ(text("aten::capitalize", {"aBc b"}), "Abc b");
  EXPECT_EQ(text("aten::swapcase", {"aBc"}), "AbC");
}

TEST(Texts, GrowToAWidth) {
  EXPECT_EQ(text("aten::rjust", {"-5", 8, "*"}), "******-5");
  EXPECT_EQ(text("aten::ljust", {"-5", 4, "."}), "-5..");
  EXPECT_EQ(text("aten::center", {"-5", 9, "-"}), "-----5---");
  EXPECT_EQ(text("aten::center", {"abcde", 8, "-"}), "-abcde--");
  EXPECT_EQ(text("aten::zfill", {"-5", 4}), "00-5");
  EXPECT_EQ(text("aten::rjust", {"abc", INT64_MIN, " "}), "abc");
  expect_error(ErrorKind::limit, "grows beyond any", [] { call("aten::rjust", {"a", INT64_MAX, " "}); });
  expect_error(ErrorKind::bad_argument, "exactly one character", [] { call("aten::ljust", {"a", 5, "ab"}); });
}

TEST(Texts, ComeApart) {
  const auto parts = [](const Value& list) {
    std::vector<std::string> all;
    for (size_t i = 0; i < list.size(); ++i) all.push_back(list[i].to_string());
    return all;
  };
  using testing::ElementsAre;
  EXPECT_THAT(parts(call("aten::splitlines", {"a\nb\r\n\rc", false})), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(parts(call("aten::splitlines", {"a\nb\r\n", true})), ElementsAre("a\n", "b\r\n"));
  EXPECT_THAT(parts(call("aten::partition", {"abcb", "b"})), ElementsAre("a", "b", "cb"));
  EXPECT_THAT(parts(call("aten::rpartition", {"abcb", "b"})), ElementsAre("abc", "b", ""));
  EXPECT_THAT(parts(call("aten::rpartition", {"abcb", "x"})), ElementsAre("", "", "abcb"));
  EXPECT_THAT(parts(call("aten::rsplit", {"a b c", " ", 1})), ElementsAre("a b", "c"));
  EXPECT_THAT(parts(call("aten::rsplit", {"a b c", " ", -1})), ElementsAre("a", "b", "c"));
  expect_error(ErrorKind::bad_argument, "empty separator", [] { call("aten::rsplit", {"a", "", -1}); });
}

TEST(Texts, AreNumbersAndBack) {
  EXPECT_EQ(call("aten::Float.str", {"1.5"}).to_double(), 1.5);
  EXPECT_EQ(call("aten::Int.str", {"-12"}).to_int(), -12);
  expect_error(ErrorKind::bad_argument, "could not convert string to float: '1.5x'",
               [] { call("aten::Float.str", {"1.5x"}); });
  for (const char* bad : {"", "12abc", "99999999999999999999"}) {
    expect_error(ErrorKind::bad_argument, "invalid literal for int() with base 10",
                 [&] { call("aten::Int.str", {bad}); });
  }
  EXPECT_EQ(text("aten::hex", {-255}), "-0xff");
  EXPECT_EQ(text("aten::oct", {8}), "0o10");
  EXPECT_EQ(text("aten::bin", {INT64_MIN}), "-0b1" + std::string(63, '0'));
  EXPECT_EQ(text("aten::chr", {65}), "A");
  EXPECT_EQ(call("aten::ord", {"A"}).to_int(), 65);
  EXPECT_TRUE(truth("aten::lt.str", {"a", "b"}));
  EXPECT_FALSE(truth("aten::ge.str", {"a", "b"}));
}

TEST(HostNumbers, DivideWithTheirRest) {
  const Value whole = call("aten::divmod.int", {-7, 2}), real = call("aten::divmod.float_int", {7.5, -2});
  EXPECT_EQ(whole[0].to_int(), -4);
  EXPECT_EQ(whole[1].to_int(), 1);
  EXPECT_EQ(real[0].to_double(), -4);
  EXPECT_EQ(real[1].to_double(), -0.5);
  EXPECT_THROW(call("aten::divmod.int", {1, 0}), Error);
  EXPECT_EQ(call("aten::__round_to_zero_floordiv.int", {INT64_MIN, -1}).to_int(), INT64_MIN);
}

TEST(HostNumbers, MayBeComplex) {
  const std::complex<double> z(3, 4);
  EXPECT_EQ(call("aten::sqrt.complex", {Value(z)}).to_complex(), std::complex<double>(2, 1));
  EXPECT_NEAR(call("aten::angle.complex", {Value(z)}).to_double(), std::atan2(4, 3), 1e-15);
  EXPECT_TRUE(truth("aten::isnan.complex", {Value(std::complex<double>(NAN, 1))}));
  EXPECT_TRUE(truth("aten::eq.complex_float", {Value(std::complex<double>(2, 0)), 2.0}));
}

TEST(Windows, AreThoseOfPyTorch) {
  const auto window = [](std::string_view name, std::vector<Value> before) {
    for (int i = 0; i < 4; ++i) before.emplace_back();
    return call(name, before).to_tensor();
  };
  EXPECT_TRUE(allclose(window("aten::hann_window", {4}), tensor({0.0, 0.5, 1.0, 0.5})));
  EXPECT_TRUE(allclose(window("aten::hamming_window.periodic", {4, false}), tensor({0.08, 0.77, 0.77, 0.08})));
  EXPECT_TRUE(allclose(window("aten::blackman_window", {4}), tensor({0.0, 0.34, 1.0, 0.34}), 1e-5, 1e-7));
  EXPECT_TRUE(allclose(window("aten::bartlett_window", {5}), tensor({0.0, 0.4, 0.8, 0.8, 0.4})));
  EXPECT_TRUE(allclose(window("aten::kaiser_window.beta", {4, false, 3.0}),
                       tensor({0.204884756, 0.871241874, 0.871241874, 0.204884756})));
  EXPECT_TRUE(equal(window("aten::hann_window", {1}), ones({1})));
  EXPECT_EQ(window("aten::hann_window", {0}).numel(), 0);
  EXPECT_TRUE(allclose(window("aten::fft_fftfreq", {5, 2.0}), tensor({0.0, 0.1, 0.2, -0.2, -0.1})));
  expect_error(ErrorKind::bad_argument, "hann_window requires non-negative window_length, got window_length=-1",
               [&] { window("aten::hann_window", {-1}); });
  expect_error(ErrorKind::unsupported, "a beta of at most 700", [&] {
    window("aten::kaiser_window.beta", {4, false, INFINITY});
  });
}

// With their end, and for whole dtypes as PyTorch makes them: as many as the bounds hold, by what is left of the step.
TEST(Ranges, HaveTheirEnd) {
  const auto range = [](std::string_view name, std::vector<Value> bounds, Value dtype) {
    bounds.insert(bounds.end(), {dtype, nullptr, nullptr, nullptr});
    return call(name, bounds).to_tensor();
  };
  const Value whole = static_cast<int64_t>(int64);
  EXPECT_TRUE(allclose(range("aten::range.step", {0, 4.5, 1.5}, nullptr), tensor({0.0, 1.5, 3.0, 4.5})));
  EXPECT_TRUE(equal(range("aten::range", {0.5, 3}, whole), tensor({0, 1, 2, 3})));
  EXPECT_TRUE(equal(range("aten::range.step", {0, 10, 2.5}, whole), tensor({0, 2, 4, 6, 8, 10})));
  expect_error(ErrorKind::bad_argument, "range: the bounds do not fit the sign of the step", [&] {
    range("aten::range", {1, 0}, nullptr);
  });
}

TEST(Strided, AsProgramsAskForThem) {
  const auto strided = [](List sizes, List strides) {
    return call("aten::empty_strided", {sizes, strides, nullptr, nullptr, nullptr, nullptr}).to_tensor();
  };
  EXPECT_EQ(strided({2, 3}, {1, 2}).strides(), (Dims{1, 2}));
  EXPECT_EQ(strided({0, 3}, {7, 7}).numel(), 0);
  EXPECT_THROW(strided({0, 3}, {INT64_MAX, INT64_MAX}), Error);
  EXPECT_THROW(strided({2, 3}, {1, -1}), Error);
  EXPECT_THROW(strided({2, 3}, {INT64_MAX, 1}), Error);
  EXPECT_THROW(strided({2}, {}), Error);
  const Tensor permuted =
      call("aten::empty_permuted", {List{2, 3, 4}, List{2, 0, 1}, nullptr, nullptr, nullptr, nullptr}).to_tensor();
  EXPECT_EQ(permuted.sizes(), (Dims{2, 3, 4}));
  EXPECT_EQ(permuted.strides(), (Dims{3, 1, 6}));
}

TEST(DTypes, AreAskedFor) {
  const auto number = [](DType dtype) { return static_cast<int64_t>(dtype); };
  EXPECT_EQ(call("aten::result_type.Scalar", {arange(2), 2.5}).to_int(), number(float32));
  EXPECT_EQ(call("aten::result_type.Tensor", {arange(2), tensor(1.0, float64)}).to_int(), number(float64));
  EXPECT_EQ(call("aten::promote_types", {number(int32), number(float32)}).to_int(), number(float32));
  EXPECT_FALSE(truth("aten::can_cast", {number(float32), number(int64)}));
  EXPECT_TRUE(truth("aten::can_cast", {number(int64), number(int32)}));
}

}  // namespace
}  // namespace okibi::script
