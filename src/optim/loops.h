// From the loop of one optimizer over elements to its step over a parameter, dense or by rows.
#pragma once

#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/touched_rows.h"
#include "optim/rule.h"
#include "optim/sparse_rows.h"

namespace okibi::optim {

// The memory of some rows; each state has as many elements of a row as the parameter, or one.
template <class T>
Elements<T> rows_from(const Elements<T>& all, std::span<const StateTensor> state, int64_t row, int64_t rows,
                      const T* gradient) {
  Elements<T> some{.rows = rows, .width = all.width, .gradient = gradient, .state = {}, .parameter = nullptr};
  some.parameter = all.parameter + row * all.width;
  for (size_t k = 0; k < state.size(); ++k) {
    if (all.state[k] != nullptr) some.state[k] = all.state[k] + row * (state[k].one_a_row ? 1 : all.width);
  }
  return some;
}

// A step over a gradient that is kept as the rows which were looked up.
template <class Loops, class T>
class RowStep {
 public:
  RowStep(const StepInfo& info, const Elements<T>& all, const Tensor& gradient)
      : info_(info),
        all_(all),
        gradient_(added_up(gradient, all.rows)),
        groups_(std::span<const int64_t>(gradient_.rows(), static_cast<size_t>(gradient_.count)), all.rows) {}

  static SparseGradient added_up(const Tensor& gradient, int64_t rows) {
    SparseGradient entries(gradient);
    entries.add_up_few(rows);
    return entries;
  }

  // Each touched row once.
  template <class Loop>
  void step_touched(const Loop& loop) const {
    groups_.share_rows(grain(), [&](size_t first, size_t last) { loop(touched(first, last), all_); });
  }

  // All rows, those between the touched ones with a gradient of zeros.
  template <class Loop>
  void step_all(const Loop& loop) const {
    kernels::split(all_.rows, grain(), [&](int64_t first, int64_t last) { step_range(loop, first, last); });
  }

 private:
  kernels::TouchedRows<T> touched(size_t first, size_t last) const {
    kernels::TouchedRows<T> rows{.groups = groups_,
                                 .first = first,
                                 .last = last,
                                 .width = all_.width,
                                 .gradient = gradient_.values.template data<T>()};
    rows.arrays[0] = all_.parameter;
    for (size_t k = 0; k < std::size(Loops::state); ++k) {
      (Loops::state[k].one_a_row ? rows.numbers : rows.arrays[k + 1]) = all_.state[k];
    }
    if (info_.decay == nullptr) return rows;
    rows.before = [](const void* self, int64_t row) { static_cast<const RowStep*>(self)->catch_up(row); };
    rows.context = this;
    rows.numbers_of_before = info_.decay->of_rows;
    return rows;
  }
  void catch_up(int64_t row) const { catch_up_row(*info_.decay, row, all_.width, all_.parameter + row * all_.width); }

  static constexpr int64_t idle_elements = 4096;  // of zeros, which stay in the nearest cache

  int64_t grain() const { return kernels::elementwise_grain / std::max<int64_t>(all_.width, 1) + 1; }

  template <class Loop>
  void step_row(const Loop& loop, int64_t row, const T* sum) const {
    if (info_.decay != nullptr) catch_up(row);
    loop(rows_from<T>(all_, Loops::state, row, 1, sum));
  }

  template <class Loop>
  void step_range(const Loop& loop, int64_t first, int64_t last) const {
    const int64_t most = std::max<int64_t>(idle_elements / std::max<int64_t>(all_.width, 1), 1);
    const kernels::Scratch<T> zeros(static_cast<size_t>(most * all_.width));
    std::fill_n(zeros.data(), most * all_.width, T(0));
    int64_t next = first;
    const auto idle_until = [&](int64_t end) {
      for (int64_t rows = 0; next < end; next += rows) {
        rows = std::min(end - next, most);
        loop(rows_from<T>(all_, Loops::state, next, rows, zeros.data()));
      }
    };
    for_each_touched_row<T>(gradient_, groups_, groups_.first_entry(first), groups_.first_entry(last),
                            [&](int64_t row, const T* sum) {
                              idle_until(row);
                              step_row(loop, row, sum);
                              next = row + 1;
                            });
    idle_until(last);
  }

  const StepInfo& info_;
  const Elements<T>& all_;
  SparseGradient gradient_;
  kernels::RowGroups groups_;
};

// Loops of elements, and of touched rows.
template <class... Loop>
struct Both : Loop... {
  using Loop::operator()...;
};
template <class... Loop>
Both(Loop...) -> Both<Loop...>;

// Loops::loop<T>(info) gives a function over Elements<T>, made once for each step, and over TouchedRows<T>;
// Loops::state are its state's rows. Loops::idle_rows_stay(options), where there is one, says
// that a gradient of zeros changes nothing; takes_entries(info), that the entries of a sparse gradient need not be
// added up first, and step_entries takes them.
template <class Loops, class T>
void step_elements(const StepInfo& info, const Elements<T>& all, const Tensor& gradient) {
  if constexpr (requires { Loops::takes_entries(info); }) {
    if (Loops::takes_entries(info)) return Loops::template step_entries<T>(info, all, SparseGradient(gradient));
  }
  const auto loop = Loops::template loop<T>(info);
  if (!gradient.is_sparse()) return loop(all);
  bool only_touched = info.sparse;
  if constexpr (requires { Loops::idle_rows_stay(info.options); }) only_touched |= Loops::idle_rows_stay(info.options);
  const RowStep<Loops, T> rows(info, all, gradient);
  only_touched ? rows.step_touched(loop) : rows.step_all(loop);
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
