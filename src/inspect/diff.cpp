#include <algorithm>
#include <cmath>
#include <mutex>

#include <okibi/inspect.h>

#include "base/keyed_hash.h"
#include "inspect/leaves.h"
#include "inspect/pieces.h"
#include "tensor/element.h"

namespace okibi::inspect {
namespace {

// ------------------------------------------------------------------------------------------------ elements

struct Distance {
  uint64_t differing = 0;
  std::optional<double> max_abs, max_rel;

  void take(double absolute, double size) {
    max_abs = std::max(max_abs.value_or(0), absolute);
    max_rel = std::max(max_rel.value_or(0), size > 0 ? absolute / size : 0);
  }
  void merge(const Distance& other) {
    differing += other.differing;
    if (!other.max_abs) return;
    max_abs = std::max(max_abs.value_or(0), *other.max_abs);
    max_rel = std::max(max_rel.value_or(0), *other.max_rel);
  }
};

bool is_finite(double value) { return std::isfinite(value); }
bool is_finite(const std::complex<double>& value) { return is_finite(value.real()) && is_finite(value.imag()); }
bool is_nan(double value) { return std::isnan(value); }
bool is_nan(const std::complex<double>& value) { return is_nan(value.real()) || is_nan(value.imag()); }

// Whole numbers beyond 2^53 are told apart before they become float64.
template <class Number>
double distance_of_numbers(Number a, Number b) {
  if constexpr (std::integral<Number>) {
    return static_cast<double>(static_cast<uint64_t>(std::max(a, b)) - static_cast<uint64_t>(std::min(a, b)));
  } else {
    return std::abs(a - b);
  }
}

template <class Number>
void compare(Number a, Number b, const DiffOptions& options, Distance& distance) {
  using Wide = std::conditional_t<is_complex_number<Number>, std::complex<double>, double>;
  const Wide x = static_cast<Wide>(a), y = static_cast<Wide>(b);
  if (is_nan(x) && is_nan(y)) return;
  const bool finite = is_finite(x) && is_finite(y);
  const double absolute = a == b ? 0 : distance_of_numbers(a, b);
  if (finite) distance.take(absolute, std::max(std::abs(x), std::abs(y)));
  distance.differing += a != b && (!finite || absolute > options.atol + options.rtol * std::abs(y));
}

template <class T>
Distance distance_of(const Tensor& a, const Tensor& b, const DiffOptions& options) {
  const Tensor left = a.contiguous(), right = b.contiguous();
  const auto* x = reinterpret_cast<const T*>(left.raw_data());
  const auto* y = reinterpret_cast<const T*>(right.raw_data());
  Distance all;
  std::mutex mutex;
  parallel_for(0, left.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    Distance piece;
    for (int64_t i = begin; i < end; ++i) compare(widen(x[i]), widen(y[i]), options, piece);
    const std::lock_guard lock(mutex);
    all.merge(piece);
  });
  return all;
}

// In the type of both, or where those differ in one that holds either.
Distance distance_between(const Tensor& a, const Tensor& b, const DiffOptions& options) {
  DType dtype = a.dtype();
  if (dtype != b.dtype()) dtype = is_complex(dtype) || is_complex(b.dtype()) ? complex128 : float64;
  return with_element_type(
      dtype, [&](auto type) { return distance_of<typename decltype(type)::type>(a.to(dtype), b.to(dtype), options); });
}

// ------------------------------------------------------------------------------------------------ other values

// As Python's ==, but for NaN, and for values of different types: True is not 1 here.
bool is_same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_double() && std::isnan(a.to_double()) && std::isnan(b.to_double())) return true;
  return a == b;
}

std::string text_of(const Value& value) { return repr(value, 1000); }

// ------------------------------------------------------------------------------------------------ tensors

// What the second file has and the first had no partner for yet. Several things can have one name, where a key holds a
// dot: they are partners in their order.
template <class Item>
class Unpaired {
 public:
  explicit Unpaired(const std::vector<Item>& items) : items_(items) {
    for (auto item = items.rbegin(); item != items.rend(); ++item) by_name_[item->name].push_back(&*item);
  }
  const Item* take(std::string_view name) {  // nullptr where none is left
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || found->second.empty()) return nullptr;
    const Item* item = found->second.back();
    found->second.pop_back();
    return item;
  }
  std::vector<const Item*> left() const {  // in the order of the file
    std::vector<const Item*> all;
    for (const Item& item : items_) {
      const auto& rest = by_name_.at(item.name);
      if (!rest.empty() && &item >= rest.back()) all.push_back(&item);
    }
    return all;
  }

 private:
  const std::vector<Item>& items_;
  KeyedMap<std::string_view, std::vector<const Item*>> by_name_;  // the next one last
};

class Comparer {
 public:
  Comparer(const Archive& a, const Archive& b, const DiffOptions& options) : a_(a), b_(b), options_(options) {
    for (const TensorEntry& entry : a.tensors()) total_ += entry.nbytes;
    for (const TensorEntry& entry : b.tensors()) total_ += entry.nbytes;
  }

  Difference run() {
    Unpaired<TensorEntry> in_b(b_.tensors());
    for (const TensorEntry& entry : a_.tensors()) {
      throw_if_stopped(options_.stop);
      const TensorEntry* other = in_b.take(entry.name);
      other ? compare_tensors(entry, *other) : result_.removed.push_back(entry);
    }
    for (const TensorEntry* entry : in_b.left()) result_.added.push_back(*entry);
    compare_leaves();
    return std::move(result_);
  }

