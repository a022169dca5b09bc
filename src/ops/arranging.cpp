// The numbers of a tensor in another order: roll, flip; and those on one side of a diagonal.
#include "ops/arranging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"
#include "kernels/split.h"
#include "ops/around.h"
#include "ops/indexing.h"
#include "tensor/convert.h"
#include "tensor/strided.h"

namespace okibi::ops {

Dims distinct_dims(const Dims& dims, size_t rank, std::string_view name) {
  Dims wrapped;
  for (const int64_t dim : dims) {
    const auto at = static_cast<int64_t>(wrap_dim(dim, rank));
    if (std::ranges::find(wrapped, at) != wrapped.end()) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("{}: dim {} appears multiple times in the list of dims", name, at))
          .found(to_string(dims));
    }
    wrapped.push_back(at);
  }
  return wrapped;
}

namespace {

// -------------------------------------------------------------------------------------------------------------- roll

struct Roll {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Dims& shifts, const Dims& dims) {
    require_plain(x, "roll");
    if (shifts.empty()) throw Error(ErrorKind::bad_argument, "roll: `shifts` required");
    const bool is_flat = dims.empty() && shifts.size() == 1;
    if (!is_flat && shifts.size() != dims.size()) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("shifts and dimensions must align. shifts: {}, dims:{}", shifts.size(), dims.size()));
    }
    for (const int64_t dim : dims) {
      wrap_dim(dim, x.sizes().size());
      if (x.dim() == 0) {
        throw Error(ErrorKind::out_of_range,
                    fmt::format("Dimension specified as {} but tensor has no dimensions", dim));
      }
    }
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& shifts, const Dims& dims, const Tensor& out) {
    roll_into(x, shifts, dims, false, out);
  }

  static constexpr const char* backward_name = "RollBackward0";
  using Saved = std::tuple<Dims, Dims>;
  static Saved save(const Tensor&, const Dims& shifts, const Dims& dims, const Tensor&) { return {shifts, dims}; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [shifts, dims] = saved;
    const Tensor out = empty(gradient.sizes(), {gradient.dtype()});
    roll_into(gradient, shifts, dims, true, out);
    return {out};
  }

 private:
  static void roll_into(const Tensor& x, const Dims& shifts, const Dims& dims, bool back, const Tensor& out) {
    if (x.numel() == 0) return;
    if (dims.empty()) return roll_one(x.reshape({-1}), 0, shifts[0], back, out);
    Tensor from = x;
    for (size_t i = 0; i < dims.size(); ++i) {
      const Tensor to = i + 1 < dims.size() ? empty(x.sizes(), {x.dtype()}) : out;
      roll_one(from, wrap_dim(dims[i], x.sizes().size()), shifts[i], back, to);
      from = to;
    }
  }
  static void roll_one(const Tensor& x, size_t dim, int64_t shift, bool back, const Tensor& out) {
    const Tensor in = x.contiguous();
    const Extent around(in.sizes(), dim);
    const int64_t n = around.n, forth = (shift % n + n) % n, begin = back ? (n - forth) % n : forth;
    const int64_t row = around.inner * bytes_of(x), line = n * row, rest = line - begin * row;
    kernels::copy_rows(around.outer, rest, in.raw_data(), line, out.raw_data() + begin * row, line);
    kernels::copy_rows(around.outer, begin * row, in.raw_data() + rest, line, out.raw_data(), line);
  }
};

// -------------------------------------------------------------------------------------------------------------- flip

// Each dimension that is named is walked from its end. out is contiguous.
void flip_into(const Tensor& x, const Dims& dims, const Tensor& out) {
  if (x.numel() == 0) return;
  StridedBytes from = strided_bytes(x.raw_data(), x.strides(), itemsize(x.dtype()));
  for (const int64_t dim : dims) {
    if (x.dim() == 0 || x.size(dim) == 1) continue;
    int64_t& stride = from.strides[static_cast<size_t>(dim)];
    from.first += (x.size(dim) - 1) * stride;
    stride = -stride;
  }
  const PairWalk walk(x.sizes(), strided_bytes(out.raw_data(), out.strides(), itemsize(x.dtype())), from);
  const auto move = row_mover(itemsize(x.dtype()));
  kernels::split(x.numel(), kernels::elementwise_grain, [&](int64_t begin, int64_t end) {
    walk.rows(begin, end, [&](std::byte* to, const std::byte* of, size_t count) {
      move(to, walk.to_step(), of, walk.from_step(), count);
    });
  });
}

