// script/host_values.h: what the functions that run operators have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "script/kernels.h"

namespace okibi::script {

using Arguments = std::span<const Value>;

inline bool are_ints(const Value& a, const Value& b) { return !a.is_double() && !b.is_double(); }

// Python's index from the end; Error(out_of_range) beyond both.
size_t index_in(int64_t index, size_t size);

// Python's begin and end of a slice.
struct Range {
  int64_t begin = 0, end = 0, step = 1;
};
Range slice_of(const Value& begin, const Value& end, const Value& step, size_t size);

// As TorchScript's str() and format() have it.
std::string text_of(const Value& value);

// The number of a dtype in programs.
int64_t number_of(DType dtype);

// The dtype that argument `index` names, or the other one where it is none. Behind it stand layout, device and
// pin_memory: Error(unsupported) for what is not dense.
DType dtype_at(Arguments arguments, size_t index, DType otherwise);
// Of a number that becomes a tensor: float32 of real ones.
DType dtype_of_number(const Value& number);
// Truths, integers, real and complex numbers, each beyond those before.
int rank_of(DType dtype);

// Texts are bytes; those beyond ASCII are no letters. Error(limit) for one that is longer than any should be.
constexpr size_t longest_text = size_t{1} << 28;
Value checked_text(std::string text);
inline char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace okibi::script
