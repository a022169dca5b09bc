#include "tensor/geometry.h"

#include <fmt/format.h>
#include <okibi/tensor.h>

#include <algorithm>

namespace okibi {
namespace {

constexpr int64_t largest_extent = int64_t{1} << 62;  // leaves room to add two of them

[[noreturn]] void refuse_expand(const Dims& sizes, const Dims& target, size_t at) {
  const size_t leading = target.size() - sizes.size();
  throw Error(ErrorKind::bad_argument,
              fmt::format("The expanded size of the tensor ({}) must match the existing size ({}) at non-singleton "
                          "dimension {}.  Target sizes: {}.  Tensor sizes: {}",
                          target[at], sizes[at - leading], at, to_string(target), to_string(sizes)));
}

// How far apart the first and the last element are, in elements. Error when that is no sensible number.
int64_t extent_of(const Dims& sizes, const Dims& strides, ErrorKind kind) {
  int64_t extent = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t span = 0;
    const bool overflows = __builtin_mul_overflow(std::max<int64_t>(sizes[i], 1), strides[i], &span);
    if (overflows || span > largest_extent || (extent += span - (sizes[i] > 0 ? strides[i] : 0)) > largest_extent) {
      throw Error(kind, fmt::format("a tensor of sizes {} with strides {} reaches further than any memory",
                                    to_string(sizes), to_string(strides)));
    }
  }
  return extent;
}

void check_not_negative(const Dims& values, std::string_view what, ErrorKind kind) {
  for (const int64_t value : values) {
    if (value < 0) throw Error(kind, fmt::format("a tensor has a negative {}: {}", what, to_string(values)));
  }
}

}  // namespace

size_t wrap_dim(int64_t dim, size_t rank) {
  const auto range = std::max<int64_t>(static_cast<int64_t>(rank), 1);  // a tensor of no dimensions answers to 0 and -1
  if (dim < -range || dim >= range) {
    throw Error(ErrorKind::out_of_range,
                fmt::format("Dimension out of range (expected to be in range of [{}, {}], but got {})", -range,
                            range - 1, dim));
  }
  return static_cast<size_t>(dim < 0 ? dim + range : dim);
}

bool is_contiguous(const Dims& sizes, const Dims& strides) noexcept {
  int64_t expected = 1;
  bool contiguous = true;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 0) return true;
    if (sizes[i] == 1) continue;
    contiguous = contiguous && strides[i] == expected;
    expected = wrapping_mul(expected, sizes[i]);
  }
  return contiguous;
}

Dims infer_size(Dims sizes, int64_t numel) {
  const auto refuse = [&](const Dims& asked) -> Error {
    return Error(ErrorKind::bad_argument,
                 fmt::format("shape '{}' is invalid for input of size {}", to_string(asked), numel));
  };
  std::optional<size_t> unknown;
  Dims known;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] >= 0) {
      known.push_back(sizes[i]);
    } else if (sizes[i] != -1) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("invalid shape dimension {} at index {} of shape {}", sizes[i], i, to_string(sizes)));
    } else if (unknown) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("only one dimension can be inferred, not more, in shape {}", to_string(sizes)));
    } else {
      unknown = i;
    }
  }
  const int64_t product = numel_of(known);
  if (!unknown) return product == numel ? sizes : throw refuse(sizes);
  if (product == 0 && numel == 0) {
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("cannot reshape tensor of 0 elements into shape {} because the unspecified dimension size -1 "
                    "can be any value and is ambiguous",
                    to_string(sizes)));
  }
  if (product == 0 || numel % product != 0) throw refuse(sizes);
  sizes[*unknown] = numel / product;
  return sizes;
}

