#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/io.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "io/scratch_folder.h"

namespace okibi::io {
namespace {

using testing::HasSubstr;
using testing_help::put;
using testing_help::ScratchFolder;

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

std::string read_text(const Source& source, uint64_t offset, size_t length) {
  std::string text(length, '?');
  source.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(FileSource, ReadsAtAnyOffset) {
  const ScratchFolder folder;
  put(folder.path("a"), "0123456789");
  const FileSource source(folder.path("a"));
  EXPECT_EQ(source.size(), 10u);
  EXPECT_EQ(source.name(), folder.path("a"));
  EXPECT_EQ(read_text(source, 3, 4), "3456");
  EXPECT_EQ(read_text(source, 0, 10), "0123456789");
  EXPECT_EQ(read_text(source, 10, 0), "");
}

TEST(FileSource, RefusesARangeBeyondTheEndWithBothNumbers) {
  const ScratchFolder folder;
  put(folder.path("a"), "0123456789");
  const FileSource source(folder.path("a"));
  const Error error = error_of([&] { read_text(source, 8, 3); });
  EXPECT_EQ(error.kind(), ErrorKind::bad_file);
  EXPECT_THAT(error.what(), HasSubstr("3 bytes at offset 8 lie beyond the end, at 10"));
  EXPECT_EQ(error_of([&] { read_text(source, UINT64_MAX, 1); }).kind(), ErrorKind::bad_file);
}

TEST(FileSource, FillsManyRanges) {
  const ScratchFolder folder;
  put(folder.path("a"), "0123456789");
  std::array<std::byte, 2> front{}, back{};
  const std::array ranges = {Range{7, back}, Range{1, front}};
  FileSource(folder.path("a")).read_many(ranges);
  EXPECT_EQ(as_text(front), "12");
  EXPECT_EQ(as_text(back), "78");
}

TEST(FileSource, ShowsTheBytesOfManyRangesAsTheyArrive) {
  const ScratchFolder folder;
  put(folder.path("a"), std::string(2'500'000, 'x') + "0123456789");
  const FileSource source(folder.path("a"));
  std::vector<std::byte> large(2'500'005), small(3);
  const std::array ranges = {Range{2, large}, Range{2'500'007, small}};
  std::array<std::string, 2> arrived;
  source.read_many(ranges, [&](size_t index, auto part) { arrived[index] += as_text(part); });
  EXPECT_TRUE(arrived[0] == as_text(large));
  EXPECT_EQ(arrived[0].substr(2'499'998), "0123456");
  EXPECT_EQ(arrived[1], "789");
}

TEST(FileSource, SaysThatTheFileIsMissing) {
  const Error error = error_of([] { FileSource("/no/such/file.pth"); });
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_THAT(error.what(), HasSubstr("/no/such/file.pth: cannot open the file: No such file or directory"));
}

TEST(FileSource, RefusesAFolderADeviceAndAPipeWithoutWaiting) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { FileSource(folder.path("")); }).what(), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { FileSource(folder.path("pipe")); }).what(), HasSubstr("is a device or a pipe"));
  EXPECT_EQ(error_of([] { FileSource("/dev/zero"); }).kind(), ErrorKind::bad_argument);
}

TEST(FileSource, RefusesAPathThatTheSystemWouldReadOnlyInPart) {
  const ScratchFolder folder;
  put(folder.path("a"), "text");
  for (const std::string& path : {std::string(), folder.path("a") + std::string("\0b", 2)}) {
    EXPECT_EQ(error_of([&] { FileSource{path}; }).kind(), ErrorKind::bad_argument);
    EXPECT_EQ(error_of([&] { FileSink{path}; }).kind(), ErrorKind::bad_argument);
  }
}

TEST(FileSource, SaysThatAFileShrank) {
  const ScratchFolder folder;
  put(folder.path("a"), "0123456789");
  const FileSource source(folder.path("a"));
  ASSERT_EQ(truncate(folder.path("a").c_str(), 4), 0);
  const Error error = error_of([&] { read_text(source, 2, 6); });
  EXPECT_EQ(error.kind(), ErrorKind::io);
  EXPECT_THAT(error.what(), HasSubstr("the file shrank while it was read: expected 10 bytes, found 4"));
  EXPECT_EQ(error_of([&] { source.map(0, 10); }).kind(), ErrorKind::io);
}

