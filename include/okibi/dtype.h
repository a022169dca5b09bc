// okibi/dtype.h: the dtypes, layouts and devices that a tensor can have, and short lists of sizes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/base.h>

namespace okibi {

enum class DTypeCategory : uint8_t {
  boolean,
  unsigned_integer,
  signed_integer,
  floating,
  complex_number,
  quantised,
  bits
};

// Numbered as c10::ScalarType is, which files rely on.
enum class DType : uint8_t {
#define X(name, number, bytes, category, storage) name = number,
#include <okibi/dtypes.def>
#undef X
};

#define X(name, number, bytes, category, storage) inline constexpr DType name = DType::name;
#include <okibi/dtypes.def>
#undef X

// One row of the table.
struct DTypeInfo {
  DType dtype;
  std::string_view name;  // as PyTorch prints it, without "torch.": "float32", "bool"
  size_t itemsize;        // bytes an element
  DTypeCategory category;
  std::string_view storage_class;  // "FloatStorage"; "" where only UntypedStorage will do
};

std::span<const DTypeInfo> all_dtypes() noexcept;
const DTypeInfo& info(DType dtype) noexcept;
// Bytes an element, by number: the rows of the table stand in the order of their numbers.
inline constexpr uint8_t itemsizes[] = {
#define X(name, number, bytes, category, storage) bytes,
#include <okibi/dtypes.def>
#undef X
};
inline size_t itemsize(DType dtype) noexcept { return itemsizes[static_cast<size_t>(dtype)]; }
inline std::string_view name_of(DType dtype) noexcept { return info(dtype).name; }
// Of most dtypes a whole number of bytes is one element; of these a byte holds several, and only whole tensors are
// dealt with, which begin with a byte of their own.
constexpr uint64_t elements_per_byte(DType dtype) noexcept {
  return dtype == DType::quint4x2 ? 2 : dtype == DType::quint2x4 ? 4 : 1;
}
constexpr bool is_packed(DType dtype) noexcept { return elements_per_byte(dtype) > 1; }
inline uint64_t nbytes_of(DType dtype, uint64_t numel) noexcept {  // wraps around where there is no such memory
  const uint64_t many = elements_per_byte(dtype);
  return (numel / many + (numel % many != 0)) * itemsize(dtype);
}
std::optional<DType> dtype_named(std::string_view name) noexcept;       // "float32", "torch.float32", "bool"
std::optional<DType> dtype_of_storage(std::string_view name) noexcept;  // "FloatStorage"
bool is_floating_point(DType dtype) noexcept;
bool is_complex(DType dtype) noexcept;
bool is_integral(DType dtype) noexcept;  // bool apart

// What an operation over both computes in (c10's promotion rules for two tensors that both have dimensions).
DType promote_types(DType a, DType b);

// The C++ type of a dtype, where there is one: dtype_of<float> is float32.
template <class T>
inline constexpr std::optional<DType> dtype_of_type = std::nullopt;
template <>
inline constexpr std::optional<DType> dtype_of_type<bool> = boolean;
template <>
inline constexpr std::optional<DType> dtype_of_type<uint8_t> = uint8;
template <>
inline constexpr std::optional<DType> dtype_of_type<int8_t> = int8;
template <>
inline constexpr std::optional<DType> dtype_of_type<int16_t> = int16;
template <>
inline constexpr std::optional<DType> dtype_of_type<int32_t> = int32;
template <>
inline constexpr std::optional<DType> dtype_of_type<int64_t> = int64;
template <>
inline constexpr std::optional<DType> dtype_of_type<uint16_t> = uint16;
template <>
inline constexpr std::optional<DType> dtype_of_type<uint32_t> = uint32;
template <>
inline constexpr std::optional<DType> dtype_of_type<uint64_t> = uint64;
template <>
inline constexpr std::optional<DType> dtype_of_type<float> = float32;
template <>
inline constexpr std::optional<DType> dtype_of_type<double> = float64;
template <class T>
concept Element = bool(dtype_of_type<T>);
template <Element T>
inline constexpr DType dtype_of = *dtype_of_type<T>;

// `nested` is what PyTorch, too, calls strided: tensors of different sizes in one buffer, which have no strides in
// common.
enum class Layout : uint8_t { strided, sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc, nested };
std::string_view name_of(Layout layout) noexcept;  // "strided", as PyTorch prints it without "torch."

// Where a file says that a tensor was: "cpu", "cuda:0", "mps", "meta" … A tag only: the bytes are always in memory here
// (a meta tensor has none). Kept so that saving again writes what was read.
class Device {
 public:
  Device() = default;  // cpu
  explicit Device(std::string_view text) : text_(text) {}
  const std::string& text() const noexcept { return text_; }
  std::string_view type() const noexcept { return std::string_view(text_).substr(0, text_.find(':')); }
  bool operator==(const Device&) const = default;

 private:
  std::string text_ = "cpu";
};

// A short list of sizes or strides. Five lie inside; more go to the heap.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  Dims(std::span<const int64_t> values);
  Dims(const std::vector<int64_t>& values) : Dims(std::span(values)) {}
  Dims(size_t count, int64_t value);
  Dims(const Dims& other) : size_(other.size_) {
    if (size_ > inside)
      heap_ = heap_copy_of(other);
    else
      std::copy_n(other.near_, inside, near_);
  }
  Dims(Dims&& other) noexcept : size_(other.size_) {
    if (size_ > inside) {
      heap_ = other.heap_;
      other.size_ = 0;
    } else {
      std::copy_n(other.near_, inside, near_);
    }
  }
  Dims& operator=(Dims other) noexcept;
  ~Dims() {
    if (size_ > inside) free_heap();
  }

  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  int64_t* data() noexcept { return size_ > inside ? heap_ : near_; }
  const int64_t* data() const noexcept { return size_ > inside ? heap_ : near_; }
  int64_t* begin() noexcept { return data(); }
  int64_t* end() noexcept { return data() + size_; }
  const int64_t* begin() const noexcept { return data(); }
  const int64_t* end() const noexcept { return data() + size_; }
  int64_t& operator[](size_t i) noexcept { return data()[i]; }
  int64_t operator[](size_t i) const noexcept { return data()[i]; }
  int64_t back() const noexcept { return data()[size_ - 1]; }
  operator std::span<const int64_t>() const noexcept { return {data(), size_}; }

  void push_back(int64_t value);
  void insert(size_t at, int64_t value);
  void erase(size_t at);
  bool operator==(const Dims& other) const noexcept;

 private:
  static int64_t* heap_copy_of(const Dims& other);
  void free_heap() noexcept;
  static constexpr size_t inside = 5;
  size_t size_ = 0;
  union {
    int64_t near_[inside] = {};
    int64_t* heap_;
  };
};

std::string to_string(const Dims& dims);     // "[2, 3]", as PyTorch prints a torch.Size's list
int64_t numel_of(const Dims& sizes);         // checked product; 1 for no dimensions
Dims contiguous_strides(const Dims& sizes);  // in elements, row-major

}  // namespace okibi
