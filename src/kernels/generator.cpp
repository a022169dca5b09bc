// The engine: mt19937 (Matsumoto and Nishimura 1998), its seed and its state as torch.get_rng_state() lays it out.
#include <fmt/format.h>
#include <okibi/random.h>

#include <algorithm>

namespace okibi {
namespace {

constexpr size_t words_in_state = 624, middle = 397;

// Where things stand in the bytes of a state. Each of the 624 words takes 8 bytes; what is not named is zero.
namespace layout {
constexpr size_t seed = 0, left = 8, seeded = 12, next = 16, words = 24;
constexpr size_t normal = words + words_in_state * 8 + 8, has_normal = normal + 16;
}  // namespace layout

uint32_t twist(uint32_t high, uint32_t low) {
  const uint32_t mixed = (high & 0x80000000) | (low & 0x7fffffff);
  return (mixed >> 1) ^ ((0 - (low & 1)) & 0x9908b0df);
}

uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >> 18);
}

}  // namespace

Generator::Generator(uint64_t seed) { manual_seed(seed); }

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  uint32_t word = static_cast<uint32_t>(seed);
  for (uint32_t i = 0; i < words_in_state; ++i) {
    words_[i] = word;
    word = 1812433253u * (word ^ (word >> 30)) + i + 1;
  }
  left_ = 1;
  next_ = 0;
  cached_normal_.reset();
}

// The next 624 words. In three loops, none of which reads what it has just written within a vector's width.
void Generator::refill() {
  uint32_t* const w = words_.data();
  for (size_t i = 0; i < words_in_state - middle; ++i) w[i] = w[i + middle] ^ twist(w[i], w[i + 1]);
  for (size_t i = words_in_state - middle; i < words_in_state - 1; ++i) {
    w[i] = w[i + middle - words_in_state] ^ twist(w[i], w[i + 1]);
  }
  w[words_in_state - 1] = w[middle - 1] ^ twist(w[words_in_state - 1], w[0]);
  left_ = words_in_state + 1;
  next_ = 0;
}

uint32_t Generator::random() {
  if (left_ == 1) refill();
  --left_;
  return temper(words_[next_++]);
}

void Generator::random(std::span<uint32_t> out) {
  while (!out.empty()) {
    if (left_ == 1) refill();
    const size_t count = std::min(out.size(), static_cast<size_t>(left_ - 1));
    std::transform(words_.begin() + next_, words_.begin() + next_ + count, out.begin(), temper);
    next_ += static_cast<uint32_t>(count);
    left_ -= static_cast<int>(count);
    out = out.subspan(count);
  }
}

uint64_t Generator::random64() {
  const uint64_t high = random();
  return (high << 32) | random();
}

std::array<std::byte, Generator::state_bytes> Generator::state() const {
  std::array<std::byte, state_bytes> bytes{};
  store_le<uint64_t>(&bytes[layout::seed], seed_);
  store_le<int32_t>(&bytes[layout::left], left_);
  store_le<int32_t>(&bytes[layout::seeded], 1);
  store_le<uint64_t>(&bytes[layout::next], next_);
  for (size_t i = 0; i < words_in_state; ++i) store_le<uint64_t>(&bytes[layout::words + 8 * i], words_[i]);
  store_le<double>(&bytes[layout::normal], cached_normal_.value_or(0));
  store_le<int32_t>(&bytes[layout::has_normal], cached_normal_.has_value());
  return bytes;
}

void Generator::set_state(std::span<const std::byte> bytes) {
  if (bytes.size() != state_bytes) {
    throw Error(ErrorKind::bad_argument, "the state of a random generator has another size")
        .expected(fmt::format("{} bytes", state_bytes))
        .found(fmt::format("{} bytes", bytes.size()))
        .hint("Give it what Generator::state() or torch.get_rng_state() of the CPU gave.");
  }
  const auto left = load_le<int32_t>(&bytes[layout::left]);
  const auto next = load_le<uint64_t>(&bytes[layout::next]);
  // `left` counts down to 1 while `next` counts up to 624; a fresh seed has 1 and 0.
  const bool fresh = left == 1 && next == 0;
  const bool running = left >= 1 && next >= 1 && next <= words_in_state && static_cast<uint64_t>(left) + next == 625;
  if (load_le<int32_t>(&bytes[layout::seeded]) != 1 || (!fresh && !running)) {
    throw Error(ErrorKind::bad_argument, "these bytes are no state of the mt19937 generator")
        .found(fmt::format("left {} and next {}", left, next))
        .hint("Give it what Generator::state() or torch.get_rng_state() of the CPU gave.");
  }
  seed_ = load_le<uint64_t>(&bytes[layout::seed]);
  left_ = left;
  next_ = static_cast<uint32_t>(next);
  for (size_t i = 0; i < words_in_state; ++i) {
    words_[i] = static_cast<uint32_t>(load_le<uint64_t>(&bytes[layout::words + 8 * i]));
  }
  cached_normal_.reset();
  if (load_le<int32_t>(&bytes[layout::has_normal]) != 0) cached_normal_ = load_le<double>(&bytes[layout::normal]);
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace okibi
