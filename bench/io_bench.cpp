// Usage: io_bench FOLDER [JOB]. Loads and saves what bench/peers/torch_io.py made in FOLDER. Reads names of jobs from
// its input and answers each with one line of JSON; or runs the one that it is given.
#include <fmt/format.h>
#include <okibi/checkpoint.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>

namespace {

using okibi::Value;

constexpr const char* some_tensor = "layers.7.gate.weight";  // of 1 MiB

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Bytes of memory that this process had at most.
uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") return status >> word, std::stoull(word) << 10;
  }
  return 0;
}

void answer(std::string_view job, std::string_view unit, double number) {
  std::cout << fmt::format("{{\"job\": \"{}\", \"{}\": {}}}", job, unit, number) << std::endl;
}

class Jobs {
 public:
  explicit Jobs(const std::string& folder)
      : large_(folder + "/large.pth"), small_(folder + "/small.pth"), saved_(folder + "/okibi_saved.pth") {}

  bool run(const std::string& job) {
    const auto found = timed_.find(job);
    if (found != timed_.end()) {
      answer(job, "seconds", found->second());
    } else if (job == "peak") {
      answer(job, "bytes", memory_beyond_tensors());
    }
    return found != timed_.end() || job == "peak";
  }

 private:
  // What is loaded is freed after the clock has stopped, as with the peers.
  double load(const std::string& path, const okibi::LoadOptions& options = {}) {
    Value value;
    return seconds_of([&] { value = okibi::load(path, options); });
  }
  double load_mapped() {
    Value value;
    return seconds_of([&] {
      value = okibi::load(large_, {.mmap = true});
      std::cerr << value[some_tensor].to_tensor().flatten().select(0, 0).item<float>() << '\n';
    });
  }
  double open_and_read_one() {
    return seconds_of([&] { okibi::open(large_).tensor(some_tensor).load(); });
  }
  double save(const std::string& path) {
    const Value value = okibi::load(path);
    std::filesystem::remove(saved_);
    const double seconds = seconds_of([&] { okibi::save(value, saved_); });
    std::filesystem::remove(saved_);
    return seconds;
  }
  double memory_beyond_tensors() {
    const Value value = okibi::load(large_);
    uint64_t tensors = 0;
    for (const auto& [name, tensor] : okibi::StateDict(value)) tensors += tensor.to_tensor().nbytes();
    return static_cast<double>(peak_memory()) - static_cast<double>(tensors);
  }

  std::string large_, small_, saved_;
  const std::map<std::string, std::function<double()>> timed_ = {
      {"load", [this] { return load(large_); }},
      {"load_mmap", [this] { return load_mapped(); }},
      {"one_tensor", [this] { return open_and_read_one(); }},
      {"save", [this] { return save(large_); }},
      {"small_load", [this] { return load(small_); }},
      {"small_save", [this] { return save(small_); }},
  };
};

}  // namespace

int main(int count, char** words) {
  if (count < 2) return std::cerr << "usage: io_bench FOLDER [JOB]\n", 2;
  Jobs jobs(words[1]);
  if (count > 2) return jobs.run(words[2]) ? 0 : 2;
  for (std::string job; std::getline(std::cin, job);) {
    if (!jobs.run(job)) return std::cerr << "io_bench knows no job " << job << '\n', 2;
  }
}
