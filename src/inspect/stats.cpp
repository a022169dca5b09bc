// Sums of millions of numbers: each block of elements on its own, by two passes over the cache, then blocks merged in
// order, so that neither the number of threads nor the pieces' sizes show in the result.
#include <algorithm>
#include <cmath>

#include <okibi/inspect.h>

#include "inspect/pieces.h"
#include "tensor/element.h"

namespace okibi::inspect {
namespace {

constexpr int64_t block_size = 1 << 14;

// Mean, and the sum of squared distances from it (Chan, Golub, LeVeque: "Updating formulae", 1979).
template <class Mean>
struct Moments {
  double count = 0;
  Mean mean = 0;
  double squares = 0;

  void merge(const Moments& other) {
    if (other.count == 0) return;
    const double total = count + other.count;
    const Mean distance = other.mean - mean;
    squares += other.squares + std::norm(distance) * count * other.count / total;
    mean += distance * (other.count / total);
    count = total;
  }
};

template <class Number>
struct Kind {  // real numbers
  static constexpr bool is_ordered = true;
  using Mean = double;
  static bool is_nan(Number value) { return std::isnan(static_cast<double>(value)); }
  static bool is_finite(Number value) { return std::isfinite(static_cast<double>(value)); }
};
template <>
struct Kind<std::complex<double>> {
  static constexpr bool is_ordered = false;
  using Mean = std::complex<double>;
  static bool is_nan(Mean value) { return std::isnan(value.real()) || std::isnan(value.imag()); }
  static bool is_finite(Mean value) { return std::isfinite(value.real()) && std::isfinite(value.imag()); }
};

template <class Number>
struct Partial {
  using Mean = typename Kind<Number>::Mean;
  uint64_t numel = 0, zeros = 0, nans = 0, infinities = 0;
  Number low = {}, high = {};
  Moments<Mean> moments;

  void count(Number value) {
    ++numel;
    zeros += value == Number(0);
    if (!Kind<Number>::is_finite(value)) {
      ++(Kind<Number>::is_nan(value) ? nans : infinities);
      return;
    }
    if constexpr (Kind<Number>::is_ordered) {
      if (moments.count == 0 || value < low) low = value;
      if (moments.count == 0 || value > high) high = value;
    }
    ++moments.count;
    moments.mean += static_cast<Mean>(value);  // the sum, until the block is done
  }

  void merge(const Partial& other) {
    if constexpr (Kind<Number>::is_ordered) {
      if (other.moments.count > 0) {
        low = moments.count == 0 ? other.low : std::min(low, other.low);
        high = moments.count == 0 ? other.high : std::max(high, other.high);
      }
    }
    numel += other.numel, zeros += other.zeros, nans += other.nans, infinities += other.infinities;
    moments.merge(other.moments);
  }
};

template <class T>
Partial<WideOf<T>> of_block(const T* elements, int64_t count) {
  using Number = WideOf<T>;
  using Mean = typename Kind<Number>::Mean;
  Partial<Number> block;
  for (int64_t i = 0; i < count; ++i) block.count(widen(elements[i]));
  if (block.moments.count > 0) block.moments.mean /= block.moments.count;
  for (int64_t i = 0; i < count; ++i) {
    const Number value = widen(elements[i]);
    if (Kind<Number>::is_finite(value))
      block.moments.squares += std::norm(static_cast<Mean>(value) - block.moments.mean);
  }
  return block;
}

template <class T>
void add_piece(Partial<WideOf<T>>& total, const Tensor& piece) {
  const Tensor elements = piece.contiguous();
  const auto* data = reinterpret_cast<const T*>(elements.raw_data());
  const int64_t count = elements.numel(), blocks = (count + block_size - 1) / block_size;
  std::vector<Partial<WideOf<T>>> partials(static_cast<size_t>(blocks));
  parallel_for(0, blocks, 4, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      partials[static_cast<size_t>(i)] = of_block(data + i * block_size, std::min(block_size, count - i * block_size));
  });
  for (const auto& partial : partials) total.merge(partial);
}

template <class T, class Number>
void set_results(TensorStats& stats, const Partial<Number>& total) {
  stats.numel = total.numel, stats.zeros = total.zeros, stats.nans = total.nans, stats.infinities = total.infinities;
  if (total.moments.count == 0) return;
  stats.mean = total.moments.mean;
  const double variance = total.moments.count > 1 ? total.moments.squares / (total.moments.count - 1) : NAN;
  if (std::isfinite(variance)) stats.std = std::sqrt(variance);  // too large for a double: there is none
  if constexpr (std::same_as<T, bool>) {
    stats.min = total.low != 0, stats.max = total.high != 0;
  } else if constexpr (Kind<Number>::is_ordered) {
    stats.min = total.low, stats.max = total.high;
  }
}

void compute(TensorStats& stats, const LazyTensor& tensor, const StatsOptions& options, const TakePiece& taken) {
  const DType dtype = is_dequantised(stats.entry) ? float32 : stats.entry.dtype;
  with_element_type(dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    Partial<WideOf<T>> total;
    const auto each_piece = [&](const TakePiece& take) {
      is_dequantised(stats.entry) ? take(tensor.load()) : for_each_piece(tensor, options.stop, take);
    };
    each_piece([&](const Tensor& piece) {
      add_piece<T>(total, numbers_of(piece));
      taken(piece);
    });
    set_results<T>(stats, total);
  });
}

std::string reason_to_pass(const TensorEntry& entry) {
  if (entry.device.type() == "meta") return "a meta tensor: no numbers";
  if (!has_element_type(entry.dtype) && !is_dequantised(entry)) return "its elements are no plain numbers";
  if (entry.layout == Layout::nested) return "a nested tensor";
  if (entry.nbytes > 0 && !has_readable_elements(entry)) return "shows few numbers so often that they are not all read";
  return "";
}

}  // namespace

std::vector<TensorStats> stats(const Archive& archive, const StatsOptions& options) {
  std::vector<TensorStats> all;
  std::vector<const TensorEntry*> entries;  // of each
  uint64_t total = 0, done = 0;
  for (const TensorEntry& entry : archive.tensors()) {
    if (!options.glob.empty() && !glob_match(options.glob, entry.name)) continue;
    entries.push_back(&entry);
    all.push_back({.entry = entry, .note = reason_to_pass(entry)});
    total += all.back().note.empty() ? entry.nbytes : 0;
  }
  for (size_t i = 0; i < all.size(); ++i) {
    throw_if_stopped(options.stop);
    TensorStats& one = all[i];
    if (!one.note.empty()) continue;
    compute(one, archive.tensor(*entries[i]), options, [&](const Tensor& piece) {
      done += piece.layout() == Layout::strided ? piece.nbytes() : one.entry.nbytes;
      if (options.progress) options.progress(done, total);
    });
    if (one.entry.layout != Layout::strided) one.note = "of the values that are stored";
    if (is_dequantised(one.entry)) one.note = "of the numbers that the quantised ones stand for";
  }
  return all;
}

}  // namespace okibi::inspect
