// kernels/split.h: a loop over n items on several threads, only when there is enough for each.
#pragma once

#include <okibi/base.h>

#include <cstdint>
#include <functional>
#include <type_traits>

namespace okibi::kernels {

// Below so many elements for a thread, waking it costs more than it saves (some 5 µs against 1 ns an element).
constexpr int64_t elementwise_grain = 32768;

// Whether threads gain by sharing the rows of a table, each of them going through all ids: whose an entry is, no CPU
// can foresee, and for short rows a wrong guess costs more than adding them does (22 rows of 8: two threads take 3
// times as long as one; 100,000 of 16: 1.2 times).
template <class T>
constexpr bool is_worth_sharing(int64_t width) {
  return width * static_cast<int64_t>(sizeof(T)) >= 128;
}

// work(first, last) over [0, n). A small n never reaches parallel_for: no std::function is made, nothing allocated.
template <class Work>
void split(int64_t n, int64_t grain, Work&& work) {
  if (n < 2 * grain) return work(int64_t{0}, n);
  parallel_for(0, n, grain, std::ref(work));  // a reference: std::function need not allocate for it
}

// Runs a loop over pieces of n elements. In and out are pointers, each moved to where the piece begins, but for null,
// which is an array that is not there; the rest is handed on as it is.
template <class Value>
Value moved(Value value, int64_t by) {
  if constexpr (std::is_pointer_v<Value>) {
    return value != nullptr ? value + by : nullptr;
  } else {
    return value;
  }
}
template <class Loop, class... Arguments>
void in_pieces(int64_t n, Loop loop, Arguments... arguments) {
  split(n, elementwise_grain, [&](int64_t first, int64_t last) { loop(last - first, moved(arguments, first)...); });
}

}  // namespace okibi::kernels
