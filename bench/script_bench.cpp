// What TorchScript programs take of memory: more with each call? and how often do they ask for some, in the steady
// state? With a path, the program is saved there, for others to do the same with it (peers/script_process.py).
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <string_view>

#include <okibi/jit.h>
#include <okibi/ops.h>

namespace {

// Of the calling thread: by okibi's own code, and by the libraries that it uses.
bool counts = false;
size_t own_allocations = 0, other_allocations = 0;

bool is_okibis(const void* code) {
  Dl_info where = {};
  return dladdr(code, &where) && where.dli_fname &&
         std::string_view(where.dli_fname).find("libokibi") != std::string_view::npos;
}

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
  counts = true;
  for (int call = 0; call < 100; ++call) module.forward({x});
  counts = false;
  fmt::print("allocations a call, for one size: by okibi {}, by others {}\n",
             static_cast<double>(own_allocations) / 100, static_cast<double>(other_allocations) / 100);
}

}  // namespace

void* operator new(size_t size) {
  if (counts) ++(is_okibis(__builtin_return_address(0)) ? own_allocations : other_allocations);
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
