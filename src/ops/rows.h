// ops/rows.h: reductions that look at numbers more than once, or one by one, and so want them side by side.
#pragma once

#include <string_view>

#include "kernels/split.h"
#include "ops/collapsed.h"
#include "ops/dispatch.h"

namespace okibi::ops {

// x as (rows, n), contiguous: a row for each number of the result, with all that it is made of.
struct Rows {
  Tensor x;  // with its dimensions in this order: those that stay, then those that are reduced
  Dims order;
  int64_t rows = 1, n = 1;

  Rows(const Tensor& tensor, const NamedDims& named) {
    for (const bool is_named : {false, true}) {
      for (size_t d = 0; d < named.size(); ++d) {
        if (named[d] != is_named) continue;
        order.push_back(static_cast<int64_t>(d));
        (is_named ? n : rows) *= tensor.sizes()[d];
      }
    }
    x = tensor.permute(order).contiguous();
  }
  // A tensor in the order of x, with the dimensions where they were.
  Tensor put_back(const Tensor& tensor) const {
    Dims back(order.size(), 0);
    for (size_t i = 0; i < order.size(); ++i) back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
    return tensor.permute(back);
  }
};

// work(row, its numbers) for each row, of the C++ type of x.
template <class T, class Work>
void for_each_row(const Rows& in, Work&& work) {
  const T* x = in.x.data<T>();
  const int64_t grain = std::max<int64_t>(kernels::elementwise_grain / std::max<int64_t>(in.n, 1), 1);
  kernels::split(in.rows, grain, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) work(row, x + row * in.n);
  });
}

// The gradient of x: work(row, its numbers, the gradient of each of them).
template <class Work>
Tensor gradient_of_rows(const Tensor& x, const NamedDims& named, std::string_view what, Work&& work) {
  const Rows in(x, named);
  const Tensor out = empty(in.x.sizes(), {x.dtype()});
  if (out.numel() == 0) return in.put_back(out);  // of which there may be any number of rows
  dispatch_floating(x.dtype(), what, [&]<class T>() {
    T* to = out.data<T>();
    for_each_row<T>(in, [&](int64_t row, const T* numbers) { work(row, numbers, in.n, to + row * in.n); });
  });
  return in.put_back(out);
}

}  // namespace okibi::ops
