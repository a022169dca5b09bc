// A fuzzer without a fuzzing compiler: gives LLVMFuzzerTestOneInput mutations of seed files for some seconds.
//
//   smoke_NAME SECONDS SEED FILE_OR_FOLDER …      begins with mutation SEED * 2^32, and prints how many there were
//   smoke_NAME 0 NUMBER FILE_OR_FOLDER …          mutation NUMBER alone: what a run that failed has printed
//
// A mutation follows from its number and the seeds alone. The first ones are the seeds as they are.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#include <okibi/zip.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;
using Random = std::mt19937_64;

constexpr size_t largest_seed = 1 << 16, largest_input = 1 << 17;
constexpr unsigned slowest_seconds = 20;  // under sanitizers

volatile uint64_t running = 0;  // the mutation that runs now

void say_which() {
  char text[64];
  const int length = std::snprintf(text, sizeof text, "\nfailed: mutation %llu\n", (unsigned long long)running);
  if (write(STDERR_FILENO, text, static_cast<size_t>(length)) < 0) std::_Exit(1);
}

void say_which_and_end(int signal) {
  say_which();
  std::_Exit(128 + signal);
}

void tell_failures() {
  for (int signal : {SIGABRT, SIGALRM}) std::signal(signal, say_which_and_end);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(say_which);
#endif
}

// ------------------------------------------------------------------------------------------------------------- seeds

void add_seed(std::vector<Bytes>& seeds, Bytes bytes) {
  if (!bytes.empty() && bytes.size() <= largest_seed) seeds.push_back(std::move(bytes));
}

// The records of an archive are seeds, too: for fuzzers of what lies in one.
void add_records(std::vector<Bytes>& seeds, const Bytes& file) {
  try {
    const auto all = std::as_bytes(std::span(file));
    const okibi::zip::Reader archive(std::make_shared<const okibi::Buffer>(all));
    for (const auto& record : archive.records()) {
      const auto bytes = archive.read(record.name);
      const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
      add_seed(seeds, {begin, begin + bytes.size()});
    }
  } catch (const okibi::Error&) {
    return;  // no archive
  }
}

void add_file(std::vector<Bytes>& seeds, const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(stream), {}};
  add_records(seeds, bytes);
  add_seed(seeds, std::move(bytes));
}

std::vector<Bytes> seeds_in(const std::vector<std::string>& places) {
  std::vector<fs::path> files;
  for (const std::string& place : places) {
    if (!fs::is_directory(place)) files.emplace_back(place);
    if (!fs::is_directory(place)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(place))
      if (entry.is_regular_file() && entry.path().extension() != ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<Bytes> seeds;
  for (const fs::path& file : files) add_file(seeds, file);
  return seeds;
}

// --------------------------------------------------------------------------------------------------------- mutations

constexpr uint64_t interesting[] = {
    0,        1,          2,          3,          7,          8,          16,         63,         64,        65,
    127,      128,        255,        256,        1000,       4096,       32767,      32768,      65535,     65536,
    1u << 20, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 1ull << 40, 1ull << 62, 1ull << 63, ~0ull - 1, ~0ull};

class Mutator {
 public:
  Mutator(uint64_t number, const std::vector<Bytes>& seeds) : random_(number), seeds_(seeds) {}

  Bytes make() {
    bytes_ = any_seed();
    for (size_t times = 1 + below(4); times > 0; --times) mutate();
    bytes_.resize(std::min(bytes_.size(), largest_input));
    return std::move(bytes_);
  }

 private:
  size_t below(size_t count) { return count == 0 ? 0 : static_cast<size_t>(random_() % count); }
  const Bytes& any_seed() { return seeds_[below(seeds_.size())]; }
  auto at(size_t offset) { return bytes_.begin() + static_cast<std::ptrdiff_t>(offset); }

  void mutate() {
    if (bytes_.empty()) bytes_.push_back(0);
    switch (below(8)) {
      case 0:
        return flip();
      case 1:
        bytes_[below(bytes_.size())] = static_cast<uint8_t>(random_());
        return;
      case 2:
      case 3:
        return put_number();
      case 4:
        return bytes_.resize(below(bytes_.size()));  // cut
      case 5:
        return repeat();
      case 6:
        return drop();
      default:
        return splice();
    }
  }

  void flip() { bytes_[below(bytes_.size())] ^= static_cast<uint8_t>(1u << below(8)); }

  // A length, a count, an offset: in any of the usual widths.
  void put_number() {
    const uint64_t number = interesting[below(std::size(interesting))];
    const size_t width = std::min<size_t>(size_t{1} << below(4), bytes_.size());
    std::memcpy(bytes_.data() + below(bytes_.size() - width + 1), &number, width);
  }

  // A piece of it once more, somewhere else.
  void repeat() {
    const size_t begin = below(bytes_.size()), count = 1 + below(std::min<size_t>(bytes_.size() - begin, 256));
    const Bytes piece(at(begin), at(begin + count));
    bytes_.insert(at(below(bytes_.size())), piece.begin(), piece.end());
  }

  void drop() {
    const size_t begin = below(bytes_.size()), count = 1 + below(std::min<size_t>(bytes_.size() - begin, 64));
    bytes_.erase(at(begin), at(begin + count));
  }

  // Begins as this one, ends as another.
  void splice() {
    const Bytes& other = any_seed();
    bytes_.resize(below(bytes_.size()));
    bytes_.insert(bytes_.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size())), other.end());
  }

  Random random_;
  const std::vector<Bytes>& seeds_;
  Bytes bytes_;
};

void run(uint64_t number, const std::vector<Bytes>& seeds) {
  running = number;
  const uint64_t count = number & 0xffffffff;
  const Bytes input = count < seeds.size() ? seeds[count] : Mutator(number, seeds).make();
  alarm(slowest_seconds);
  LLVMFuzzerTestOneInput(input.data(), input.size());
  alarm(0);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return std::fprintf(stderr, "usage: %s SECONDS SEED FILE_OR_FOLDER …\n", arguments[0]), 2;
  const auto seconds = std::chrono::seconds(std::atoi(arguments[1]));
  uint64_t number = std::strtoull(arguments[2], nullptr, 10);
  const std::vector<Bytes> seeds = seeds_in({arguments + 3, arguments + count});
  if (seeds.empty()) return std::fprintf(stderr, "no seeds\n"), 2;
  tell_failures();
  if (seconds.count() == 0) return run(number, seeds), 0;
  number <<= 32;
  const uint64_t first = number;
  const auto end = std::chrono::steady_clock::now() + seconds;
  while (std::chrono::steady_clock::now() < end || number - first < seeds.size()) run(number++, seeds);
  std::printf("%llu inputs of %zu seeds, from mutation %llu on\n", (unsigned long long)(number - first), seeds.size(),
              (unsigned long long)first);
  return 0;
}
