// Operators found by schema, called with Values, computing into memory that was planned beforehand.
#include <gmock/gmock.h>

#include "samples.h"

namespace okibi {
namespace {

using testing::HasSubstr;

TEST(OpTable, FindsByNameAndBySchema) {
  const Op* relu_op = find_op("aten::relu");
  ASSERT_NE(relu_op, nullptr);
  EXPECT_EQ(find_op(relu_op->schema), relu_op);
  EXPECT_EQ(find_op("aten::no_such_operator"), nullptr);
}

TEST(OpTable, HasEachSchemaOnce) {
  std::set<std::string_view> names;
  for (const Op& op : op_table()) EXPECT_TRUE(names.insert(op.name()).second) << op.name();
}

// Also where some are NaN, which equals nothing.
bool same_numbers(const Tensor& a, const Tensor& b) {
  return equal(a, b) || (a.dtype() == b.dtype() && a.sizes() == b.sizes() && a.is_contiguous() && b.is_contiguous() &&
                         std::memcmp(a.raw_data(), b.raw_data(), a.nbytes()) == 0);
}

// One block of memory for all outputs of a plan, each operator writing to its own place in it.
TEST(OpTable, RunsIntoPlannedMemory) {
  for (const Op& op : op_table()) {
    if (op.infer == nullptr) continue;
    for (const samples::Arguments& arguments : samples::all().at(std::string(op.name()))) {
      const std::vector<OutputSpec> specs = op.infer(arguments);
      const auto plan = Storage::allocate(1 << 16);
      std::memset(plan->data(), 0x5a, plan->nbytes());
      std::vector<Tensor> outputs;
      int64_t at = 64;
      for (const OutputSpec& spec : specs) {
        outputs.push_back(Tensor::over(plan, spec.dtype, spec.sizes, contiguous_strides(spec.sizes),
                                       at / static_cast<int64_t>(itemsize(spec.dtype))));
        at += 16384;
      }
      op.run(arguments, outputs);
      const std::vector<Tensor> expected = samples::tensors_in(op.call(arguments));
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(same_numbers(outputs[i], expected[i])) << op.schema;
        EXPECT_EQ(outputs[i].storage(), plan);
        EXPECT_FALSE(outputs[i].requires_grad());
      }
    }
  }
}

TEST(OpTable, RefusesOutputsThatDoNotFit) {
  const Op& op = *find_op("aten::relu");
  const samples::Arguments arguments = {samples::some({2, 3})};
  const std::vector<Tensor> wrong = {empty({3, 2}, {float64})};
  try {
    op.run(arguments, wrong);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(
        error.what(),
        HasSubstr("expected a contiguous float64 tensor of sizes [2, 3], found a float64 tensor of sizes [3, 2]"));
  }
}

TEST(OpTable, RefusesWrongNumberOfArguments) {
  const samples::Arguments none;
  EXPECT_THROW(find_op("aten::relu")->call(none), Error);
}

TEST(OpTable, RefusesNumbersThatAreNotWrittenOut) {
  const Tensor negated = tensor({1.0, 2.0}).neg_view();
  EXPECT_THROW(relu(negated), Error) << "the bytes are those of 1 and 2";
  EXPECT_EQ(relu(negated.resolve_neg()).to_vector<float>(), (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace okibi
