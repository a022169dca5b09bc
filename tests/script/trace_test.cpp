// Programs that are traced from C++. What PyTorch makes of each layer that was traced, tests/interop tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/jit.h>
#include <okibi/ops.h>

#include "script/problem.h"

namespace okibi::jit {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_help::problem_of;

// A model whose forward is a function of one tensor and a weight.
struct Free : nn::Module {
  explicit Free(std::function<Value(const Tensor& x, const Tensor& w)> work) : work_(std::move(work)) {
    register_parameter("w", tensor({{1.0, -2.0, 3.0}, {0.5, 1.5, -1.0}, {2.0, 1.0, 0.0}}));
    eval();
  }
  Value forward(const Tensor& x) { return work_(x, parameter(0)); }
  std::function<Value(const Tensor& x, const Tensor& w)> work_;
};

std::string problem_of_tracing(std::function<Value(const Tensor& x, const Tensor& w)> work,
                               const TraceOptions& options = {}) {
  return problem_of([&] { trace(Free(std::move(work)), {randn({4, 3})}, options); });
}

// What the program gives for another batch, and the forward.
void expect_follows(std::function<Value(const Tensor& x, const Tensor& w)> work, int64_t batch = 7) {
  Free model(work);
  const Module program = trace(model, {randn({4, 3})});
  const Tensor x = randn({batch, 3});
  const NoGrad no_grad;
  const Value expected = model.forward(x), found = program.forward({x});
  ASSERT_EQ(found.kind(), expected.kind());
  EXPECT_TRUE(allclose(found.to_tensor(), expected.to_tensor(), 1e-5, 1e-6)) << repr(found) << repr(expected);
}

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 1)};
  Net() { register_modules({{"gender", gender}, {"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) { return mlp(cat({gender(g), job(j), x}, 1)); }
};

TEST(Tracing, FollowsAModelOfOnesOwnForAnyBatch) {
  Net net;
  net.eval();
  const Module program = trace(net, {tensor({0, 1}), tensor({3, 12}), randn({2, 4})});
  const NoGrad no_grad;
  const Tensor g = tensor({0, 1, 1, 0, 1}), j = tensor({3, 12, 7, 5, 0}), x = randn({5, 4});
  EXPECT_TRUE(allclose(program.forward({g, j, x}).to_tensor(), net.forward(g, j, x)));
  EXPECT_EQ(program.state_dict().size(), net.state_dict().size());
  net.parameters()[0].detach().fill_(0.5);
  EXPECT_TRUE(allclose(program.forward({g, j, x}).to_tensor(), net.forward(g, j, x))) << "the tensors are the same";
}

TEST(Tracing, FollowsViewsOfAllKinds) {
  expect_follows([](const Tensor& x, const Tensor& w) { return matmul(x, w.t()); });
  expect_follows([](const Tensor& x, const Tensor&) { return x.view({x.size(0) * 3}).reshape({-1, 3}); });
  expect_follows([](const Tensor& x, const Tensor&) { return x.t().reshape({x.size(0), 3}); });
  expect_follows([](const Tensor& x, const Tensor&) { return x.transpose(0, 1).clone().view({-1}); });
  expect_follows([](const Tensor& x, const Tensor& w) { return x.unsqueeze(1).expand({x.size(0), 3, 3}) * w; });
  expect_follows([](const Tensor& x, const Tensor& w) { return x.slice(1, 0, -1) + w[1].slice(0, 1, 3) * 2; });
  expect_follows([](const Tensor& x, const Tensor&) { return x.narrow(0, 1, x.size(0) - 1).permute({1, 0}); });
  expect_follows([](const Tensor& x, const Tensor&) { return cat({x.select(1, 2), x[0], x.flatten()}, 0); });
  expect_follows([](const Tensor& x, const Tensor&) { return x.to(float64).detach().squeeze(); });
  expect_follows([](const Tensor& x, const Tensor&) { return stack(chunk(x, 3, 1), 0); });
}

TEST(Tracing, FollowsTensorsThatAreMadeForTheBatch) {
  expect_follows([](const Tensor& x, const Tensor&) { return cat({x, zeros({x.size(0), 2})}, 1); });
  expect_follows([](const Tensor& x, const Tensor&) { return x + arange(x.size(0)).unsqueeze(1).to(float32); });
  expect_follows([](const Tensor& x, const Tensor&) { return x * full({2 * x.size(0) + 1, 1, 1}, 1.5); });
  expect_follows([](const Tensor& x, const Tensor&) { return x * tensor({1.0, 2.0, 3.0}); });
  expect_follows([](const Tensor& x, const Tensor&) { return gelu(x) / 2 - 1; });
}

TEST(Tracing, GivesTuplesAndDicts) {
  const auto two = [](const Tensor& x, const Tensor& w) { return Value(Tuple{x + 1, List{w, x}}); };
  const Value found = trace(Free(two), {ones({2, 3})}).forward({ones({5, 3})});
  EXPECT_TRUE(equal(found[0].to_tensor(), full({5, 3}, 2)));
  EXPECT_EQ(found[1][1].to_tensor().sizes(), (Dims{5, 3}));
  const auto named = [](const Tensor& x, const Tensor&) { return Value(Dict{{"out", x + 1}, {"aux", x * 2}}); };
  EXPECT_TRUE(equal(trace(Free(named), {ones({2, 3})}).forward({ones({5, 3})})["aux"].to_tensor(), full({5, 3}, 2)));
}

TEST(Tracing, SaysWhatCannotBeFollowed) {
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) { return x.sizes()[0] > 4 ? relu(x) : x; }),
              HasSubstr("other batch sizes"));
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) { return sum(x).item<float>() > 0 ? x : relu(x); }),
              AllOf(HasSubstr("reads a number"), HasSubstr("set_script_forward")));
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) {
                const Tensor y = x + 1;
                y.fill_(2);
                return y;
              }),
              HasSubstr("in place"));
  EXPECT_THAT(
      problem_of_tracing([](const Tensor& x, const Tensor&) { return x * (1.0 / static_cast<double>(x.size(0))); }),
      HasSubstr("depends on the batch size"));
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) {
                return x.reshape({-1}).expand({x.size(0) * x.size(0), 3 * x.size(0)});
              }),
              HasSubstr("neither a sum nor a multiple"));
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) { return x + randn({3}); }),
              HasSubstr("depends on the batch size"));
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) { return x + randn({3}); }, {.batch_dim = {}}),
              HasSubstr("draw random numbers"));
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) { return x; }, {.batch_dim = 2}),
              HasSubstr("no batch in dimension 2"));
}

