#include "tabular/sampler.h"

namespace okibi::tabular {

int64_t draw_sampler_seed(Generator& generator) {
  generator.random_int64();  // PyTorch draws a base seed for its worker processes first; nothing here needs it
  return generator.random_int64();
}

std::vector<int64_t> shuffled_rows(int64_t rows, int64_t sampler_seed) {
  return Generator(static_cast<uint64_t>(sampler_seed)).randperm(rows);
}

}  // namespace okibi::tabular
