// okibi/random.h: the random numbers of PyTorch, bit for bit as its x86 (AVX2) kernels make them from the same seed.
//
// Sources: Matsumoto and Nishimura 1998 (mt19937); Box and Muller 1958; the polynomials for ln, sin and cos are those
// of Cephes (Moshier). What is drawn when, and in which order, is PyTorch 2.15's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <okibi/base.h>

namespace okibi {

// A stream of numbers with a state that can be kept and set. Not for two threads at once.
class Generator {
 public:
  static constexpr uint64_t default_seed = 67280421310721;  // PyTorch's, before any manual_seed
  static constexpr size_t state_bytes = 5056;               // of torch.get_rng_state() on the CPU

  explicit Generator(uint64_t seed = default_seed);
  void manual_seed(uint64_t seed);  // also forgets a cached normal
  uint64_t initial_seed() const noexcept { return seed_; }

  uint32_t random();
  uint64_t random64();
  void random(std::span<uint32_t> out);  // as many calls of random(), quicker

  // Tensor.uniform_(from, to), normal_(mean, std) and bernoulli_(p) over contiguous elements.
  void uniform(std::span<float> out, double from = 0, double to = 1);
  void uniform(std::span<double> out, double from = 0, double to = 1);
  void normal(std::span<float> out, double mean = 0, double std = 1);
  void normal(std::span<double> out, double mean = 0, double std = 1);
  void bernoulli(std::span<bool> out, double p);
  // torch.randint(low, high).
  void randint(std::span<int64_t> out, int64_t low, int64_t high);
  // torch.randperm(n).
  std::vector<int64_t> randperm(int64_t n);
  // Tensor.random_() of one int64: what DataLoader draws its seeds with.
  int64_t random_int64();

  // Exactly the bytes of torch.get_rng_state(); set_state refuses others with Error(bad_argument).
  std::array<std::byte, state_bytes> state() const;
  void set_state(std::span<const std::byte> bytes);

 private:
  void refill();
  double normal_pair();  // one number; the second of each pair is kept for the next call

  std::array<uint32_t, 624> words_ = {};
  int left_ = 1;
  uint32_t next_ = 0;
  uint64_t seed_ = default_seed;
  std::optional<double> cached_normal_;
};

// The default generator of the process, which layers and dropout draw from, as PyTorch's users expect. Guarded by no
// lock: seed and draw from one thread at a time.
Generator& default_generator();
void manual_seed(uint64_t seed);

}  // namespace okibi
