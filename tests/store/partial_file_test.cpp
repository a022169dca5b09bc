// Local files that are written in several runs.
#include "store/partial_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/copy.h>
#include <okibi/store.h>

#include <filesystem>

#include "io/scratch_folder.h"
#include "store/content_check.h"
#include "store/resumable.h"
#include "tensor/expect_error.h"

namespace okibi::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_help::get;
using testing_help::put;
using testing_help::ScratchFolder;

constexpr size_t kept = size_t{64} << 20;  // what is kept comes in such pieces

std::string only_name(const ScratchFolder& folder) {
  const auto names = folder.names();
  return names.size() == 1 ? *names.begin() : "";
}

TEST(PartialFile, KeepsWhatIsWorthKeepingForTheNextOne) {
  const ScratchFolder folder;
  const std::string text(kept + 1000, 'x');
  { PartialFile(folder.path("a"), "of this").write(text); }
  EXPECT_NE(only_name(folder), "");
  PartialFile again(folder.path("a"), "of this");
  EXPECT_EQ(again.position(), kept);
  EXPECT_EQ(PartialFile(folder.path("a"), "of that").position(), 0u);
  again.write("end");
  again.commit();
  EXPECT_EQ(get(folder.path("a")), text.substr(0, kept) + "end");
  EXPECT_EQ(only_name(folder), "a");
}

TEST(PartialFile, OfWhichNothingIsWorthKeepingIsGone) {
  const ScratchFolder folder;
  { PartialFile(folder.path("a"), "of this").clear(); }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(PartialFile, IsWrittenByOneAtATime) {
  const ScratchFolder folder;
  const PartialFile first(folder.path("a"), "of this");
  expect_error(ErrorKind::bad_argument, "another program is copying to the same file",
               [&] { PartialFile(folder.path("a"), "of this"); });
}

TEST(PartialFile, DoesNotWriteIntoAFileThatHasASecondName) {
  const ScratchFolder folder;
  { PartialFile(folder.path("a"), "of this").write(std::string(kept, 'x')); }
  const std::string part = only_name(folder);
  std::filesystem::remove(folder.path(part));
  put(folder.path("precious"), "bytes");
  std::filesystem::create_hard_link(folder.path("precious"), folder.path(part));
  expect_error(ErrorKind::bad_argument, "has a second name", [&] { PartialFile(folder.path("a"), "of this"); });
  EXPECT_EQ(get(folder.path("precious")), "bytes");
}

// A source whose store keeps a checksum.
class Kept final : public io::Source, public Versioned {
 public:
  Kept(std::string text, std::optional<uint32_t> crc) : text_(std::move(text)), crc_(crc) {}
  uint64_t size() const override { return text_.size(); }
  std::string name() const override { return "kept://a"; }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    io::check_range(*this, offset, into.size());
    std::copy_n(std::as_bytes(std::span(text_)).data() + offset, into.size(), into.data());
  }
  std::string version() const override { return "1"; }
  std::optional<uint32_t> crc32() const override { return crc_; }

 private:
  std::string text_;
  std::optional<uint32_t> crc_;
};

constexpr uint32_t crc_of_digits = 0xcbf43926;  // of "123456789": the check value of CRC-32

TEST(ContentCheck, ComparesWhatCameWithWhatIsKept) {
  const auto copied = [](const Kept& from) {
    Buffer buffer;
    copy(from, buffer);
    return std::string(as_text(buffer.bytes()));
  };
  EXPECT_EQ(copied(Kept("123456789", crc_of_digits)), "123456789");
  EXPECT_EQ(copied(Kept("123456780", std::nullopt)), "123456780");
  expect_error(ErrorKind::io, "do not have the checksum", [&] { copied(Kept("123456780", crc_of_digits)); });
}

TEST(ContentCheck, CountsWhatAnEarlierCopyLeft) {
  const ScratchFolder folder;
  const std::string text = std::string(kept, 'x') + "123";
  { PartialFile(folder.path("a"), "of this").write(std::string_view(text).substr(0, kept)); }
  const auto crc = [](std::string_view bytes) {
    const ScratchFolder other;
    PartialFile file(other.path("a"), "");
    file.write(bytes);
    return file.crc32();
  };
  PartialFile good(folder.path("a"), "of this");
  copy(Kept(text, crc(text)), good);
  EXPECT_EQ(good.position(), text.size());
  expect_error(ErrorKind::io, "do not have the checksum", [&] {
    PartialFile again(folder.path("b"), "of this");
    again.write(std::string(kept, 'y'));
    copy(Kept(text, crc(text)), again);
  });
  EXPECT_THAT(folder.names(), ElementsAre(testing::StartsWith(".a.")));  // what was wrong is gone
}

// Of the bytes of the store's own making.
TEST(Copy, BeginsAnewWhereAnEarlierOneLeftMoreThanThereIs) {
  const ScratchFolder folder;
  Store before = default_store();
  default_store().add(
      "kept",
      {[](const std::string&) { return std::make_shared<Kept>(std::string(kept + 5, 'x'), std::nullopt); }, {}});
  copy("kept://a", folder.path("a"), {.resume = true});
  std::filesystem::remove(folder.path("a"));
  { PartialFile(folder.path("a"), "kept://a\n1\n" + std::to_string(kept + 5)).write(std::string(2 * kept, 'y')); }
  const CopyReport report = copy("kept://a", folder.path("a"), {.resume = true});
  EXPECT_EQ(report.resumed_at, 0u);
  EXPECT_EQ(get(folder.path("a")), std::string(kept + 5, 'x'));
  default_store() = before;
}

}  // namespace
}  // namespace okibi::store