TEST(Tracing, WithoutAFreeBatchTakesAnyWayThatSizesChoose) {
  const auto work = [](const Tensor& x, const Tensor&) {
    return Value(x.size(0) > 2 ? relu(x) * (1.0 / static_cast<double>(x.size(0))) : x);
  };
  Free model(work);
  const Tensor x = randn({4, 3});
  const Module program = trace(model, {x}, {.batch_dim = {}});
  EXPECT_TRUE(allclose(program.forward({x}).to_tensor(), model.forward(x).to_tensor()));
}

TEST(Tracing, IsForEvalModeAlone) {
  nn::Sequential model{nn::Linear(3, 2), nn::Dropout(0.5)};
  EXPECT_THAT(problem_of([&] {
                trace(model, {randn({2, 3})});
              }),
              AllOf(HasSubstr("training mode"), HasSubstr("eval()")));
  model.eval();
  EXPECT_EQ(trace(model, {randn({2, 3})}).forward({randn({9, 3})}).to_tensor().sizes(), (Dims{9, 2}));
  EXPECT_THAT(problem_of([&] { trace(model, {}); }), HasSubstr("without inputs"));
}

struct Difference : nn::Module {
  Difference() {
    register_parameter("w", ones({3, 3}));
    eval();
  }
  Tensor forward(const Tensor& x, const Tensor& y) { return x * 2.0 - y; }
};

TEST(Tracing, TellsInputsApartThatWereOneTensor) {
  const Difference model;
  const Tensor one = randn({3, 3}), x = randn({3, 3}), y = randn({3, 3});
  for (const auto& given :
       {std::vector{one, one}, std::vector{model.parameters()[0], one}, {one, one.slice(0, 0, 3)}}) {
    for (const std::optional<int64_t> batch_dim : {std::optional<int64_t>(), std::optional<int64_t>(0)}) {
      const Module program = trace(model, given, {.batch_dim = batch_dim});
      EXPECT_TRUE(allclose(program.forward({x, y}).to_tensor(), x * 2.0 - y));
    }
  }
}

TEST(Tracing, NumbersFollowTheBatchForIntegersToo) {
  const auto work = [](const Tensor& x, const Tensor&) {
    const auto count = static_cast<double>(x.size(0));
    return Value(x * count + count);
  };
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  for (const DType dtype : {int64, float32}) {
    for (const Tensor& example : {zeros({2, 3}, {dtype}), ones({2, 3}, {dtype})})
      EXPECT_TRUE(equal(trace(Free(work), {example}).forward({x.to(dtype)}).to_tensor(), (x * 3 + 3).to(dtype)));
  }
}

TEST(Tracing, ConstantsLeaveTheNamesOfTheModelAlone) {
  struct Named : nn::Module {
    Named() {
      register_buffer("_constant_0", tensor({7.0}));
      eval();
    }
    Tensor forward(const Tensor& x) { return x + tensor({1.0, 2.0, 3.0}) * buffer(0); }
  } model;
  const Tensor x = randn({5, 3});
  const Module program = trace(model, {randn({2, 3})});
  EXPECT_TRUE(equal(program.attribute("_constant_0").to_tensor(), tensor({7.0})));
  EXPECT_TRUE(allclose(program.forward({x}).to_tensor(), model.forward(x)));
}

TEST(Tracing, ListsOfSeveralTypesAreRefused) {
  EXPECT_THAT(problem_of_tracing([](const Tensor& x, const Tensor&) {
                return Value(List{x, 3});
              }),
              HasSubstr("a list of several types"));
}

TEST(Tracing, LeavesNobodyListening) {
  problem_of_tracing(
      [](const Tensor& x, const Tensor&) -> Value { throw Error(ErrorKind::bad_argument, to_string(x.sizes())); });
  const Tensor y = randn({2}) + 1;
  EXPECT_EQ(y.slice(0, 0, 1).item<float>(), y.data<float>()[0]);
}

}  // namespace
}  // namespace okibi::jit
