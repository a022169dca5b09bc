// What a pickle has put aside under a number. Honest pickles count from 0 or 1, so a vector serves; a number far ahead
// of the count goes into a map, so that `2^32-1` costs no more than `0`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <okibi/pickle.h>

namespace okibi::pickle {

class Memo {
 public:
  // How many numbers have been used: the one MEMOIZE takes.
  uint64_t size() const noexcept { return used_; }

  void put(uint64_t index, NodeId id) {
    if (index >= dense_.size() && index <= 2 * used_ + 64) dense_.resize(index + 1, empty);
    NodeId& entry = index < dense_.size() ? dense_[index] : sparse_.try_emplace(index, empty).first->second;
    used_ += entry == empty;
    entry = id;
  }

  std::optional<NodeId> get(uint64_t index) const {
    if (index < dense_.size() && dense_[index] != empty) return dense_[index];
    auto found = sparse_.find(index);
    return found == sparse_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static constexpr NodeId empty = NodeId{UINT32_MAX};  // no node has this number: a Graph stops before it

  std::vector<NodeId> dense_;
  std::map<uint64_t, NodeId> sparse_;  // not a hash map: the numbers are the file's to choose
  uint64_t used_ = 0;
};

}  // namespace okibi::pickle
