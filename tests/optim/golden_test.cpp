// Each optimizer against 200 steps of PyTorch 2.15 (tests/golden/make_optim_golden.py), in two groups.
#include <okibi/checkpoint.h>

#include "optim/samples.h"

namespace okibi {
namespace {

using samples::Groups;

struct Case {
  explicit Case(const Value& golden)
      : golden(golden), options(golden["options"].to_dict()), dtype(golden["dtype"].to_dtype()),
        sparse(golden["sparse"].to_bool()), tolerance(dtype == float32 ? 2e-6 : 1e-13) {
    if (sparse)
      parameters = {samples::start({6, 2}, dtype)};
    else
      parameters = {samples::start({3, 2}, dtype), samples::start({3}, dtype), samples::start({1}, dtype)};
  }

  Groups groups() const {
    if (sparse) return {{.params = parameters, .options = options}};
    const Dict second;
    for (const auto& [name, value] : options) second.set(name, value);
    second.set("lr", 0.005);
    return {{.params = {parameters[0]}, .options = options},
            {.params = {parameters[1], parameters[2]}, .options = second}};
  }

  void set_gradients(int64_t step) const {
    for (size_t i = 0; i < parameters.size(); ++i) {
      const Tensor& p = parameters[i];
      p.set_grad(sparse ? samples::sparse_gradient(step, dtype)
                        : samples::gradient(p.sizes(), step + static_cast<int64_t>(i), dtype));
    }
  }

  std::vector<double> numbers() const {
    std::vector<double> all;
    for (const Tensor& parameter : parameters) {
      for (const double number : parameter.detach().to(float64).to_vector<double>()) all.push_back(number);
    }
    return all;
  }

  Value golden;
  Dict options;
  DType dtype;
  bool sparse;
  double tolerance;
  std::vector<Tensor> parameters;
};

void expect_state(const Dict& own, const Value& golden, double tolerance) {
  ASSERT_EQ(own.size(), golden.size());
  for (const auto& [index, entries] : golden.to_dict()) {
    ASSERT_EQ(own[index].size(), entries.size());
    auto own_entry = own[index].to_dict().begin();
    for (const auto& [name, numbers] : entries.to_dict()) {
      SCOPED_TRACE(repr(index) + " " + name.to_string());
      EXPECT_EQ(own_entry->first, name);  // in the same order
      const Value& own_value = own_entry++->second;
      if (numbers.is_int())
        EXPECT_EQ(own_value, numbers);
      else
        samples::expect_near(own_value.to_tensor().to(float64).to_vector<double>(), numbers.to_list(), tolerance);
    }
  }
}

void compare(const Value& golden) {
  const Case c(golden);
  const auto optimizer = samples::optimizers().at(golden["class"].to_string())(c.groups());
  const std::map<int64_t, int64_t> points = {{1, 0}, {2, 1}, {20, 2}, {200, 3}};
  for (int64_t step = 1; step <= 200; ++step) {
    c.set_gradients(step);
    optimizer->step();
    if (!points.contains(step)) continue;
    SCOPED_TRACE("step " + std::to_string(step));
    samples::expect_near(c.numbers(), golden["points"].at(points.at(step)).to_list(), c.tolerance);
  }
  const Dict state = optimizer->state_dict();
  EXPECT_EQ(repr(state["param_groups"]), golden["groups"].to_string());
  expect_state(state["state"].to_dict(), golden["state"], c.tolerance);
}

const Value& goldens() {
  static const Value all = load(OKIBI_GOLDEN "/optim_steps.pth");
  return all["cases"];
}

TEST(OptimizersGolden, TwoHundredStepsLeadWherePyTorchsLead) {
  ASSERT_GE(goldens().size(), 50u);
  for (const Value& golden : goldens().to_list()) {
    SCOPED_TRACE(golden["class"].to_string() + " " + repr(golden["options"]) + " " + repr(golden["dtype"]) +
                 (golden["sparse"].to_bool() ? " sparse" : ""));
    compare(golden);
  }
}

TEST(OptimizersGolden, BeginWithPyTorchsStateDict) {
  for (const Value& golden : goldens().to_list()) {
    SCOPED_TRACE(golden["class"].to_string());
    const Case c(golden);
    const auto optimizer = samples::optimizers().at(golden["class"].to_string())({{.params = c.parameters}});
    EXPECT_EQ(repr(optimizer->state_dict()), golden["defaults"].to_string());
  }
}

}  // namespace
}  // namespace okibi
