// The hash of what Python can hash, keyed (base/keyed_hash.h).
#pragma once

#include <okibi/value.h>

namespace okibi {

uint64_t hash_of_text(std::string_view text) noexcept;

// Equal values have equal hashes: 1, 1.0 and True do. Error(bad_argument) "unhashable type: 'list'".
uint64_t hash_of(const Value& value);

}  // namespace okibi
