// Numbers to try kernels on, and the CPUs to try them as.
#pragma once

#include <okibi/random.h>

#include <hwy/targets.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace okibi::samples {

template <class T>
std::vector<T> normal(int64_t n, uint64_t seed = 1) {
  Generator generator(seed);
  std::vector<T> values(static_cast<size_t>(n));
  generator.normal(values);
  return values;
}

inline std::vector<int64_t> ids_below(int64_t rows, int64_t n) {
  Generator generator(2);
  std::vector<int64_t> ids(static_cast<size_t>(n));
  if (n > 0) generator.randint(ids, 0, rows);
  return ids;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// Distance in representable numbers, for numbers of one sign.
template <class T>
double ulps(T value, long double exact) {
  const T near = static_cast<T>(exact);
  if (value == near) return 0;
  const T spacing = std::abs(std::nextafter(near, value) - near);
  return static_cast<double>(std::abs(static_cast<long double>(value) - exact) / spacing);
}

// Runs `work` as each kind of CPU that this one can stand in for; those without fused multiply-add only if asked.
template <class Work>
void on_every_cpu(bool also_without_fma, Work work) {
#if defined(__x86_64__)
  const int64_t fused = HWY_AVX2 | HWY_AVX3;
#else
  const int64_t fused = ~int64_t{0};
#endif
  const int64_t supported = hwy::SupportedTargets();
  for (int64_t rest = supported; rest != 0; rest &= rest - 1) {
    const int64_t target = rest & -rest;
    if (!also_without_fma && (target & fused) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    work(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace okibi::samples
