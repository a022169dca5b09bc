// Every argument of every sample, one after the other, as something that no program should give: a result or an Error.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <set>

#include "samples.h"

namespace okibi {
namespace {

using samples::Arguments;
using samples::dims;
using samples::ids;
using samples::some;

constexpr int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();

// One part for each row, or as many steps, of 2^40 rows without a number in them: until memory ends, or nobody waits.
const std::set<std::string_view> as_long_as_a_dimension = {"aten::split.Tensor", "aten::unbind.int",
                                                           "aten::repeat_interleave.self_Tensor"};

const std::vector<Value>& odd_tensors() {
  static const std::vector<Value> odd = {
      some({}),
      some({0}),
      some({1, 0, 2}),
      ids({5, -7}),
      ids({{most, least}}),
      tensor({true, false}),
      some({2, 3}).to(float16),
      tensor({std::nan(""), HUGE_VAL, -HUGE_VAL, -0.0}, float64),
      some({3, 1, 2, 1, 2}).transpose(0, 2),
      tensor({1.0, -2.0}).to(complex64),
      nullptr,
      empty({int64_t{1} << 40, 0}),
  };
  return odd;
}

std::vector<Value> odd_values(const Op& op, const Value& instead_of) {
  if (instead_of.is_tensor()) {
    const std::vector<Value>& odd = odd_tensors();
    return {odd.begin(), odd.end() - (as_long_as_a_dimension.contains(op.name()) ? 1 : 0)};
  }
  if (instead_of.is_list()) {
    return {dims({}), dims({0, 0}), dims({most}), dims({-1, -2, -3}), dims({some({2}), some({0, 3})})};
  }
  if (instead_of.is_string()) return {"", "sum"};
  if (instead_of.is_bool()) return {!instead_of.to_bool(), nullptr};
  if (instead_of.is_double()) return {0.0, -1.0, std::nan(""), HUGE_VAL, 1e308};
  return {0, -1, 3, most, least, 0.5, nullptr};
}

// Some are changed in place.
Arguments copied(const Arguments& sample) {
  Arguments arguments = sample;
  for (Value& each : arguments) {
    if (each.is_tensor()) each = each.to_tensor().clone();
  }
  return arguments;
}

void expect_result_or_error(const Op& op, const Arguments& arguments, size_t odd) {
  const auto where = [&] {
    return std::string(op.name()) + ", argument " + std::to_string(odd) + " as " + repr(arguments[odd]).substr(0, 60);
  };
  try {
    op.call(arguments);
  } catch (const Error& error) {
    EXPECT_NE(error.kind(), ErrorKind::internal) << where() << ": " << error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << where() << ": " << error.what();
  }
}

TEST(OddArguments, GiveResultsOrErrors) {
  size_t calls = 0;
  for (const Op& op : op_table()) {
    for (const Arguments& sample : samples::all().at(std::string(op.name()))) {
      for (size_t i = 0; i < sample.size(); ++i) {
        for (const Value& odd : odd_values(op, sample[i])) {
          Arguments arguments = copied(sample);
          arguments[i] = odd;
          expect_result_or_error(op, arguments, i);
          ++calls;
        }
      }
    }
  }
  EXPECT_GT(calls, 50'000);
}

}  // namespace
}  // namespace okibi
