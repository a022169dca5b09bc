// base/number_map.h: numbers of 64 bits → numbers of 32 bits, in one block of memory. For the addresses of a hundred
// thousand objects, where a node of a std::unordered_map for each costs more than what is done with them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace okibi {

// Not for keys that an adversary chooses: those may be made to lie side by side.
class NumberMap {
 public:
  static constexpr uint32_t largest_value = std::numeric_limits<uint32_t>::max() - 1;

  // nullptr when there is none. Good until the next emplace().
  const uint32_t* find(uint64_t key) const noexcept {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[place_of(key)];
    return slot.value == vacant ? nullptr : &slot.value;
  }

  // Returns false, and changes nothing, when the key is there already. `value` is at most largest_value.
  bool emplace(uint64_t key, uint32_t value) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place_of(key)];
    if (slot.value != vacant) return false;
    slot = {key, value};
    ++size_;
    return true;
  }

 private:
  static constexpr uint32_t vacant = std::numeric_limits<uint32_t>::max();
  struct Slot {
    uint64_t key = 0;
    uint32_t value = vacant;
  };

  // Where the key is, or would go: the slot that a product's high bits name (Knuth, 6.4), or the first fitting after
  // it.
  size_t place_of(uint64_t key) const noexcept {
    const size_t last = slots_.size() - 1;
    size_t at = (key * 0x9e3779b97f4a7c15) >> (64 - std::bit_width(last));
    while (slots_[at].value != vacant && slots_[at].key != key) at = (at + 1) & last;
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.value != vacant) slots_[place_of(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  size_t size_ = 0;
};

}  // namespace okibi
