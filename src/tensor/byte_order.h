// tensor/byte_order.h: elements of the other byte order.
#pragma once

#include <algorithm>
#include <span>

#include <okibi/dtype.h>

namespace okibi {

// The size of the pieces whose bytes turn around: an element, or half a complex one.
inline size_t swap_unit(DType dtype) noexcept { return is_complex(dtype) ? itemsize(dtype) / 2 : itemsize(dtype); }

inline void swap_bytes(std::span<std::byte> bytes, size_t unit) {
  if (unit < 2) return;
  for (size_t at = 0; at + unit <= bytes.size(); at += unit) std::ranges::reverse(bytes.subspan(at, unit));
}

}  // namespace okibi
