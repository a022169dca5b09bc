// What einsum refuses to read, and products that no gradient test asks for.
#include <gmock/gmock.h>
#include <okibi/op_table.h>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

Tensor computed(const std::string& equation, std::vector<Tensor> tensors) { return einsum(equation, tensors); }

void expect_refused(const std::string& words, const std::string& equation, std::vector<Tensor> tensors) {
  expect_error(ErrorKind::bad_argument, "einsum(): " + words, [&] { einsum(equation, tensors); });
}

TEST(Einsum, SaysWhatItCannotRead) {
  const Tensor x = ones({2, 3});
  expect_refused("must provide at least one operand", "", {});
  expect_refused("the equation is of 2 operands, not of 1", "ij,jk", {x});
  expect_refused("subscripts must be in [a-zA-Z], or an ellipsis of three dots", "i1", {x});
  expect_refused("subscripts must be in [a-zA-Z], or an ellipsis of three dots", "i..", {x});
  expect_refused("subscripts must be in [a-zA-Z], or an ellipsis of three dots", "ij->i>", {x});
  expect_refused("two ellipses for one operand", "...i...", {x});
  expect_refused(
      "the number of subscripts in the equation (1) does not match the number of dimensions (2) for operand 0", "i",
      {x});
  expect_refused(
      "the number of subscripts in the equation (3) does not match the number of dimensions (2) for operand 0",
      "ijk...", {x});
  expect_refused("output subscript k does not appear in the equation for any input operand", "ij->k", {x});
  expect_refused("output subscript i appears more than once in the output", "ij->ii", {x});
  expect_refused("a subscript is repeated for one operand, but the sizes don't match: found 2 and 3", "ii", {x});
  expect_refused("subscript j has sizes that do not broadcast: found 3 and 2", "ij,jk->ik", {x, x});
}

TEST(Einsum, MultipliesIntegers) {
  const Tensor x = tensor({{1, 2}, {3, 4}}).to(int32);
  EXPECT_TRUE(equal(computed("ij,jk->ik", {x, x}), tensor({{7, 10}, {15, 22}}).to(int32)));
  EXPECT_TRUE(equal(computed("ij->j", {x}), tensor({4, 6}).to(int32)));
}

TEST(Einsum, TakesManyLetters) {
  std::string equation;
  for (char c = 'a'; c <= 'z'; ++c) equation += c;
  for (char c = 'A'; c <= 'Z'; ++c) equation += c;
  EXPECT_EQ(computed(equation + "->", {ones(Dims(52, 1))}).item<double>(), 1);
  expect_error(ErrorKind::bad_argument, "112 dimensions are more than any", [&] {
    computed(equation + ",...->", {ones(Dims(52, 1)), ones(Dims(60, 1))});
  });
}

TEST(VectorProducts, RefuseOtherDimensions) {
  const auto call = [](std::string_view name, std::vector<Value> arguments) { return find_op(name)->call(arguments); };
  expect_error(ErrorKind::bad_argument, "dot: the tensors have other dimensions: expected 1D and 1D, found 2D and 1D",
               [&] {
                 call("aten::dot", {ones({2, 2}), ones({2})});
               });
  expect_error(ErrorKind::bad_argument, "inconsistent tensor size", [&] { call("aten::dot", {ones({2}), ones({3})}); });
  const Tensor with_nan = full({2}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(equal(call("aten::addmv", {with_nan, ones({2, 3}), ones({3}), 0.0, 2.0}).to_tensor(), full({2}, 6)));
}

}  // namespace
}  // namespace okibi
