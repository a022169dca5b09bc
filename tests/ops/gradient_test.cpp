// Every operator's gradient against finite differences in float64.
#include <cmath>

#include <gmock/gmock.h>

#include "samples.h"

namespace okibi {
namespace {

// What a call gives, and a number made of it that depends on each element differently.
Tensor output_of(const Op& op, const samples::Arguments& arguments) {
  return samples::differentiable_part(op.name(), op.call(arguments));
}
Tensor weights_like(const Tensor& out) {
  Tensor weights = empty(out.sizes(), {out.dtype()});
  NoGrad no_grad;
  for (int64_t i = 0; i < out.numel(); ++i)
    weights.flatten().select(0, i).fill_(std::cos(static_cast<double>(i)) + 1.5);
  return weights;
}
double weighed(const Op& op, const samples::Arguments& arguments) {
  NoGrad no_grad;
  const Tensor out = output_of(op, arguments).to(float64);
  return sum(out * weights_like(out)).item<double>();
}

// Every floating tensor among the arguments, also inside lists, needs a gradient from here on.
std::vector<Tensor> make_leaves(const Op& op, samples::Arguments& arguments) {
  std::vector<Tensor> leaves;
  if (!op.differentiable && op.is_view) return leaves;  // view_as_complex refuses
  const auto make = [&](Value& value) {
    if (!value.is_tensor() || !is_floating_point(value.to_tensor().dtype())) return;
    leaves.push_back(value.to_tensor().clone().detach());
    leaves.back().requires_grad_();
    value = leaves.back();
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    Value& argument = arguments[i];
    if (!samples::gets_gradient(op.name(), i)) continue;
    if (argument.is_list()) {
      argument = List(argument.to_list().items());
      for (Value& item : argument.to_list()) make(item);
    }
    make(argument);
  }
  return leaves;
}

Tensor numeric_gradient(const Op& op, const samples::Arguments& arguments, const Tensor& leaf) {
  constexpr double step = 1e-6;
  const Tensor gradient = empty(leaf.sizes(), {float64});
  for (int64_t i = 0; i < leaf.numel(); ++i) {
    double& x = leaf.data<double>()[i];
    const double before = x;
    x = before + step;
    const double above = weighed(op, arguments);
    x = before - step;
    const double below = weighed(op, arguments);
    x = before;
    gradient.data<double>()[i] = (above - below) / (2 * step);
  }
  return gradient;
}

// A result without one, or an Error that says so, where there should be one.
void expect_no_gradient(const Op& op, const samples::Arguments& arguments) {
  try {
    EXPECT_FALSE(output_of(op, arguments).requires_grad()) << op.schema;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported) << op.schema;
    EXPECT_THAT(error.what(), testing::HasSubstr("gradient")) << op.schema;
  }
}

class Gradient : public testing::TestWithParam<const Op*> {};

TEST_P(Gradient, EqualsFiniteDifferences) {
  const Op& op = *GetParam();
  const auto found = samples::all().find(std::string(op.name()));
  ASSERT_NE(found, samples::all().end()) << op.name() << " has no sample in tests/ops/samples.h";
  ASSERT_FALSE(found->second.empty()) << op.name();
  for (const samples::Arguments& sample : found->second) {
    samples::Arguments arguments = sample;
    const std::vector<Tensor> leaves = make_leaves(op, arguments);
    if (!op.differentiable) {
      expect_no_gradient(op, arguments);
      continue;
    }
    const Tensor out = output_of(op, arguments);
    if (leaves.empty() || samples::is_no_derivative(op.name(), sample)) continue;
    const bool is_recorded = out.requires_grad();  // a column of ones, say, is not
    if (is_recorded) out.backward(weights_like(out));
    for (const Tensor& leaf : leaves) {
      ASSERT_EQ(leaf.grad().defined(), is_recorded) << op.schema;
      const Tensor gradient = is_recorded ? to_dense(leaf.grad()) : zeros(leaf.sizes(), {leaf.dtype()});
      const Tensor expected = numeric_gradient(op, arguments, leaf);
      const double tolerance =
          output_of(op, arguments).dtype() == float32 ? 0.2 : 1e-7;  // float32 has few digits for differences
      EXPECT_LE(max_abs_difference(gradient, expected), tolerance) << op.schema << "\n"
                                                                   << to_string(gradient) << "\n"
                                                                   << to_string(expected);
    }
  }
}

std::vector<const Op*> every_op() {
  std::vector<const Op*> ops;
  for (const Op& op : op_table()) ops.push_back(&op);
  return ops;
}
std::string test_name(const testing::TestParamInfo<const Op*>& op) {
  const std::string_view whole = op.param->name();
  std::string name(whole.starts_with("aten::") ? whole.substr(6) : whole);
  for (char& c : name) c = c == '.' || c == ':' ? '_' : c;
  return name;
}
INSTANTIATE_TEST_SUITE_P(Table, Gradient, testing::ValuesIn(every_op()), test_name);

TEST(GradientSamples, NameOnlyOperatorsThatExist) {
  for (const auto& [name, arguments] : samples::all()) EXPECT_NE(find_op(name), nullptr) << name;
}

}  // namespace
}  // namespace okibi
