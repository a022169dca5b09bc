// What is made of the engine's words, drawn in PyTorch's order and rounded where PyTorch rounds.
#include <fmt/format.h>
#include <okibi/random.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "kernels/box_muller.h"

namespace okibi {
namespace {

void require(bool right, std::string_view sentence, const std::string& found) {
  if (!right) throw Error(ErrorKind::bad_argument, std::string(sentence)).found(found);
}

// [0, 1) with as many bits as the type's fraction has.
float unit(uint32_t word) { return static_cast<float>(word & 0xffffff) * 0x1p-24f; }
double unit(uint64_t word) { return static_cast<double>(word & 0x1fffffffffffff) * 0x1p-53; }

// Fills `out` with numbers in [0, 1), some hundred words of the engine at a time.
void fill_unit(Generator& generator, std::span<float> out) {
  std::array<uint32_t, 512> words;
  while (!out.empty()) {
    const size_t count = std::min(out.size(), words.size());
    generator.random(std::span(words).first(count));
    for (size_t i = 0; i < count; ++i) out[i] = unit(words[i]);
    out = out.subspan(count);
  }
}

void fill_unit(Generator& generator, std::span<double> out) {
  std::array<uint32_t, 512> words;
  while (!out.empty()) {
    const size_t count = std::min(out.size(), words.size() / 2);
    generator.random(std::span(words).first(2 * count));
    for (size_t i = 0; i < count; ++i) out[i] = unit(uint64_t{words[2 * i]} << 32 | words[2 * i + 1]);
    out = out.subspan(count);
  }
}

template <class T>
void fill_uniform(Generator& generator, std::span<T> out, T from, T to) {
  require(from <= to, "uniform needs a range [from, to) with from <= to", fmt::format("from={} > to={}", from, to));
  fill_unit(generator, out);
  if (from == 0 && to == 1) return;
  for (T& value : out) {
    value = std::fma(value, to - from, from);
    if (value == to) value = from;  // rounded up to the end, which does not belong to the range
  }
}

void require_deviation(double std) {
  require(std >= 0, "normal needs a standard deviation of at least 0", fmt::format("std={}", std));
}

// All uniform numbers first, then block by block. A rest shorter than a block makes the last 16 elements be drawn
// again.
template <class T>
void fill_normal(Generator& generator, std::span<T> out, T mean, T std) {
  fill_unit(generator, out);
  kernels::box_muller(static_cast<int64_t>(out.size() / 16), mean, std, out.data());
  if (out.size() % 16 != 0) {
    const auto last = out.last(16);
    fill_unit(generator, last);
    kernels::box_muller(1, mean, std, last.data());
  }
}

}  // namespace

void Generator::uniform(std::span<float> out, double from, double to) {
  fill_uniform(*this, out, static_cast<float>(from), static_cast<float>(to));
}
void Generator::uniform(std::span<double> out, double from, double to) { fill_uniform(*this, out, from, to); }

double Generator::normal_pair() {
  if (cached_normal_) return *std::exchange(cached_normal_, std::nullopt);
  const double angle = 2 * std::numbers::pi * unit(random64());
  const double radius = std::sqrt(-2 * std::log1p(-unit(random64())));
  cached_normal_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

void Generator::normal(std::span<float> out, double mean, double std) {
  require_deviation(std);
  if (out.size() >= 16) return fill_normal(*this, out, static_cast<float>(mean), static_cast<float>(std));
  for (float& value : out) value = static_cast<float>(std::fma(normal_pair(), std, mean));
}
void Generator::normal(std::span<double> out, double mean, double std) {
  require_deviation(std);
  if (out.size() >= 16) return fill_normal(*this, out, mean, std);
  for (double& value : out) value = std::fma(normal_pair(), std, mean);
}

void Generator::bernoulli(std::span<bool> out, double p) {
  require(p >= 0 && p <= 1, "bernoulli needs a probability in [0, 1]", fmt::format("p={}", p));
  for (bool& value : out) value = unit(random64()) < p;
}

void Generator::randint(std::span<int64_t> out, int64_t low, int64_t high) {
  require(low < high, "randint needs low < high", fmt::format("low={} >= high={}", low, high));
  const uint64_t base = static_cast<uint64_t>(low), range = static_cast<uint64_t>(high) - base;
  const bool wide = range >= uint64_t{1} << 28;  // where 32 bits modulo the range would be visibly uneven
  for (int64_t& value : out) value = static_cast<int64_t>(base + (wide ? random64() : random()) % range);
}

std::vector<int64_t> Generator::randperm(int64_t n) {
  require(n >= 0, "randperm needs n >= 0", fmt::format("n={}", n));
  std::vector<int64_t> order(static_cast<size_t>(n));
  const auto swap_at = [&](int64_t i, uint64_t j) { std::swap(order[static_cast<size_t>(i)], order[j]); };
  std::iota(order.begin(), order.end(), int64_t{0});
  if (n < int64_t{std::numeric_limits<uint32_t>::max() / 20}) {
    for (int64_t i = 0; i < n - 1; ++i) swap_at(i, static_cast<uint64_t>(i + random() % (n - i)));
  } else {  // 64 bits a draw, and each element swapped with one before it
    for (int64_t i = 0; i < n; ++i) swap_at(i, random64() % static_cast<uint64_t>(i + 1));
  }
  return order;
}

int64_t Generator::random_int64() { return static_cast<int64_t>(random64() & std::numeric_limits<int64_t>::max()); }

}  // namespace okibi
