// Bags of rows: several lookups that become one row, without the rows in between.
#include <algorithm>
#include <limits>

#include "kernels/embedding.h"
#include "kernels/fetch.h"
#include "kernels/scratch.h"
#include "kernels/split.h"

namespace okibi::kernels {
namespace {

// One bag after the other; `sums` is a row in the precision of the sums.
template <class T, class Index>
class BagReader {
 public:
  BagReader(const Bags<Index>& bags, int64_t dim, const T* table, const Wide<T>* share)
      : bags_(bags), dim_(dim), table_(table), share_(share), sums_(static_cast<size_t>(dim)) {}

  // Returns how many entries counted.
  int64_t add_up(size_t bag, BagMode mode, T* out) {
    std::fill_n(sums_.data(), dim_, Wide<T>(0));
    int64_t count = 0;
    for_each_entry(bag, [&](size_t entry, const T* row) {
      const Wide<T> share = share_ != nullptr ? share_[entry] : Wide<T>(1);
      for (int64_t i = 0; i < dim_; ++i) sums_[i] += share * static_cast<Wide<T>>(row[i]);
      ++count;
    });
    const Wide<T> divisor = mode == BagMode::mean && count > 0 ? static_cast<Wide<T>>(count) : Wide<T>(1);
    for (int64_t i = 0; i < dim_; ++i) out[i] = T(sums_[i] / divisor);
    return count;
  }

  int64_t find_largest(size_t bag, T* out, int64_t* largest) {
    std::fill_n(out, dim_, T(0.F));
    std::fill_n(largest, dim_, -1);
    int64_t count = 0;
    for_each_entry(bag, [&](size_t entry, const T* row) {
      for (int64_t i = 0; i < dim_; ++i) {
        if (count > 0 && !(static_cast<Wide<T>>(row[i]) > static_cast<Wide<T>>(out[i]))) continue;
        out[i] = row[i], largest[i] = bags_.ids[entry];
      }
      ++count;
    });
    return count;
  }

 private:
  template <class Work>
  void for_each_entry(size_t bag, Work&& work) {
    const auto end = static_cast<size_t>(bags_.bounds[bag + 1]);
    for (auto entry = static_cast<size_t>(bags_.bounds[bag]); entry < end; ++entry) {
      if (entry + rows_ahead < bags_.ids.size()) fetch_row(table_ + bags_.ids[entry + rows_ahead] * dim_, dim_);
      if (bags_.ids[entry] != bags_.padding) work(entry, table_ + bags_.ids[entry] * dim_);
    }
  }

  const Bags<Index>& bags_;
  int64_t dim_;
  const T* table_;
  const Wide<T>* share_;
  Scratch<Wide<T>> sums_;
};

// Bags for a thread: as many numbers as elementwise loops give it.
template <class Index>
int64_t bags_grain(const Bags<Index>& bags, int64_t dim) {
  const int64_t a_bag = static_cast<int64_t>(bags.ids.size() / std::max<size_t>(bags.count(), 1)) + 1;
  return elementwise_grain / (a_bag * std::max<int64_t>(dim, 1)) + 1;
}

}  // namespace

template <class T, class Index>
void embedding_bag(const Bags<Index>& bags, BagMode mode, int64_t dim, const T* table, const Wide<T>* share, T* out,
                   int64_t* counts, int64_t* largest) {
  split(static_cast<int64_t>(bags.count()), bags_grain(bags, dim), [&](int64_t first, int64_t last) {
    BagReader<T, Index> reader(bags, dim, table, share);
    for (int64_t bag = first; bag < last; ++bag) {
      const auto b = static_cast<size_t>(bag);
      counts[bag] = mode == BagMode::max ? reader.find_largest(b, out + bag * dim, largest + bag * dim)
                                         : reader.add_up(b, mode, out + bag * dim);
    }
  });
}

template <class T>
void embedding_bag_max_backward(int64_t bags, int64_t dim, const T* gradient, const int64_t* largest, T* weight_grad) {
  for (int64_t i = 0; i < bags * dim; ++i) {
    if (largest[i] < 0) continue;
    T& sum = weight_grad[largest[i] * dim + i % dim];
    sum = T(static_cast<Wide<T>>(sum) + static_cast<Wide<T>>(gradient[i]));
  }
}

template <class T, class Index>
void embedding_bag_share_backward(const Bags<Index>& bags, int64_t dim, const T* table, const T* gradient,
                                  Wide<T>* share_grad) {
  for (size_t bag = 0; bag < bags.count(); ++bag) {
    const T* const of_bag = gradient + static_cast<int64_t>(bag) * dim;
    for (int64_t entry = bags.bounds[bag]; entry < bags.bounds[bag + 1]; ++entry) {
      const Index id = bags.ids[static_cast<size_t>(entry)];
      Wide<T> sum = 0;
      for (int64_t i = 0; i < dim && id != bags.padding; ++i)
        sum += static_cast<Wide<T>>(table[id * dim + i]) * static_cast<Wide<T>>(of_bag[i]);
      share_grad[entry] = sum;
    }
  }
}

#define INSTANTIATE_WITH(T, Index)                                                                                     \
  template void embedding_bag(const Bags<Index>&, BagMode, int64_t, const T*, const Wide<T>*, T*, int64_t*, int64_t*); \
  template void embedding_bag_share_backward(const Bags<Index>&, int64_t, const T*, const T*, Wide<T>*);
#define INSTANTIATE(T)         \
  INSTANTIATE_WITH(T, int32_t) \
  INSTANTIATE_WITH(T, int64_t) \
  template void embedding_bag_max_backward(int64_t, int64_t, const T*, const int64_t*, T*);
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(Half)
INSTANTIATE(BFloat16)
#undef INSTANTIATE
#undef INSTANTIATE_WITH

}  // namespace okibi::kernels
