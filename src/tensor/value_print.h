// Values in words, for messages.
#pragma once

#include <okibi/value.h>

namespace okibi {

// For "expected an int, found …": "a str: 'abc'", "None", "a Tensor of shape [2, 3] and dtype torch.float32". Short.
std::string describe(const Value& value);

// repr() that ends in "..." after about `max_bytes`.
std::string short_repr(const Value& value, size_t max_bytes = 60);

// "'epoch', 'loss'": the first keys of a dict, and "…" for the rest.
std::string listed_keys(const std::vector<Dict::Item>& items);

// Error(not_found) that lists the keys, with the nearest one as a hint.
[[noreturn]] void throw_missing_key(const detail::DictBody& dict, const Value& key);

}  // namespace okibi
