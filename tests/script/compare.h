// How far what a program gives is from what it gives in PyTorch.
#pragma once

#include <cmath>
#include <string>

#include <fmt/format.h>

#include <okibi/ops.h>
#include <okibi/value.h>

namespace okibi::script_tests {

// The largest difference of two tensors as a part of the largest number of the second. Error where they differ in sizes
// or dtype, or in a number that is none or whole.
inline double difference(const Tensor& ours, const Tensor& theirs, const std::string& where) {
  const auto differs = [&](const std::string& found, const std::string& expected) {
    return Error(ErrorKind::bad_argument, "is another " + where).found(found).expected(expected);
  };
  const auto described = [](const Tensor& t) { return fmt::format("{} {}", name_of(t.dtype()), to_string(t.sizes())); };
  if (ours.dtype() != theirs.dtype() || ours.sizes() != theirs.sizes())
    throw differs(described(ours), described(theirs));
  const auto a = ours.to(float64).to_vector<double>(), b = theirs.to(float64).to_vector<double>();
  double most = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double apart = std::abs(a[i] - b[i]);
    if (!std::isfinite(apart) || !is_floating_point(ours.dtype())) {
      throw differs(std::to_string(a[i]), fmt::format("{} at {}", b[i], i));
    }
    most = std::max(most, apart);
  }
  for (const double x : b) largest = std::max(largest, std::isfinite(x) ? std::abs(x) : 0);
  return most == 0 ? 0 : most / largest;
}

inline double difference(const Value& ours, const Value& theirs, const std::string& where = "result") {
  if (ours.is_tensor() && theirs.is_tensor()) return difference(ours.to_tensor(), theirs.to_tensor(), where);
  const bool lists = (ours.is_list() && theirs.is_list()) || (ours.is_tuple() && theirs.is_tuple());
  double most = 0;
  if (lists && ours.size() == theirs.size()) {
    for (size_t i = 0; i < ours.size(); ++i)
      most = std::max(most, difference(ours[i], theirs[i], fmt::format("{}[{}]", where, i)));
    return most;
  }
  if (ours.is_dict() && theirs.is_dict() && ours.size() == theirs.size()) {
    for (const auto& [key, value] : theirs.to_dict()) {
      const Value* found = ours.to_dict().find(key);
      most = std::max(most, difference(found ? *found : Value(), value, fmt::format("{}[{}]", where, repr(key))));
    }
    return most;
  }
  if (ours.kind() == theirs.kind() && ours == theirs) return 0;
  throw Error(ErrorKind::bad_argument, "is another " + where).found(repr(ours)).expected(repr(theirs));
}

}  // namespace okibi::script_tests
