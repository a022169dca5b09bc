// Folders of real PyTorch, made by tests/golden/make_dcp_golden.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "checkpoint/described.h"
#include "io/scratch_folder.h"

namespace okibi {
namespace {

using testing::HasSubstr;
using testing_help::ScratchFolder;
namespace fs = std::filesystem;

std::string dcp(const std::string& name) { return std::string(OKIBI_GOLDEN) + "/dcp/" + name; }

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

class Dcp : public testing::TestWithParam<std::string> {};

// formats.md: dcp | DTensor, FSDP2, any number of ranks and files, also with a `.metadata` of each rank | read,
//   joined, keys are str, as that format has them | dcp/sharded dcp/fsdp dcp/by_rank dcp/file_each
TEST_P(Dcp, HoldsWhatWasSaved) {
  EXPECT_EQ(Describer().value(load(dcp(GetParam()))), golden_description(dcp(GetParam()) + ".json"));
}

TEST_P(Dcp, HoldsTheSameWhenMapped) {
  EXPECT_EQ(Describer().value(load(dcp(GetParam()), {.mmap = true})), golden_description(dcp(GetParam()) + ".json"));
}

TEST_P(Dcp, TensorsAndPartsOfThemReadLaterAreTheSame) {
  const Archive archive = open(dcp(GetParam()));
  EXPECT_EQ(archive.format(), Format::dcp);
  const Value whole = load(dcp(GetParam()));
  for (const TensorEntry& entry : archive.tensors()) {
    Value found = whole;
    for (const Value& step : entry.path) found = step.is_int() ? found.at(step.to_int()) : found[step.to_string()];
    const Tensor expected = found.to_tensor();
    EXPECT_EQ(archive.tensor(entry.name).load().requires_grad(), expected.requires_grad());
    EXPECT_EQ(Describer::elements(archive.tensor(entry.name).load()), Describer::elements(expected)) << entry.name;
    for (size_t dim = 0; dim < entry.sizes.size(); ++dim) {
      const auto at = static_cast<int64_t>(dim);
      const Tensor part = archive.tensor(entry.name).slice(at, 1, entry.sizes[dim]);
      const int64_t begin = std::min<int64_t>(1, entry.sizes[dim]);
      EXPECT_EQ(Describer::elements(part), Describer::elements(expected.narrow(at, begin, entry.sizes[dim] - begin)))
          << entry.name << " along " << dim;
    }
  }
}

// Pieces that are copied are mapped later than those that are not.
TEST_P(Dcp, DamageIsFoundInMappedPiecesAsInThoseThatAreRead) {
  const ScratchFolder scratch;
  const fs::path folder = scratch.path("dcp");
  fs::copy(dcp(GetParam()), folder, fs::copy_options::recursive);
  const auto is_refused = [&](const LoadOptions& options) {
    try {
      load(folder.string(), options);
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  size_t refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".distcp") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto flip = [&](std::streamoff at) {
      file.seekg(at);
      const char flipped = static_cast<char>(file.get() ^ 4);
      file.seekp(at);
      file.put(flipped).flush();
    };
    for (std::streamoff at = 0; at < static_cast<std::streamoff>(fs::file_size(entry.path())); at += 53) {
      flip(at);
      const bool is_read = !is_refused({});
      refused += !is_read;
      EXPECT_EQ(is_refused({.mmap = true, .check_mapped = true}), !is_read) << entry.path() << " at " << at;
      flip(at);
    }
  }
  EXPECT_GT(refused, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, Dcp, testing::Values("plain", "sharded", "fsdp", "by_rank", "file_each"),
                         [](const auto& test) { return test.param; });

// A copy of a golden folder, to break.
class BrokenDcp : public testing::Test {
 protected:
  std::string copy(const std::string& name) {
    fs::copy(dcp(name), scratch_.path(name), fs::copy_options::recursive);
    return scratch_.path(name);
  }
  ScratchFolder scratch_;
};

// formats.md: dcp | rows and slices | read, only the boxes needed
TEST_F(BrokenDcp, RowsReadOnlyTheBoxesThatTheyNeed) {
  const std::string folder = copy("sharded");
  const Archive archive = open(folder);
  std::vector<char> noise(fs::file_size(folder + "/__3_0.distcp"), 'x');
  std::ofstream(folder + "/__3_0.distcp", std::ios::binary).write(noise.data(), std::ssize(noise));
  EXPECT_EQ(archive.tensor("by_rows").rows(0, 4).sizes(), (Dims{4, 7}));
  EXPECT_THROW(archive.tensor("by_columns").load(), Error);
}

TEST_F(BrokenDcp, NamesTheFileThatIsMissing) {
  const std::string folder = copy("sharded");
  fs::remove(folder + "/__2_0.distcp");
  const Error error = error_of([&] { open(folder); });
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_THAT(error.what(), HasSubstr("__2_0.distcp"));
  EXPECT_THAT(error.what(), HasSubstr("get back what is in the others"));
}

TEST_F(BrokenDcp, NamesTheFileThatWasCut) {
  const std::string folder = copy("sharded");
  fs::resize_file(folder + "/__1_0.distcp", 1000);
  const Error error = error_of([&] { open(folder); });
  EXPECT_EQ(error.kind(), ErrorKind::bad_file);
  EXPECT_THAT(error.what(), HasSubstr("__1_0.distcp"));
}

TEST_F(BrokenDcp, FindsABitThatFlipped) {
  const std::string folder = copy("plain");
  const auto bytes = bytes_of_file(folder + "/__0_0.distcp");
  const std::vector<float> numbers = {0, 1, 2, 3, 4, 5};
  const auto needle = std::as_bytes(std::span(numbers));
  const auto found = std::ranges::search(bytes, needle);
  ASSERT_FALSE(found.empty());
  std::fstream file(folder + "/__0_0.distcp", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(found.begin() - bytes.begin());
  file.put(1);
  file.close();
  EXPECT_THAT(error_of([&] { load(folder); }).what(), HasSubstr("CRC-32"));
}

TEST_F(BrokenDcp, SaysWhatWasLookedForInAFolder) {
  fs::create_directories(scratch_.path("empty"));
  const Error error = error_of([&] { open(scratch_.path("empty")); });
  EXPECT_EQ(error.kind(), ErrorKind::bad_file);
  EXPECT_THAT(error.what(), HasSubstr(".metadata"));
}

}  // namespace
}  // namespace okibi
