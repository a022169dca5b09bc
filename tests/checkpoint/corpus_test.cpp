// Files that PyTorch 2.15 wrote, made by tests/golden/make_corpus_golden.py: loaded and saved, they are the same bytes.
// The environment variable OKIBI_CORPUS names another folder of such files, to be tried instead of the committed one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "checkpoint/described.h"

namespace okibi {
namespace {

std::vector<std::filesystem::path> corpus() {
  const char* other = std::getenv("OKIBI_CORPUS");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(other ? other : OKIBI_GOLDEN "/corpus")) {
    if (entry.path().extension() == ".pth") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

LoadOptions as_data() { return {.any_class_as_data = true}; }

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) text += fmt::format("{:02x} ", static_cast<unsigned>(b));
  return text;
}

// Where two records differ, and what stands there; nothing where they do not.
std::string difference(std::span<const std::byte> before, std::span<const std::byte> after) {
  const auto [at, other] = std::ranges::mismatch(before, after);
  if (at == before.end() && other == after.end()) return {};
  const auto offset = static_cast<size_t>(at - before.begin());
  const auto around = [&](std::span<const std::byte> bytes) {
    const size_t begin = offset < 8 ? 0 : offset - 8;
    return hex(bytes.subspan(begin, std::min<size_t>(24, bytes.size() - begin)));
  };
  return fmt::format("differ at {} ({} and {} bytes):\n  {}\n  {}", offset, before.size(), after.size(), around(before),
                     around(after));
}

// The whole file up to the serialization id, a hash of PyTorch's own making. The pickle first: it says most.
std::string difference_of_files(const std::vector<std::byte>& before, const Buffer& after) {
  const zip::Reader one(std::make_shared<Buffer>(before));
  const zip::Reader other(std::shared_ptr<const io::Source>(std::shared_ptr<void>(), &after));
  const std::string of_pickle = difference(one.read("data.pkl"), other.read("data.pkl"));
  if (!of_pickle.empty()) return "data.pkl: " + of_pickle;
  if (before.size() != after.size()) return "the files are of different lengths";
  const uint64_t id = one.at(".data/serialization_id").offset;
  return difference(std::span(before).first(id), after.bytes().first(id));
}

// formats.md: torch-zip | all dtypes that `torch.save` can write | read; written byte for byte | corpus/dtypes.pth
// formats.md: torch-zip | sparse COO, CSR, CSC, BSR, BSC | read, every index and offset checked; written byte for
//   byte | corpus/sparse.pth
// formats.md: torch-zip | quantised per tensor and per channel | read; written byte for byte | corpus/quantised.pth
// formats.md: torch-zip | packed dtypes (quint4x2, quint2x4), whole tensors | read; written byte for byte |
//   corpus/packed.pth
// formats.md: torch-zip | nested (strided); conjugated and negated lazily | read; written byte for byte |
//   corpus/nested.pth corpus/lazy.pth
// formats.md: torch-zip | nn.Parameter, nn.Buffer, tensors with attributes, tensor subclasses | read as tensors that
//   know what Python sees them as; written byte for byte | corpus/classes.pth
// formats.md: torch-zip | subclasses that wrap other tensors (jagged) | read as data; written byte for byte |
//   corpus/nested.pth
// formats.md: torch-zip | NumPy arrays and scalars | written byte for byte | corpus/numpy.pth
// formats.md: torch-zip | `datetime`, `pathlib`, `uuid`, `decimal`, `fractions`, `slice`, `range`, `deque`,
//   namespaces | read as data; written byte for byte | corpus/library.pth corpus/python.pth
// formats.md: torch-zip | state_dicts of optimizers and schedulers | read; written byte for byte |
//   corpus/optim_Adam.pth corpus/scheduler_Sequential.pth
// formats.md: torch-zip | whole models of other classes | read; written as they were |
//   corpus/layer_MultiheadAttention_module.pth corpus/tied_model.pth
TEST(Corpus, IsSavedAsPyTorchWroteIt) {
  const auto files = corpus();
  for (const auto& path : files) {
    const auto before = bytes_of_file(path);
    Buffer after;
    try {
      save(load(path.string(), as_data()), after, {.root = path.stem().string()});
      EXPECT_EQ(difference_of_files(before, after), "") << path;
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_GE(files.size(), 20U);
}

// What is read of one tensor alone is what is read of the whole.
TEST(Corpus, HasTheSameTensorsWhenReadOneByOne) {
  for (const auto& path : corpus()) {
    const Archive archive = open(path.string(), as_data());
    const Value whole = load(path.string(), as_data());
    for (const TensorEntry& entry : archive.tensors()) {
      Value expected = whole;
      for (const Value& step : entry.path) {
        if (expected.is_object()) break;
        expected = step.is_int() && !expected.is_dict() ? expected.at(step.to_int()) : Value(expected.to_dict()[step]);
      }
      const Tensor later = archive.tensor(entry.name).load();
      if (!expected.is_tensor()) continue;
      EXPECT_EQ(repr(later), repr(expected)) << path << ' ' << entry.name;
    }
  }
}

// formats.md: torch-zip | NumPy arrays and scalars | read as data of which `from_numpy()`, `to_int()` make numbers |
//   corpus/numpy.pth
TEST(Corpus, NumPysThingsGiveTheirNumbers) {
  const Value value = load(OKIBI_GOLDEN "/corpus/numpy.pth", as_data());
  EXPECT_EQ(repr(from_numpy(value["array"])), repr(arange(6).to(float32).view({2, 3})));
  EXPECT_TRUE(equal(from_numpy(value["swapped"]), from_numpy(value["array"])));
  EXPECT_TRUE(equal(from_numpy(value["fortran"]), from_numpy(value["array"])));
  EXPECT_EQ(from_numpy(value["zero_d"]).item<int>(), 5);
  EXPECT_EQ(value["scalars"][0].to_double(), 0.1);
  EXPECT_EQ(value["scalars"][1].to_int(), 7);
  EXPECT_THROW(from_numpy(value["objects"]), Error);
}

}  // namespace
}  // namespace okibi
