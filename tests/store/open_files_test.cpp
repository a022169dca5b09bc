#include "store/open_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/scratch_folder.h"

namespace okibi::store {
namespace {

using testing_help::put;
using testing_help::ScratchFolder;

std::string text_of(const io::Source& source) {
  std::string text(source.size(), '?');
  source.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

int open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

TEST(OpenFiles, AreManyOfWhichFewAreOpen) {
  const ScratchFolder scratch;
  for (int i = 0; i < 20; ++i) put(scratch.path(std::to_string(i)), std::to_string(i));
  OpenFiles files(Store().folder(scratch.path("")), 3);
  const int before = open_descriptors();
  std::vector<std::shared_ptr<const io::Source>> sources;
  for (int i = 0; i < 20; ++i) sources.push_back(files.source(std::to_string(i)));
  EXPECT_LE(open_descriptors(), before + 3);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(text_of(*sources[static_cast<size_t>(i)]), std::to_string(i));
  }
  EXPECT_EQ(files.source("7"), sources[7]);
}

TEST(OpenFiles, NoticeAFileThatChangedItsLength) {
  const ScratchFolder scratch;
  put(scratch.path("a"), "1");
  put(scratch.path("b"), "2");
  OpenFiles files(Store().folder(scratch.path("")), 1);
  const auto a = files.source("a"), b = files.source("b");
  put(scratch.path("a"), "longer");
  EXPECT_THROW(text_of(*a), Error);
}

}  // namespace
}  // namespace okibi::store