std::optional<Dims> view_strides(const Dims& sizes, const Dims& strides, const Dims& new_sizes) {
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) {
    return new_sizes == sizes ? strides : contiguous_strides(new_sizes);
  }
  Dims result(new_sizes.size(), 1);
  // From the back: old dimensions that lie one after another in memory form a block, which new dimensions must fill
  // exactly.
  size_t to_fill = new_sizes.size();
  int64_t block = 1, step = sizes.empty() ? 1 : strides.back();
  for (size_t i = sizes.size(); i-- > 0;) {
    block *= sizes[i];
    const bool block_ends = i == 0 || (sizes[i - 1] != 1 && strides[i - 1] != wrapping_mul(block, step));
    if (!block_ends) continue;
    int64_t filled = 1;
    while (to_fill > 0 && (filled < block || new_sizes[to_fill - 1] == 1)) {
      --to_fill;
      result[to_fill] = wrapping_mul(filled, step);
      filled *= new_sizes[to_fill];
    }
    if (filled != block) return std::nullopt;
    if (i > 0) {
      block = 1;
      step = strides[i - 1];
    }
  }
  return result;
}

Geometry expand_geometry(const Dims& sizes, const Dims& strides, const Dims& target) {
  if (target.size() < sizes.size()) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("expand: the number of sizes provided ({}) must be greater or equal to the number of "
                            "dimensions in the tensor ({})",
                            target.size(), sizes.size()));
  }
  const size_t leading = target.size() - sizes.size();
  Geometry result{target, Dims(target.size(), 0)};
  for (size_t i = 0; i < target.size(); ++i) {
    const bool existing = i >= leading;
    if (target[i] < (existing ? -1 : 0)) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("The expanded size of the tensor ({}) isn't allowed in {} dimension {}", target[i],
                              existing ? "an existing" : "a leading, non-existing", i));
    }
    if (!existing) continue;
    if (target[i] == -1) result.sizes[i] = sizes[i - leading];
    if (result.sizes[i] == sizes[i - leading]) {
      result.strides[i] = strides[i - leading];
    } else if (sizes[i - leading] != 1) {
      refuse_expand(sizes, target, i);
    }
  }
  return result;
}

void check_bounds(const Dims& sizes, const Dims& strides, int64_t storage_offset, size_t itemsize, uint64_t available,
                  ErrorKind kind) {
  if (sizes.size() != strides.size()) {
    throw Error(kind, "a tensor needs as many strides as sizes").expected(to_string(sizes)).found(to_string(strides));
  }
  if (sizes.size() > Limits().max_tensor_dims) {
    throw Error(kind, "a tensor has too many dimensions")
        .expected(fmt::format("at most {}", Limits().max_tensor_dims))
        .found(sizes.size());
  }
  check_not_negative(sizes, "size", kind);
  check_not_negative(strides, "stride", kind);
  if (storage_offset < 0) throw Error(kind, fmt::format("a tensor has a negative storage offset: {}", storage_offset));
  const int64_t extent = extent_of(sizes, strides, kind);
  if (numel_of(sizes) == 0) return;
  if (storage_offset > largest_extent)
    throw Error(kind, fmt::format("a storage offset of {} elements reaches further than any memory", storage_offset));
  const uint64_t elements = static_cast<uint64_t>(storage_offset) + static_cast<uint64_t>(extent) + 1;
  if (elements <= available / itemsize) return;
  throw Error(kind, fmt::format("a tensor of sizes {}, strides {} and storage offset {} does not fit its storage",
                                to_string(sizes), to_string(strides), storage_offset))
      .expected(fmt::format("{} elements of {} bytes", elements, itemsize))
      .found(fmt::format("{} bytes", available));
}

Dims broadcast_sizes(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  const size_t leading = longer.size() - shorter.size();
  Dims result = longer;
  for (size_t i = leading; i < longer.size(); ++i) {
    const int64_t one = longer[i], other = shorter[i - leading];
    if (one != other && one != 1 && other != 1) {
      const bool in_order = &longer == &a;
      throw Error(
          ErrorKind::bad_argument,
          fmt::format("The size of tensor a ({}) must match the size of tensor b ({}) at non-singleton dimension "
                      "{}: the shapes are {} and {}",
                      in_order ? one : other, in_order ? other : one, i, to_string(a), to_string(b)));
    }
    result[i] = one == 1 ? other : one;
  }
  return result;
}

}  // namespace okibi
