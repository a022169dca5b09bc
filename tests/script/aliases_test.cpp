// The other names of operators: each is one of PyTorch's, and takes what the operator takes that it stands for.
#include "script/aliases.h"

#include <gmock/gmock.h>

#include "script/kernels.h"
#include "script/planned.h"
#include "script/schema.h"

namespace okibi::script {
namespace {

std::vector<std::string> types_of(const Schema& schema) {
  std::vector<std::string> types;
  for (const SchemaArgument& argument : schema.arguments) types.push_back(to_string(argument.type));
  return types;
}

const Schema* schema_named(Schemas& schemas, std::string_view name) {
  for (const Schema& schema : schemas.of(std::string(name.substr(0, name.find('.'))))) {
    if (schema.name() == name) return &schema;
  }
  return nullptr;
}

// Every overload of the alias that stands for something.
std::vector<const Schema*> overloads_of(Schemas& schemas, const Alias& alias) {
  std::vector<const Schema*> found;
  const std::string name = "aten::" + std::string(alias.name), base = name.substr(0, name.find('.'));
  for (const Schema& schema : schemas.of(base)) {
    const bool is_wanted = name == base || schema.name() == name;
    if (is_wanted && !meant_by(schema.name()).empty()) found.push_back(&schema);
  }
  return found;
}

TEST(Aliases, TakeWhatTheyStandFor) {
  Schemas schemas;
  for (const Alias& alias : aliases()) {
    const auto overloads = overloads_of(schemas, alias);
    EXPECT_FALSE(overloads.empty()) << alias.name << " is no operator of PyTorch's";
    size_t runnable = 0;
    for (const Schema* one : overloads) {
      const Schema* other = schema_named(schemas, meant_by(one->name()));
      if (!other) continue;  // what the alias has beyond
      EXPECT_EQ(types_of(*one), types_of(*other)) << one->name();
      EXPECT_EQ(one->returns, other->returns) << one->name();
      runnable += find_kernel(one->name()) ? 1 : 0;
    }
    EXPECT_GT(runnable, 0u) << alias.name;
  }
}

TEST(Aliases, RunAsWhatTheyStandFor) {
  for (const auto& [name, meant] :
       {std::pair("aten::greater.Tensor", "aten::gt.Tensor"), std::pair("aten::clip", "aten::clamp"),
        std::pair("aten::concat", "aten::cat"), std::pair("aten::special_expit", "aten::sigmoid")}) {
    EXPECT_EQ(meant_by(name), meant);
    EXPECT_EQ(find_kernel(name).op, find_op(meant)) << name;
  }
  EXPECT_EQ(meant_by("aten::gt.Tensor"), "");
  EXPECT_FALSE(find_kernel("aten::greater.no_such_overload"));
}

TEST(Aliases, RunInPlaceToo) {
  const Tensor x = tensor({-1.5, 2.5}), y = tensor({2.0, 4.0});
  find_kernel("aten::absolute_")(std::vector<Value>{x});
  EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1.5, 2.5}));
  find_kernel("aten::divide_.Tensor_mode")(std::vector<Value>{y, x, "floor"});
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{1, 1}));
  const Tensor bits = tensor(TensorLiteral({1, 2}));
  find_kernel("aten::__ilshift__.Scalar")(std::vector<Value>{bits, 3});
  EXPECT_EQ(bits.to_vector<int64_t>(), (std::vector<int64_t>{8, 16}));
}

// The functional one of which there is an overload of the same name that means something else.
TEST(Aliases, InPlaceIsNotAnotherOverload) {
  EXPECT_EQ(without_in_place("aten::ldexp_"), "aten::ldexp.Tensor");
  EXPECT_EQ(without_in_place("aten::float_power_.Scalar"), "aten::float_power.Tensor_Scalar");
  const Tensor x = tensor({1.5, 3.0}, float64);
  find_kernel("aten::float_power_.Scalar")(std::vector<Value>{x, 2});
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{2.25, 9}));
  find_kernel("aten::ldexp_")(std::vector<Value>{x, tensor(TensorLiteral({1, 2}))});
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{4.5, 36}));
}

// It computes in double whatever it is given, so that no plan may put the functional one in its place.
TEST(Aliases, ToThePowerOfFloatsIsThatInEachCall) {
  testing_help::Made a(
      "  def f(self, x: Tensor) -> Tensor:\n    y = torch.add(x, 1)\n    _0 = torch.float_power_(y, 2.)\n    return "
      "y\n");
  const auto outcome = [&] {
    try {
      return std::string(name_of(a.call({tensor({1.0, 2.0})}).to_tensor().dtype()));
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  const std::string first = outcome();
  for (int call = 0; call < 3; ++call) EXPECT_EQ(outcome(), first);
}

TEST(Drawing, BeyondTheDTypeIsRefused) {
  const auto problem = [](std::string_view name, std::vector<Value> arguments) {
    try {
      find_kernel(name)(arguments);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no problem");
  };
  const auto of = [](DType dtype) { return empty({2}, {dtype}); };
  using testing::HasSubstr;
  EXPECT_THAT(problem("aten::random_.from", {of(uint8), 0, 1000, nullptr}),
              HasSubstr("to - 1 is out of bounds for uint8"));
  EXPECT_THAT(problem("aten::random_.from", {of(uint8), -1, 5, nullptr}), HasSubstr("from is out of bounds for uint8"));
  EXPECT_THAT(problem("aten::random_.to", {of(boolean), 3, nullptr}), HasSubstr("to - 1 is out of bounds for bool"));
  EXPECT_THAT(problem("aten::random_.to", {of(float16), 1 << 25, nullptr}), HasSubstr("out of bounds for float16"));
  EXPECT_EQ(problem("aten::random_.from", {of(uint8), 0, 256, nullptr}), "no problem");
  EXPECT_EQ(problem("aten::random_.to", {of(boolean), 2, nullptr}), "no problem");
  EXPECT_EQ(problem("aten::random_.to", {of(float32), 1 << 25, nullptr}), "no problem");
}

}  // namespace
}  // namespace okibi::script
