#include "base/keyed_hash.h"

#include <okibi/base.h>

#include <bit>
#include <random>

namespace okibi {
namespace {

struct Seed {
  uint64_t a, b;
};

Seed random_seed() {
  std::random_device device;
  const auto word = [&] { return uint64_t{device()} << 32 | device(); };
  return {word(), word()};
}

const Seed& seed() {
  static const Seed seed = random_seed();
  return seed;
}

struct SipState {
  uint64_t v0, v1, v2, v3;

  explicit SipState(const Seed& key)
      : v0(key.a ^ 0x736f6d6570736575),
        v1(key.b ^ 0x646f72616e646f6d),
        v2(key.a ^ 0x6c7967656e657261),
        v3(key.b ^ 0x7465646279746573) {}

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13);
    v1 ^= v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16);
    v3 ^= v2;
    v0 += v3;
    v3 = std::rotl(v3, 21);
    v3 ^= v0;
    v2 += v1;
    v1 = std::rotl(v1, 17);
    v1 ^= v2;
    v2 = std::rotl(v2, 32);
  }
  void take(uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
  uint64_t finish() noexcept {
    v2 ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

uint64_t keyed_hash(std::span<const std::byte> bytes) noexcept {
  SipState state(seed());
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) state.take(load_le<uint64_t>(bytes.data() + i));
  uint64_t last = uint64_t{bytes.size()} << 56;
  for (int shift = 0; i < bytes.size(); ++i, shift += 8) last |= std::to_integer<uint64_t>(bytes[i]) << shift;
  state.take(last);
  return state.finish();
}

uint64_t keyed_hash(std::initializer_list<uint64_t> words) noexcept {
  SipState state(seed());
  for (uint64_t word : words) state.take(word);
  return state.finish();
}

size_t KeyedHash::operator()(std::string_view text) const noexcept { return keyed_hash(as_bytes(text)); }
size_t KeyedHash::operator()(int64_t number) const noexcept { return keyed_hash({static_cast<uint64_t>(number)}); }

}  // namespace okibi