struct Flip {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = "aten::flip(Tensor self, int[] dims) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Dims& dims) {
    require_plain(x, "flip");
    distinct_dims(dims, x.sizes().size(), "flip");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, const Dims& dims, const Tensor& out) {
    flip_into(x, distinct_dims(dims, x.sizes().size(), "flip"), out);
  }

  static constexpr const char* backward_name = "FlipBackward0";
  using Saved = Dims;
  static Saved save(const Tensor&, const Dims& dims, const Tensor&) { return dims; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& dims, const Edges&) {
    return {call<Flip>(gradient, dims)};
  }
};

void require_2d(const Tensor& x, std::string_view name) {
  if (x.dim() >= 2) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}: input tensor must have at least 2 dimensions", name))
      .found(to_string(x.sizes()));
}
struct FlipLeftRight {
  static constexpr std::string_view schema = "aten::fliplr(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) {
    require_2d(x, "fliplr");
    return call<Flip>(x, Dims{1});
  }
};
struct FlipUpDown {
  static constexpr std::string_view schema = "aten::flipud(Tensor self) -> Tensor";
  static Tensor compose(const Tensor& x) { return call<Flip>(x, Dims{0}); }
};

// ------------------------------------------------------------------------------------------------------- tril and triu

// Of each row of (*, rows, cols) the columns up to the diagonal, or those from it on; zeros in place of the others.
template <bool lower>
void keep_side(const Tensor& x, int64_t diagonal, const Tensor& out) {
  if (x.numel() == 0) return;
  const Tensor in = x.contiguous();
  const int64_t rows = x.size(-2), cols = x.size(-1), bytes = bytes_of(x);
  const int64_t shift = std::clamp(diagonal, -rows, cols);  // beyond, it keeps or drops all just as well
  kernels::split(x.numel() / cols, kernels::elementwise_grain / cols + 1, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      const int64_t cut = std::clamp<int64_t>(r % rows + shift + (lower ? 1 : 0), 0, cols);
      const int64_t begin = lower ? 0 : cut, end = lower ? cut : cols, row = r * cols * bytes;
      std::memset(out.raw_data() + row, 0, static_cast<size_t>(cols * bytes));
      std::memcpy(out.raw_data() + row + begin * bytes, in.raw_data() + row + begin * bytes,
                  static_cast<size_t>((end - begin) * bytes));
    }
  });
}

template <bool lower>
struct Triangle {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema = lower ? "aten::tril(Tensor self, SymInt diagonal=0) -> Tensor"
                                                   : "aten::triu(Tensor self, SymInt diagonal=0) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t) {
    require_plain(x, lower ? "tril" : "triu");
    require_2d(x, lower ? "tril" : "triu");
    return {x.sizes(), x.dtype()};
  }
  static void forward(const Tensor& x, int64_t diagonal, const Tensor& out) { keep_side<lower>(x, diagonal, out); }

  static constexpr const char* backward_name = lower ? "TrilBackward0" : "TriuBackward0";
  using Saved = int64_t;
  static Saved save(const Tensor&, int64_t diagonal, const Tensor&) { return diagonal; }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& diagonal, const Edges&) {
    return {call<Triangle>(gradient, diagonal)};
  }
};

}  // namespace

std::span<const okibi::Op> arranging_ops() {
  static constexpr okibi::Op rows[] = {entry<Roll>(),       entry<Flip>(),           entry<FlipLeftRight>(),
                                       entry<FlipUpDown>(), entry<Triangle<true>>(), entry<Triangle<false>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims) { return ops::call<ops::Roll>(x, shifts, dims); }
Tensor flip(const Tensor& x, const Dims& dims) { return ops::call<ops::Flip>(x, dims); }
Tensor tril(const Tensor& x, int64_t diagonal) { return ops::call<ops::Triangle<true>>(x, diagonal); }
Tensor triu(const Tensor& x, int64_t diagonal) { return ops::call<ops::Triangle<false>>(x, diagonal); }

}  // namespace okibi
