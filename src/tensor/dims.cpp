#include <fmt/format.h>
#include <fmt/ranges.h>
#include <okibi/dtype.h>

#include <algorithm>
#include <limits>

namespace okibi {
namespace {

using Heap = std::allocator<int64_t>;

// The product of two sizes, still a number that an index can be.
int64_t product_of_sizes(int64_t a, int64_t b) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  throw Error(ErrorKind::bad_argument, fmt::format("a tensor cannot have {} times {} elements", a, b))
      .expected(fmt::format("at most {}", std::numeric_limits<int64_t>::max()));
}

}  // namespace

Dims::Dims(std::span<const int64_t> values) : size_(values.size()) {
  if (size_ > inside) heap_ = Heap().allocate(size_);
  std::copy(values.begin(), values.end(), data());
}

Dims::Dims(size_t count, int64_t value) : size_(count) {
  if (size_ > inside) heap_ = Heap().allocate(size_);
  std::fill_n(data(), count, value);
}

Dims& Dims::operator=(Dims other) noexcept {
  this->~Dims();
  return *new (this) Dims(std::move(other));
}

int64_t* Dims::heap_copy_of(const Dims& other) {
  int64_t* const copy = Heap().allocate(other.size_);
  std::copy_n(other.heap_, other.size_, copy);
  return copy;
}

void Dims::free_heap() noexcept { Heap().deallocate(heap_, size_); }

void Dims::push_back(int64_t value) { insert(size_, value); }

void Dims::insert(size_t at, int64_t value) {
  Dims longer(size_ + 1, value);
  std::copy(begin(), begin() + at, longer.begin());
  std::copy(begin() + at, end(), longer.begin() + at + 1);
  *this = std::move(longer);
}

void Dims::erase(size_t at) {
  Dims shorter(size_ - 1, 0);
  std::copy(begin(), begin() + at, shorter.begin());
  std::copy(begin() + at + 1, end(), shorter.begin() + at);
  *this = std::move(shorter);
}

bool Dims::operator==(const Dims& other) const noexcept {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string to_string(const Dims& dims) { return fmt::format("[{}]", fmt::join(dims.begin(), dims.end(), ", ")); }

int64_t numel_of(const Dims& sizes) {
  bool none = false;
  for (const int64_t size : sizes) {
    if (size < 0) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("Trying to create tensor with negative dimension {}: {}", size, to_string(sizes)));
    }
    none |= size == 0;
  }
  if (none) return 0;
  int64_t count = 1;
  for (const int64_t size : sizes) count = product_of_sizes(count, size);
  return count;
}

Dims contiguous_strides(const Dims& sizes) {
  Dims strides(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;) {
    strides[i - 1] = product_of_sizes(strides[i], std::max<int64_t>(sizes[i], 1));
  }
  return strides;
}

}  // namespace okibi
