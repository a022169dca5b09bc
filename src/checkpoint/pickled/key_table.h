// checkpoint/key_table.h: what is known of each storage of a file, by its key.
#pragma once

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"

namespace okibi::checkpoint {

// PyTorch counts its storages from 0 in the order in which they are met, so most keys are places in a list. Other keys
// are looked up. References stay good.
template <class T>
class KeyTable {
 public:
  T* find(std::string_view key) {
    const auto number = number_of(key);
    if (number && *number < counted_.size()) return &counted_[*number];
    if (others_.empty()) return nullptr;
    const auto found = others_.find(key);
    return found == others_.end() ? nullptr : &found->second;
  }

  // The key must not be there yet.
  T& add(std::string_view key, T value) {
    if (number_of(key) == counted_.size()) return counted_.emplace_back(std::move(value));
    return others_.emplace(key, std::move(value)).first->second;
  }

 private:
  // Only as std::to_string would write it: "07" is another key than "7".
  static std::optional<size_t> number_of(std::string_view key) {
    const bool is_canonical = key == "0" || (!key.empty() && key.front() != '0' && key.size() <= 9);
    const bool is_number = is_canonical && std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) return std::nullopt;
    size_t number = 0;
    std::from_chars(key.data(), key.data() + key.size(), number);
    return number;
  }

  std::deque<T> counted_;
  KeyedMap<std::string, T> others_;
};

}  // namespace okibi::checkpoint
