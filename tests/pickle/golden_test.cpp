// Pickles made by CPython (tests/golden/make_pickle_golden.py), read in every protocol and written again in protocol 2.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "pickle/describe.h"

namespace okibi::pickle {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file) << path;
  return std::move(text).str();
}

std::vector<fs::path> golden_pickles(std::string_view ending = ".pkl") {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(OKIBI_GOLDEN) / "pickle")) {
    if (entry.path().string().ends_with(ending)) paths.push_back(entry.path());
  }
  return paths;
}

std::string expected_description(fs::path path) {
  std::string text = read_file(path.replace_extension().replace_extension(".txt"));
  return text.substr(0, text.find('\n'));
}

}  // namespace

// formats.md: torch-zip | any pickle protocol | read
TEST(PickleGolden, EveryProtocolSaysWhatPythonSaid) {
  std::vector<fs::path> paths = golden_pickles();
  ASSERT_GE(paths.size(), 100u);
  for (const fs::path& path : paths) {
    std::string bytes = read_file(path);
    Graph graph = decode(as_bytes(bytes));
    EXPECT_EQ(describe(graph), expected_description(path)) << path;
    EXPECT_EQ(graph.end_offset(), bytes.size()) << path;
  }
}

TEST(PickleGolden, WhatWasReadIsWrittenAgainByteForByteInProtocol2) {
  std::vector<fs::path> paths = golden_pickles(".2.pkl");
  ASSERT_GE(paths.size(), 20u);
  for (const fs::path& path : paths) {
    std::string bytes = read_file(path);
    EXPECT_TRUE(encoded(decode(as_bytes(bytes))) == bytes) << path;
  }
}

// formats.md: torch-zip | any pickle protocol | written as protocol 2, which PyTorch's `weights_only` asks for
TEST(PickleGolden, OtherProtocolsWrittenInProtocol2SayTheSame) {
  for (const fs::path& path : golden_pickles()) {
    Graph graph = decode(as_bytes(read_file(path)));
    EXPECT_EQ(describe(encoded(graph)), expected_description(path)) << path;
  }
}

// Cut anywhere, a pickle is refused. Files of more than 100 bytes are cut at 100 places.
TEST(PickleGolden, EveryPrefixIsRefused) {
  for (const fs::path& path : golden_pickles()) {
    std::string bytes = read_file(path);
    size_t step = 1 + bytes.size() / 100;
    for (size_t size = 0; size < bytes.size(); size += step) {
      std::vector<std::byte> prefix(as_bytes(bytes).begin(), as_bytes(bytes).begin() + static_cast<ptrdiff_t>(size));
      EXPECT_THROW(decode(prefix), Error) << path << " cut at " << size;
    }
  }
}

TEST(PickleGolden, NoSingleChangedByteIsMoreThanAnError) {
  for (const fs::path& path : golden_pickles()) {
    std::string bytes = read_file(path);
    if (bytes.size() > 350) continue;
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (unsigned flip : {0x01u, 0x80u, 0xFFu}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ flip);
        try {
          encoded(decode(as_bytes(changed)));
        } catch (const Error&) {  // as good: what matters is that nothing else happens
        }
      }
    }
  }
}

}  // namespace okibi::pickle
