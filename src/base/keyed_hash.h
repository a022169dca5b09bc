// base/keyed_hash.h: hashes by a random seed of the process, so that a file cannot choose keys that all meet.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace okibi {

// SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
uint64_t keyed_hash(std::span<const std::byte> bytes) noexcept;
uint64_t keyed_hash(std::initializer_list<uint64_t> words) noexcept;

// Tables of texts and numbers that stand in a file. The hash of the standard library is no defence: texts that meet in
// it, whatever its seed, are easily made, and twenty thousand of them take half a minute.
struct KeyedHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept;
  size_t operator()(int64_t number) const noexcept;
};

template <class Key, class Mapped>
using KeyedMap = std::unordered_map<Key, Mapped, KeyedHash, std::equal_to<>>;
template <class Key>
using KeyedSet = std::unordered_set<Key, KeyedHash, std::equal_to<>>;

}  // namespace okibi
