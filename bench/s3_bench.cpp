// Usage: s3_bench, with AWS_* in its environment. Reads jobs from its input, "load URI", "save URI", "open URI TENSOR", and
// answers each with one line of JSON: its seconds, seconds of processor time, and most MiB of memory of the process so far.
#include <fmt/format.h>
#include <okibi/checkpoint.h>
#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <sstream>

namespace {

using namespace okibi;

double cpu_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

rusage usage_now() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

template <class Work>
void measure(Work&& work) {
  const double cpu = cpu_seconds(usage_now());
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  const rusage usage = usage_now();
  std::cout << fmt::format("{{\"seconds\": {}, \"cpu\": {}, \"peak\": {}}}\n", passed.count(), cpu_seconds(usage) - cpu,
                           usage.ru_maxrss / 1024)
            << std::flush;
}

// What is saved is one gigabyte in memory, made once.
const Value& some_checkpoint() {
  static const Value made = [] {
    Dict layers(DictKind::ordered_dict);
    for (int i = 0; i < 16; ++i) {
      const Tensor tensor = empty({4096, 4096});
      for (int64_t k = 0; k < tensor.numel(); ++k) tensor.data<float>()[k] = static_cast<float>(k ^ (i << 8));
      layers.set(fmt::format("layers.{}.weight", i), tensor);
    }
    return Value(layers);
  }();
  return made;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string job, uri, tensor;
    words >> job >> uri >> tensor;
    try {
      if (job == "load") measure([&] { load(uri); });
      if (job == "open") measure([&] { open(uri).tensor(tensor).load(); });
      if (job == "make") measure([&] { some_checkpoint(); });
      if (job == "save") measure([&] { save(some_checkpoint(), uri); });
    } catch (const Error& error) {
      std::cerr << error.what() << "\n";
      return 1;
    }
  }
}
