// The hash of what Python can hash. Keyed by a random seed of the process, so that a file cannot choose keys that meet.
#pragma once

#include <okibi/value.h>

namespace okibi {

// SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
uint64_t keyed_hash(std::span<const std::byte> bytes) noexcept;

uint64_t hash_of_text(std::string_view text) noexcept;

// Equal values have equal hashes: 1, 1.0 and True do. Error(bad_argument) "unhashable type: 'list'".
uint64_t hash_of(const Value& value);

}  // namespace okibi
