// From the loop of one optimizer over elements to its step over a parameter, dense or by rows.
#pragma once

#include "kernels/kernels.h"
#include "optim/rule.h"
#include "optim/sparse_rows.h"

namespace okibi::optim {

// The memory of one row; each state has as many elements of it as the parameter, or one.
template <class T>
Elements<T> row_of(const Elements<T>& all, const std::span<const StateTensor>& state, int64_t row, const T* gradient) {
  Elements<T> one{.rows = 1, .width = all.width, .gradient = gradient, .state = {}, .parameter = nullptr};
  one.parameter = all.parameter + row * all.width;
  for (size_t k = 0; k < state.size(); ++k) {
    if (all.state[k] != nullptr) one.state[k] = all.state[k] + row * (state[k].one_a_row ? 1 : all.width);
  }
  return one;
}

// Loops::loop<T>(info) gives a function over Elements<T>, made once for each step; Loops::state are its state's rows.
template <class Loops, class T>
void step_elements(const StepInfo& info, const Elements<T>& all, const Tensor& gradient) {
  const auto loop = Loops::template loop<T>(info);
  if (!info.sparse) return loop(all);
  for_each_touched_row<T>(gradient,
                          [&](int64_t row, const T* sum) { loop(row_of(all, std::span(Loops::state), row, sum)); });
}

template <class Loops>
constexpr Rule with_loops(Rule rule) {
  rule.state = Loops::state;
  rule.step_float = step_elements<Loops, float>;
  rule.step_double = step_elements<Loops, double>;
  return rule;
}

// How an optimizer refuses a gradient that is sparse, or not.
[[noreturn]] inline void refuse_gradient(const char* in_pytorchs_words) {
  throw Error(ErrorKind::bad_argument, in_pytorchs_words);
}

}  // namespace okibi::optim
