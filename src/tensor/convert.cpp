#include "tensor/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tensor/element.h"

namespace okibi {
namespace {

constexpr size_t piece = 256;  // elements converted at a time: the widest take 4 KiB, which stay in the nearest cache

// The step of the usual row is told to the compiler, which then makes a vector loop of it.
template <size_t itemsize>
void move_row(std::byte* to, ptrdiff_t to_step, const std::byte* from, ptrdiff_t from_step, size_t count) {
  if (to_step == itemsize && from_step == itemsize) {
    std::memmove(to, from, count * itemsize);
    return;
  }
  for (size_t i = 0; i < count; ++i, to += to_step, from += from_step) std::memcpy(to, from, itemsize);
}

template <size_t itemsize>
void fill_row(std::byte* to, ptrdiff_t step, const std::byte* element, size_t count) {
  std::byte value[itemsize];
  std::memcpy(value, element, itemsize);
  const auto fill = [&](ptrdiff_t stride) {
    for (size_t i = 0; i < count; ++i) std::memcpy(to + static_cast<ptrdiff_t>(i) * stride, value, itemsize);
  };
  step == itemsize ? fill(itemsize) : fill(step);
}

template <class T, class WideT>
void load_row(std::byte* wide, const std::byte* from, ptrdiff_t step, size_t count) {
  auto* out = reinterpret_cast<WideT*>(wide);
  const auto load = [&](ptrdiff_t stride) {
    for (size_t i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, from + static_cast<ptrdiff_t>(i) * stride, sizeof value);
      out[i] = widen(value);
    }
  };
  step == sizeof(T) ? load(sizeof(T)) : load(step);
}

template <class T, class WideT>
void store_row(std::byte* to, ptrdiff_t step, const std::byte* wide, size_t count) {
  const auto* in = reinterpret_cast<const WideT*>(wide);
  const auto store = [&](ptrdiff_t stride) {
    for (size_t i = 0; i < count; ++i) {
      const T value = cast_element<T>(in[i]);
      std::memcpy(to + static_cast<ptrdiff_t>(i) * stride, &value, sizeof value);
    }
  };
  step == sizeof(T) ? store(sizeof(T)) : store(step);
}

}  // namespace

MoveRow row_mover(size_t itemsize) {
  switch (itemsize) {
    case 1:
      return move_row<1>;
    case 2:
      return move_row<2>;
    case 4:
      return move_row<4>;
    case 8:
      return move_row<8>;
    default:
      return move_row<16>;  // the widest that the table of dtypes has
  }
}

FillRow row_filler(size_t itemsize) {
  switch (itemsize) {
    case 1:
      return fill_row<1>;
    case 2:
      return fill_row<2>;
    case 4:
      return fill_row<4>;
    case 8:
      return fill_row<8>;
    default:
      return fill_row<16>;
  }
}

RowConverter::RowConverter(DType to, DType from)
    : half_(half_row(to, from)),
      to_size_(static_cast<ptrdiff_t>(itemsize(to))),
      from_size_(static_cast<ptrdiff_t>(itemsize(from))) {
  if (!has_element_type(to) || !has_element_type(from)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("there is no conversion from torch.{} to torch.{}", name_of(from), name_of(to)));
  }
  with_element_type(from, [&]<class From>(std::type_identity<From>) {
    using WideT = WideOf<From>;
    load_ = load_row<From, WideT>;
    with_element_type(to, [&]<class To>(std::type_identity<To>) { store_ = store_row<To, WideT>; });
  });
}

void RowConverter::operator()(std::byte* to, ptrdiff_t to_step, const std::byte* from, ptrdiff_t from_step,
                              size_t count) const {
  if (half_ && to_step == to_size_ && from_step == from_size_) return half_(to, from, count);
  alignas(64) std::byte wide[piece * sizeof(std::complex<double>)];
  for (size_t done = 0; done < count; done += piece) {
    const size_t now = std::min(piece, count - done);
    const auto at = static_cast<ptrdiff_t>(done);
    load_(wide, from + at * from_step, from_step, now);
    store_(to + at * to_step, to_step, wide, now);
  }
}

}  // namespace okibi
