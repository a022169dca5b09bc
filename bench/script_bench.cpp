// What TorchScript programs take of memory: more with each call? and how often do they ask for some, in the steady
// state? With a path, the program is saved there, for others to do the same with it (peers/script_process.py).
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

#include <okibi/jit.h>
#include <okibi/ops.h>

namespace {

size_t allocations = 0;

// Of the resident memory, in kB.
int64_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  return 0;
}

okibi::jit::Module network() {
  namespace nn = okibi::nn;
  nn::Sequential model{nn::Conv2d(3, 16, 3, {.stride = 2, .padding = 1}),
                       nn::BatchNorm2d(16),
                       nn::ReLU(),
                       nn::Conv2d(16, 32, 3, {.padding = 1}),
                       nn::BatchNorm2d(32),
                       nn::ReLU(),
                       nn::AdaptiveAvgPool2d(1),
                       nn::Flatten(),
                       nn::Linear(32, 10)};
  model.eval();
  return okibi::jit::script(model);
}

void grow(const okibi::jit::Module& module) {
  fmt::print("okibi: calls with 291 sizes in turn, and kB more than before the first\n");
  const int64_t before = resident();
  for (int64_t call = 1; call <= 10'000; ++call) {
    module.forward({okibi::rand({1 + call % 3, 3, 32 + call % 97, 48})});
    if (call == 300 || call == 1000 || call == 10'000) fmt::print("{} {}\n", call, resident() - before);
  }
}

void count(const okibi::jit::Module& module) {
  const okibi::Tensor x = okibi::rand({1, 3, 64, 64});
  for (int call = 0; call < 10; ++call) module.forward({x});
  const size_t before = allocations;
  for (int call = 0; call < 100; ++call) module.forward({x});
  fmt::print("allocations a call, for one size: {}\n", static_cast<double>(allocations - before) / 100);
}

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

int main(int count_of_words, char** words) {
  const okibi::jit::Module module = network();
  if (count_of_words > 1) okibi::jit::save(module, words[1]);
  grow(module);
  count(module);
}
