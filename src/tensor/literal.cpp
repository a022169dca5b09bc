#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "tensor/body.h"
#include "tensor/element.h"

namespace okibi {

// Walks over the braces of a literal.
struct LiteralReader {
  using Kind = TensorLiteral::Kind;

  Dims sizes;
  DType dtype;
  std::vector<size_t> place = {};  // indices of the braces being read, for messages
  std::byte* next = nullptr;

  // The sizes that the first of everything suggests; write() then finds the braces that differ.
  static Dims sizes_of(const TensorLiteral& literal) {
    Dims sizes;
    for (const TensorLiteral* at = &literal; at->kind_ == Kind::list; at = &at->items_.front()) {
      sizes.push_back(static_cast<int64_t>(at->items_.size()));
      if (at->items_.empty()) break;
    }
    return sizes;
  }

  // The widest kind of number within; no numbers are float32, PyTorch's default.
  static Kind kind_of(const TensorLiteral& literal) {
    if (literal.kind_ != Kind::list) return literal.kind_;
    Kind widest = Kind::truth;
    bool any = false;
    for (const TensorLiteral& item : literal.items_) {
      const Kind kind = kind_of(item);
      if (kind == Kind::list) continue;
      any = true;
      widest = std::max(widest, kind);
    }
    return any ? widest : Kind::list;
  }

  static DType dtype_of_kind(Kind kind) {
    switch (kind) {
      case Kind::truth:
        return boolean;
      case Kind::integer:
        return int64;
      default:
        return float32;
    }
  }

  void write(const TensorLiteral& literal) {
    const size_t depth = place.size();
    const bool expect_list = depth < sizes.size();
    if (expect_list != (literal.kind_ == Kind::list)) refuse_depth(expect_list);
    if (!expect_list) return write_number(literal);
    if (literal.items_.size() != static_cast<size_t>(sizes[depth])) {
      throw Error(ErrorKind::bad_argument, fmt::format("expected sequence of length {} at dim {} (got {}){}",
                                                       sizes[depth], depth, literal.items_.size(), place_text()));
    }
    for (size_t i = 0; i < literal.items_.size(); ++i) {
      place.push_back(i);
      write(literal.items_[i]);
      place.pop_back();
    }
  }

  void write_number(const TensorLiteral& literal) {
    const bool too_large = literal.kind_ == Kind::integer && literal.integer_ < 0 && literal.real_ > 0;  // an uint64_t
    const Wide value = literal.kind_ == Kind::real ? Wide(literal.real_)
                       : too_large                 ? Wide(static_cast<uint64_t>(literal.integer_))
                                                   : Wide(literal.integer_);
    require_fitting(dtype, value);
    store_wide(dtype, next, value);
    next += itemsize(dtype);
  }

  [[noreturn]] void refuse_depth(bool expect_list) const {
    throw Error(ErrorKind::bad_argument, fmt::format("the braces of a tensor are of different depths{}", place_text()))
        .expected(expect_list ? fmt::format("braces with {} items", sizes[place.size()]) : std::string("a number"))
        .found(expect_list ? "a number" : "braces");
  }

  std::string place_text() const {
    return place.empty() ? std::string() : fmt::format(" at [{}]", fmt::join(place, "]["));
  }
};

Tensor tensor(const TensorLiteral& literal, std::optional<DType> dtype) {
  LiteralReader reader{LiteralReader::sizes_of(literal),
                       dtype ? *dtype : LiteralReader::dtype_of_kind(LiteralReader::kind_of(literal))};
  Tensor result = empty(reader.sizes, {.dtype = reader.dtype});
  reader.next = result.raw_data();
  reader.write(literal);
  return result;
}

template <Element T>
Tensor tensor(std::span<const T> values, Dims sizes) {
  if (static_cast<uint64_t>(numel_of(sizes)) != values.size()) {
    throw Error(ErrorKind::bad_argument, fmt::format("a tensor of sizes {} needs as many numbers", to_string(sizes)))
        .expected(static_cast<uint64_t>(numel_of(sizes)))
        .found(values.size());
  }
  Tensor result = empty(std::move(sizes), {.dtype = dtype_of<T>});
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}

template Tensor tensor(std::span<const bool>, Dims);
template Tensor tensor(std::span<const uint8_t>, Dims);
template Tensor tensor(std::span<const int8_t>, Dims);
template Tensor tensor(std::span<const int16_t>, Dims);
template Tensor tensor(std::span<const int32_t>, Dims);
template Tensor tensor(std::span<const int64_t>, Dims);
template Tensor tensor(std::span<const uint16_t>, Dims);
template Tensor tensor(std::span<const uint32_t>, Dims);
template Tensor tensor(std::span<const uint64_t>, Dims);
template Tensor tensor(std::span<const float>, Dims);
template Tensor tensor(std::span<const double>, Dims);

}  // namespace okibi
