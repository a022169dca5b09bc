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

// Detections whose scores differ in their last digits come in either order: for each of theirs, which of ours it is.
inline Tensor order_of_detections(const Value& ours, const Value& theirs) {
  constexpr double last_digits = 1e-5;
  const auto scores = ours["scores"].to_tensor().to_vector<double>(),
             wanted = theirs["scores"].to_tensor().to_vector<double>();
  const auto boxes = ours["boxes"].to_tensor().to_vector<double>(),
             places = theirs["boxes"].to_tensor().to_vector<double>();
  const auto count = static_cast<int64_t>(wanted.size());
  const Tensor order = arange(count);
  std::vector<bool> taken(scores.size(), false);
  for (size_t i = 0; i < wanted.size(); ++i) {
    double least = INFINITY;
    size_t best = i;
    for (size_t j = 0; j < scores.size(); ++j) {
      if (taken[j] || std::abs(scores[j] - wanted[i]) > last_digits) continue;
      double apart = 0;
      for (size_t side = 0; side < 4; ++side) apart += std::abs(boxes[4 * j + side] - places[4 * i + side]);
      if (apart < least) least = apart, best = j;
    }
    taken[best] = true;
    order.data<int64_t>()[i] = static_cast<int64_t>(best);
  }
  return order;
}

inline Value in_their_order(const Value& ours, const Value& theirs) {
  const bool are_detections = ours.contains("scores") && ours.contains("boxes") && ours["scores"].is_tensor() &&
                              ours["scores"].to_tensor().sizes() == theirs["scores"].to_tensor().sizes();
  if (!are_detections) return ours;
  const Tensor order = order_of_detections(ours, theirs);
  Dict ordered;
  for (const auto& [key, value] : ours.to_dict()) ordered.set(key, index_select(value.to_tensor(), 0, order));
  return ordered;
}

inline double difference(const Value& given, const Value& theirs, const std::string& where = "result") {
  const Value ours = given.is_dict() && theirs.is_dict() ? in_their_order(given, theirs) : given;
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
