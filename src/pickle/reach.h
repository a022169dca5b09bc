// pickle/reach.h: where a pickle ends, for pickles with other things behind them.
#pragma once

#include <cstdint>
#include <span>

namespace okibi::pickle {

struct Reach {
  bool is_whole = false;  // the bytes hold it to its STOP
  uint64_t bytes = 0;     // up to there; or how many are needed at least to get further
};

// By the lengths of its opcodes alone: nothing is made, and nothing but the opcodes is checked. Error(bad_file) for
// what is none.
Reach reach_of(std::span<const std::byte> begun);

}  // namespace okibi::pickle