 private:
  void compare_tensors(const TensorEntry& a, const TensorEntry& b) {
    ChangedTensor change{.name = a.name, .a = a, .b = b, .numel = static_cast<uint64_t>(numel_of(a.sizes))};
    if (!(a.sizes == b.sizes)) {
      change.differing = change.numel;
    } else {
      compare_elements(change, {a_.tensor(a), b_.tensor(b)});
    }
    done_ += a.nbytes + b.nbytes;
    if (options_.progress) options_.progress(done_, total_);
    const bool same = a.sizes == b.sizes && a.dtype == b.dtype && a.layout == b.layout && change.differing == 0;
    if (same && change.note.empty()) {
      ++result_.same;
    } else {
      result_.changed.push_back(std::move(change));
    }
  }

  struct Pair {
    LazyTensor a, b;
  };

  // `note` where they cannot be compared: then nobody should take them for equal, unless neither has any.
  void compare_elements(ChangedTensor& change, const Pair& pair) {
    const bool meta = change.a.device.type() == "meta", other_meta = change.b.device.type() == "meta";
    if (meta && other_meta) return;
    if (meta || other_meta) {
      change.note = "one of them is a meta tensor, without numbers";
    } else if (change.a.layout != Layout::strided || change.b.layout != Layout::strided) {
      compare_sparse(change, pair);
    } else if (!has_readable_elements(change.a) || !has_readable_elements(change.b)) {
      change.note = "shows few numbers so often that they are not all read";
    } else if (is_dequantised(change.a) || is_dequantised(change.b)) {
      compare_dequantised(change, pair);
    } else if (!has_element_type(change.a.dtype) || !has_element_type(change.b.dtype)) {
      compare_bytes(change, pair);
    } else {
      compare_numbers(change, pair);
    }
  }

  void compare_numbers(ChangedTensor& change, const Pair& pair) {
    Distance all;
    for_each_pair(pair, [&](const Tensor& a, const Tensor& b) { all.merge(distance_between(a, b, options_)); });
    set(change, all);
  }

  // By the numbers that they stand for: two scales may say the same.
  void compare_dequantised(ChangedTensor& change, const Pair& pair) {
    const auto has_numbers = [](const TensorEntry& entry) {
      return is_dequantised(entry) || has_element_type(entry.dtype);
    };
    if (!has_numbers(change.a) || !has_numbers(change.b)) {
      change.note = "their elements are no plain numbers";
      return;
    }
    set(change, distance_between(numbers_of(pair.a.load().detach()), numbers_of(pair.b.load().detach()), options_));
  }

  static void set(ChangedTensor& change, const Distance& all) {
    change.differing = all.differing, change.max_abs = all.max_abs, change.max_rel = all.max_rel;
  }

  // Packed elements: as they lie there.
  void compare_bytes(ChangedTensor& change, const Pair& pair) {
    if (change.a.dtype != change.b.dtype) {
      change.note = "their elements are no plain numbers";
      return;
    }
    for_each_pair(pair, [&](const Tensor& a, const Tensor& b) {
      const Tensor left = a.contiguous(), right = b.contiguous();
      const size_t item = itemsize(change.a.dtype);
      for (size_t at = 0; at < left.nbytes(); at += item)
        change.differing += std::memcmp(left.raw_data() + at, right.raw_data() + at, item) != 0;
    });
  }

  void compare_sparse(ChangedTensor& change, const Pair& pair) {
    const Tensor a = pair.a.load(), b = pair.b.load();
    const bool comparable = a.layout() == b.layout() && a.layout() != Layout::nested && has_element_type(a.dtype());
    if (!comparable || a.values().sizes() != b.values().sizes()) {
      change.note = "sparse tensors that are laid out differently";
    } else if (!have_same_places(a, b)) {
      change.note = "sparse tensors with values in different places";
    } else {
      set(change, distance_between(a.values(), b.values(), options_));
    }
  }

  static bool have_same_places(const Tensor& a, const Tensor& b) {
    if (a.layout() == Layout::sparse_coo) return equal(a.indices(), b.indices());
    return equal(a.compressed_indices(), b.compressed_indices()) && equal(a.plain_indices(), b.plain_indices());
  }

  // Both cut in the same way: as the first file has it.
  template <class Work>
  void for_each_pair(const Pair& pair, Work&& work) {
    const auto& [a, b] = pair;
    const Cut cut = cut_of(a.entry());
    if (cut.step == 0) return work(a.load().detach(), b.load().detach());
    const int64_t size = a.entry().sizes[static_cast<size_t>(cut.dim)];
    for (int64_t begin = 0; begin < size; begin += cut.step) {
      throw_if_stopped(options_.stop);
      const int64_t end = std::min(size, begin + cut.step);
      work(a.slice(cut.dim, begin, end), b.slice(cut.dim, begin, end));
    }
  }

  void compare_leaves() {
    const auto a = in_context("", a_.name(), [&] { return leaves_of(a_.skeleton()); });
    const auto b = in_context("", b_.name(), [&] { return leaves_of(b_.skeleton()); });
    Unpaired<Leaf> in_b(b);
    for (const Leaf& leaf : a) {
      const Leaf* other = in_b.take(leaf.name);
      if (!other) {
        result_.leaves.push_back({leaf.name, text_of(leaf.value), ""});
      } else if (!is_same(leaf.value, other->value)) {
        result_.leaves.push_back({leaf.name, text_of(leaf.value), text_of(other->value)});
      }
    }
    for (const Leaf* leaf : in_b.left()) result_.leaves.push_back({leaf->name, "", text_of(leaf->value)});
  }

  const Archive &a_, &b_;
  const DiffOptions& options_;
  Difference result_;
  uint64_t done_ = 0, total_ = 0;
};

}  // namespace

Difference diff(const Archive& a, const Archive& b, const DiffOptions& options) {
  return Comparer(a, b, options).run();
}

}  // namespace okibi::inspect
