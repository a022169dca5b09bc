// Operators that are made of others, as transformers need them.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/arranging.h"
#include "ops/op.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

struct Baddbmm {
  static constexpr std::string_view schema =
      "aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& a, const Tensor& b, double beta, double alpha) {
    return added(x, okibi::bmm(a, b), beta, alpha);
  }
};

struct Repeat {
  static constexpr std::string_view schema = "aten::repeat(Tensor self, SymInt[] repeats) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& repeats) {
    if (repeats.size() < x.sizes().size()) {
      throw Error(ErrorKind::bad_argument,
                  "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
          .found(fmt::format("{} for sizes {}", to_string(repeats), to_string(x.sizes())));
    }
    const size_t fresh = repeats.size() - x.sizes().size();
    Dims between, spread, sizes;  // each dimension behind a new one, which is repeated and then joined with it
    for (size_t d = 0; d < repeats.size(); ++d) {
      const int64_t size = d < fresh ? 1 : x.sizes()[d - fresh];
      if (repeats[d] < 0) throw Error(ErrorKind::bad_argument, "repeats may not be negative").found(to_string(repeats));
      for (const int64_t one : {int64_t{1}, size}) between.push_back(one);
      for (const int64_t one : {repeats[d], size}) spread.push_back(one);
      sizes.push_back(
          static_cast<int64_t>(checked_mul(static_cast<uint64_t>(repeats[d]), static_cast<uint64_t>(size), "repeat")));
    }
    return x.reshape(between).expand(spread).clone().view(sizes);  // its own numbers, also where nothing is repeated
  }
};

struct SplitSizes {
  static constexpr std::string_view schema =
      "aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, const Dims& sizes, int64_t dim) {
    int64_t begin = 0;
    std::vector<Tensor> parts;
    for (const int64_t size : sizes) {
      if (size < 0 || size > x.size(dim) - begin) throw not_fitting(x, sizes, dim);
      parts.push_back(x.narrow(dim, begin, size));
      begin += size;
    }
    if (begin != x.size(dim)) throw not_fitting(x, sizes, dim);
    return parts;
  }

 private:
  static Error not_fitting(const Tensor& x, const Dims& sizes, int64_t dim) {
    return Error(ErrorKind::bad_argument,
                 fmt::format("split_with_sizes expects split_sizes to sum exactly to {} (input tensor's size at "
                             "dimension {})",
                             x.size(dim), dim))
        .found(to_string(sizes));
  }
};
struct SplitWithSizes {
  static constexpr std::string_view schema =
      "aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]";
  static std::vector<Tensor> compose(const Tensor& x, const Dims& sizes, int64_t dim) {
    return SplitSizes::compose(x, sizes, dim);
  }
};

// pad: how much before and behind the last dimension, then before and behind the one before it; less than 0 takes away.
// The modes but "constant" repeat what is there: "reflect" as a mirror at the edge, "replicate" the edge, "circular"
// the other end.
struct Pad {
  static constexpr std::string_view schema =
      "aten::pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& pad, const std::string& mode, std::optional<double> value) {
    if (pad.size() % 2 != 0 || pad.size() / 2 > x.sizes().size()) {
      throw Error(ErrorKind::bad_argument, "Padding length must be divisible by 2, and at most twice the dimensions")
          .found(to_string(pad));
    }
    Tensor padded = x;
    for (size_t i = 0; i < pad.size(); i += 2) {
      const int64_t dim = -1 - static_cast<int64_t>(i / 2);
      padded = mode == "constant" ? padded_along(padded, dim, pad[i], pad[i + 1], value.value_or(0))
                                  : repeated_along(padded, dim, pad[i], pad[i + 1], mode);
    }
    return padded.storage() == x.storage() ? padded.clone() : padded.contiguous();  // its own numbers in any case
  }

 private:
  static void check(const Tensor& x, int64_t dim, int64_t before, int64_t behind) {
    constexpr int64_t most = int64_t{1} << 40;
    const int64_t kept = x.size(dim) + std::min<int64_t>(before, 0) + std::min<int64_t>(behind, 0);
    if (std::min(before, behind) >= -x.size(dim) && kept >= 0 && std::max(before, behind) <= most) return;
    throw Error(ErrorKind::bad_argument, "pad: the result would have no size")
        .found(fmt::format("{} and {} for a dimension of {}", before, behind, x.size(dim)));
  }
  static Tensor padded_along(const Tensor& x, int64_t dim, int64_t before, int64_t behind, double value) {
    check(x, dim, before, behind);
    const int64_t kept = x.size(dim) + std::min<int64_t>(before, 0) + std::min<int64_t>(behind, 0);
    std::vector<Tensor> parts;
    if (before > 0) parts.push_back(filled(x, dim, before, value));
    parts.push_back(x.narrow(dim, std::max<int64_t>(-before, 0), kept));
    if (behind > 0) parts.push_back(filled(x, dim, behind, value));
    return parts.size() == 1 ? parts[0] : okibi::cat(parts, dim);
  }
  static Tensor filled(const Tensor& x, int64_t dim, int64_t length, double value) {
    Dims sizes = x.sizes();
    sizes[sizes.size() - static_cast<size_t>(-dim)] = length;
    return full(sizes, value, {x.dtype()});
  }

  // Each place of the result is one of x.
  static Tensor repeated_along(const Tensor& x, int64_t dim, int64_t before, int64_t behind, const std::string& mode) {
    const int64_t size = x.size(dim), largest = std::max(before, behind);
    const bool mirrors = mode == "reflect", is_circle = mode == "circular";
    if (!mirrors && !is_circle && mode != "replicate") {
      throw Error(ErrorKind::bad_argument, "Unrecognised padding mode")
          .expected("constant, reflect, replicate or circular")
          .found(printable(mode, 40));
    }
    check(x, dim, before, behind);
    if (size == 0 || (mirrors && largest >= size) || (is_circle && largest > size)) {
      throw Error(ErrorKind::bad_argument, fmt::format("pad: there is not so much to {} from", mode))
          .found(fmt::format("{} and {} for a dimension of {}", before, behind, size));
    }
    if (before == 0 && behind == 0) return x;
    const Tensor places = empty({size + before + behind}, {int64});
    for (int64_t i = 0; i < places.numel(); ++i) {
      const int64_t at = i - before, beyond = at < 0 ? -at : at - size + 1;
      places.data<int64_t>()[i] = at >= 0 && at < size ? at
                                  : is_circle          ? (at < 0 ? at + size : at - size)
                                  : at < 0             ? (mirrors ? beyond : 0)
                                                       : (mirrors ? size - 1 - beyond : size - 1);
    }
    return okibi::index_select(x, dim, places);
  }
};
struct ConstantPad {
  static constexpr std::string_view schema =
      "aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& pad, const Value& value) {
    return Pad::compose(x, pad, "constant", value.to_double());
  }
};

}  // namespace

Tensor repeat(const Tensor& x, const Dims& repeats) { return Repeat::compose(x, repeats); }

std::span<const okibi::Op> assembled_ops() {
  static constexpr okibi::Op rows[] = {entry<Baddbmm>(),        entry<Repeat>(), entry<SplitSizes>(),
                                       entry<SplitWithSizes>(), entry<Pad>(),    entry<ConstantPad>()};
  return rows;
}

}  // namespace okibi::ops
