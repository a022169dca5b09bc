// Rows of bytes, moved: what their elements are does not matter here.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/fetch.h"
#include "kernels/kernels.h"
#include "kernels/split.h"
#include "kernels/usual_width.h"

namespace okibi::kernels {
namespace {

template <int64_t fixed, class Index>
void gather(std::span<const Index> ids, int64_t bytes, const std::byte* table, std::byte* out, int64_t out_stride) {
  const int64_t width = fixed > 0 ? fixed : bytes;
  for (size_t i = 0; i < ids.size(); ++i, out += out_stride) {
    if (i + rows_ahead < ids.size()) fetch_row(table + int64_t{ids[i + rows_ahead]} * width, width);
    std::memcpy(out, table + int64_t{ids[i]} * width, static_cast<size_t>(width));
  }
}

// Rows for a thread: as many bytes as elementwise loops give it.
int64_t rows_grain(int64_t bytes) { return elementwise_grain * int64_t{sizeof(float)} / bytes + 1; }

}  // namespace

template <class Index>
void gather_rows(std::span<const Index> ids, int64_t bytes, const std::byte* table, std::byte* out,
                 int64_t out_stride) {
  if (bytes == 0) return;
  with_width(bytes, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    split(static_cast<int64_t>(ids.size()), rows_grain(bytes), [&](int64_t first, int64_t last) {
      const auto some = ids.subspan(static_cast<size_t>(first), static_cast<size_t>(last - first));
      gather<fixed>(some, bytes, table, out + first * out_stride, out_stride);
    });
  });
}

void copy_rows(int64_t rows, int64_t bytes, const std::byte* from, int64_t from_stride, std::byte* to,
               int64_t to_stride) {
  if (bytes == 0) return;
  with_width(bytes, [&]<int64_t fixed>(std::integral_constant<int64_t, fixed>) {
    const auto width = static_cast<size_t>(fixed > 0 ? fixed : bytes);
    split(rows, rows_grain(bytes), [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) std::memcpy(to + i * to_stride, from + i * from_stride, width);
    });
  });
}

template void gather_rows(std::span<const int32_t>, int64_t, const std::byte*, std::byte*, int64_t);
template void gather_rows(std::span<const int64_t>, int64_t, const std::byte*, std::byte*, int64_t);

}  // namespace okibi::kernels