// Address space of any length over 64 MiB of memory, seen again and again. Its last bytes are its own.
class FoldedMemory {
 public:
  explicit FoldedMemory(uint64_t length) : length_(length), block_(memfd_create("folded", 0)) {
    base_ = static_cast<std::byte*>(mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (ftruncate(block_, fold) != 0 || base_ == MAP_FAILED) throw std::runtime_error("no memory for the test");
    for (uint64_t at = 0; at < length; at += fold) {
      const size_t piece = std::min<uint64_t>(fold, length - at);
      mmap(base_ + at, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, block_, 0);
    }
  }
  ~FoldedMemory() {
    munmap(base_, length_);
    close(block_);
  }
  FoldedMemory(const FoldedMemory&) = delete;
  FoldedMemory& operator=(const FoldedMemory&) = delete;
  std::span<std::byte> bytes() const { return {base_, length_}; }

 private:
  static constexpr int64_t fold = int64_t{64} << 20;
  uint64_t length_;
  int block_;
  std::byte* base_;
};

TEST(FileSource, ReadsMoreThanTwoGigabytesAtOnce) {
  const ScratchFolder folder;
  const uint64_t size = (uint64_t{1} << 31) + 4096;
  put(folder.path("sparse"), "");
  ASSERT_EQ(truncate(folder.path("sparse").c_str(), static_cast<off_t>(size)), 0);
  {
    const int file = open(folder.path("sparse").c_str(), O_WRONLY);
    ASSERT_EQ(pwrite(file, "end", 3, static_cast<off_t>(size - 3)), 3);
    close(file);
  }
  const FoldedMemory memory(size);
  FileSource(folder.path("sparse")).read(0, memory.bytes());
  EXPECT_EQ(as_text(memory.bytes().last(3)), "end");
  EXPECT_EQ(memory.bytes()[size - 4], std::byte{0});
}

TEST(FileSource, MapsFromAnyOffsetAndOutlivesTheSource) {
  const ScratchFolder folder;
  std::string text(20'000, 'x');
  text.replace(9'999, 4, "here");
  put(folder.path("a"), text);
  std::shared_ptr<std::byte> mapped = FileSource(folder.path("a")).map(9'999, 10'001);
  ASSERT_NE(mapped, nullptr);
  EXPECT_EQ(as_text({mapped.get(), 5}), "herex");
}

TEST(FileSource, KeepsWritesToAMappingPrivate) {
  const ScratchFolder folder;
  put(folder.path("a"), "0123456789");
  const FileSource source(folder.path("a"));
  const std::shared_ptr<std::byte> mapped = source.map(1, 3);
  mapped.get()[0] = std::byte{'X'};
  EXPECT_EQ(as_text({mapped.get(), 3}), "X23");
  EXPECT_EQ(read_text(source, 0, 4), "0123");
  EXPECT_THROW(source.map(8, 3), Error);
  EXPECT_EQ(source.map(10, 0), nullptr);
}

TEST(ThreadsFileSource, ReadsFromSeveralThreads) {
  const ScratchFolder folder;
  put(folder.path("a"), "0123456789");
  const FileSource source(folder.path("a"));
  std::vector<std::thread> readers;
  for (uint64_t offset = 0; offset < 4; ++offset) {
    readers.emplace_back([&source, offset] {
      for (int i = 0; i < 100; ++i) EXPECT_EQ(read_text(source, offset, 1), std::to_string(offset));
    });
  }
  for (std::thread& reader : readers) reader.join();
}

TEST(Buffer, ReadsWhatWasWritten) {
  Buffer buffer;
  buffer.write("01234");
  buffer.write("56789");
  buffer.commit();
  EXPECT_EQ(buffer.position(), 10u);
  EXPECT_EQ(read_text(buffer, 4, 3), "456");
  EXPECT_EQ(as_text(buffer.bytes()), "0123456789");
  EXPECT_THAT(error_of([&] { read_text(buffer, 9, 2); }).what(), HasSubstr("buffer: 2 bytes at offset 9"));
}

TEST(Buffer, OwnsACopyOfTheBytesItIsGiven) {
  std::string text = "abc";
  const Buffer buffer(as_bytes(text), "parts");
  text = "xyz";
  EXPECT_EQ(as_text(buffer.bytes()), "abc");
  EXPECT_EQ(buffer.name(), "parts");
  EXPECT_EQ(buffer.map(0, 3), nullptr);
}

}  // namespace
}  // namespace okibi::io
