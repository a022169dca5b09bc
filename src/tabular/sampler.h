// The order of the rows in an epoch: that of PyTorch's DataLoader(shuffle=True).
#pragma once

#include <okibi/random.h>

#include <cstdint>
#include <vector>

namespace okibi::tabular {

// The seed of an epoch's order, drawn as the loader draws it when an iteration over it begins.
int64_t draw_sampler_seed(Generator& generator);

std::vector<int64_t> shuffled_rows(int64_t rows, int64_t sampler_seed);

}  // namespace okibi::tabular
