// Optimizer steps: against the plain reference, and against PyTorch 2.15 (tests/golden/make_optimizer_golden.py).
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/reference.h"
#include "kernels/samples.h"

namespace okibi {
namespace {

using nlohmann::json;
using samples::normal;

template <class T>
struct Optimizers : testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Optimizers, Types);

constexpr kernels::SgdStep sgd_steps[] = {{0.1, 0, 0, 0, false, false, false},
                                          {0.1, 0, 0, 0.01, false, true, false},
                                          {0.1, 0.9, 0.2, 0.01, false, false, true},
                                          {0.1, 0.9, 0.2, 0.01, false, false, false},
                                          {0.1, 0.9, 0, 0, true, false, false}};

TYPED_TEST(Optimizers, SgdIsThePlainLoopOnEveryCpuThatFuses) {
  using T = TypeParam;
  samples::on_every_cpu(false, [](const char* cpu) {
    for (const auto& step : sgd_steps) {
      for (const int64_t n : {0, 1, 7, 16, 37, 200}) {
        const auto grad = normal<T>(n);
        auto buffer = normal<T>(n, 2), parameter = normal<T>(n, 3), buffer2 = buffer, parameter2 = parameter;
        kernels::sgd(n, step, grad.data(), buffer.data(), parameter.data());
        reference::sgd(n, step, grad.data(), buffer2.data(), parameter2.data());
        EXPECT_TRUE(samples::same_bits(buffer, buffer2)) << cpu;
        EXPECT_TRUE(samples::same_bits(parameter, parameter2)) << cpu;
      }
    }
  });
}

TYPED_TEST(Optimizers, SgdWithoutMomentumNeedsNoBuffer) {
  using T = TypeParam;
  const std::vector<T> grad{1, 2, 3};
  std::vector<T> parameter{1, 1, 1};
  kernels::sgd<T>(3, {0.5, 0, 0, 0, false, false, false}, grad.data(), nullptr, parameter.data());
  EXPECT_EQ(parameter, (std::vector<T>{0.5, 0, -0.5}));
}

constexpr kernels::AdamStep adam_steps[] = {{1e-3, 0.9, 0.999, 1e-8, 0, 0.1, 0.03, false},
                                            {1e-2, 0.3, 0.99, 1e-6, 0.05, 0.5, 0.7, true}};

TYPED_TEST(Optimizers, AdamIsThePlainLoopOnEveryCpuThatFuses) {
  using T = TypeParam;
  samples::on_every_cpu(false, [](const char* cpu) {
    for (const auto& step : adam_steps) {
      for (const int64_t n : {0, 1, 7, 16, 37, 3600}) {
        const auto grad = normal<T>(n);
        auto m = normal<T>(n, 2), v = normal<T>(n, 3), parameter = normal<T>(n, 4);
        for (T& value : v) value *= value;
        auto m2 = m, v2 = v, parameter2 = parameter;
        kernels::adam(n, step, grad.data(), m.data(), v.data(), parameter.data());
        reference::adam(n, step, grad.data(), m2.data(), v2.data(), parameter2.data());
        EXPECT_TRUE(samples::same_bits(m, m2)) << cpu;
        EXPECT_TRUE(samples::same_bits(v, v2)) << cpu;
        EXPECT_TRUE(samples::same_bits(parameter, parameter2)) << cpu;
      }
    }
  });
}

TYPED_TEST(Optimizers, LargeParametersHaveTheSameBitsWithOneThreadAndWithTwo) {
  using T = TypeParam;
  constexpr int64_t n = 100'003;
  const int before = num_threads();
  const auto grad = normal<T>(n);
  std::vector<T> m[2] = {grad, grad}, v[2] = {std::vector<T>(n, 1), std::vector<T>(n, 1)}, parameter[2] = {grad, grad};
  for (const int threads : {1, 2}) {
    const auto i = static_cast<size_t>(threads - 1);
    set_num_threads(threads);
    kernels::adam(n, adam_steps[0], grad.data(), m[i].data(), v[i].data(), parameter[i].data());
  }
  set_num_threads(before);
  EXPECT_TRUE(samples::same_bits(m[0], m[1]));
  EXPECT_TRUE(samples::same_bits(v[0], v[1]));
  EXPECT_TRUE(samples::same_bits(parameter[0], parameter[1]));
}

std::vector<float> floats(const json& bits) {
  std::vector<float> values;
  for (const json& each : bits) values.push_back(std::bit_cast<float>(each.get<uint32_t>()));
  return values;
}

json golden(const char* optimizer) {
  std::ifstream file(OKIBI_GOLDEN "/optimizers.json");
  return json::parse(file)[optimizer];
}

TEST(OptimizersGolden, SgdHasPyTorchsBits) {
  const json cases = golden("sgd");
  ASSERT_FALSE(cases.empty());
  for (const json& each : cases) {
    SCOPED_TRACE(each["options"].dump());
    const json& o = each["options"];
    auto parameter = floats(each["start"]);
    std::vector<float> buffer(parameter.size());
    kernels::SgdStep step{.lr = o["lr"],
                          .momentum = o.value("momentum", 0.0),
                          .dampening = o.value("dampening", 0.0),
                          .weight_decay = o.value("weight_decay", 0.0),
                          .nesterov = o.value("nesterov", false),
                          .maximize = o.value("maximize", false),
                          .first = true};
    for (const json& grad : each["grads"]) {
      kernels::sgd(static_cast<int64_t>(buffer.size()), step, floats(grad).data(), buffer.data(), parameter.data());
      step.first = false;
    }
    EXPECT_EQ(parameter, floats(each["parameter"]));
    if (step.momentum == 0) continue;
    EXPECT_EQ(buffer, floats(each["state"]["momentum_buffer"]));
  }
}

// PyTorch's own square root is not always the nearest number, so its parameters are only close; its state is equal.
TEST(OptimizersGolden, AdamsStateHasPyTorchsBits) {
  const json cases = golden("adam");
  ASSERT_FALSE(cases.empty());
  for (const json& each : cases) {
    SCOPED_TRACE(each["options"].dump());
    const json& o = each["options"];
    auto parameter = floats(each["start"]);
    std::vector<float> m(parameter.size()), v(parameter.size());
    const auto betas = o.value("betas", std::array<double, 2>{0.9, 0.999});
    double power1 = 1, power2 = 1;
    for (const json& grad : each["grads"]) {
      power1 *= betas[0];
      power2 *= betas[1];
      const kernels::AdamStep step{.lr = o["lr"],
                                   .beta1 = betas[0],
                                   .beta2 = betas[1],
                                   .eps = o.value("eps", 1e-8),
                                   .weight_decay = o.value("weight_decay", 0.0),
                                   .bias_correction1 = 1 - power1,
                                   .bias_correction2_sqrt = std::sqrt(1 - power2),
                                   .maximize = o.value("maximize", false)};
      kernels::adam(static_cast<int64_t>(m.size()), step, floats(grad).data(), m.data(), v.data(), parameter.data());
    }
    if (!o.contains("weight_decay")) {  // with it, the gradient depends on the parameters
      EXPECT_EQ(m, floats(each["state"]["exp_avg"]));
      EXPECT_EQ(v, floats(each["state"]["exp_avg_sq"]));
    }
    const auto expected = floats(each["parameter"]);
    for (size_t i = 0; i < m.size(); ++i) EXPECT_NEAR(parameter[i], expected[i], 3e-7 * (1 + std::abs(expected[i])));
  }
}

}  // namespace
}  // namespace okibi
