// Against files that PyTorch 2.15 wrote (tests/golden/make_zip_golden.py).
#include <gtest/gtest.h>
#include <okibi/zip.h>
#include <sys/mman.h>

#include <fstream>
#include <iterator>
#include <map>

namespace okibi::zip {
namespace {

std::string golden(const std::string& name) {
  std::ifstream file(std::string(OKIBI_GOLDEN "/zip/") + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

void blank(std::string& bytes, size_t at, size_t length) { bytes.replace(at, length, length, '*'); }

// The serialization id is a hash that is each writer's own: its digits, and its CRC in descriptor and directory, may
// differ. It is the last record, so its last mention is in the directory.
std::string without_id(std::string bytes) {
  const std::string name = ".data/serialization_id";
  const size_t entry = bytes.rfind("PK\1\2", bytes.rfind(name));
  const size_t digits = bytes.rfind("PK\7\10", entry) - 40;
  blank(bytes, digits, 40);
  blank(bytes, digits + 44, 4);
  blank(bytes, entry + 16, 4);
  return bytes;
}

std::string written_again(const Reader& original, uint64_t alignment) {
  Buffer buffer;
  Writer writer(buffer, original.root(), alignment);
  for (const Record& record : original.records()) {
    if (record.name != ".data/serialization_id") writer.add(record.name, original.read(record.name));
  }
  writer.finish();
  return std::string(as_text(buffer.bytes()));
}

void expect_same_bytes(const std::string& name, uint64_t alignment) {
  const std::string original = golden(name);
  const Reader reader(std::make_shared<Buffer>(as_bytes(original), name));
  EXPECT_TRUE(without_id(written_again(reader, alignment)) == without_id(original)) << name;
}

TEST(ZipGolden, WritesByteForByteWhatPyTorchWrites) { expect_same_bytes("my.model.pth", 64); }

TEST(ZipGolden, WritesByteForByteAtAnotherAlignment) { expect_same_bytes("aligned_256.pth", 256); }

TEST(ZipGolden, ReadsWhatPyTorchWrote) {
  const std::string bytes = golden("my.model.pth");
  const Reader reader(std::make_shared<Buffer>(as_bytes(bytes), "my.model.pth"));
  EXPECT_EQ(reader.root(), root_for("somewhere/my.model.pth"));
  EXPECT_EQ(as_text(reader.read("version")), "3\n");
  EXPECT_EQ(as_text(reader.read("byteorder")), "little");
  EXPECT_EQ(reader.at("data/1").size, 0u);
  EXPECT_EQ(load_le<float>(reader.read("data/0").data() + 5 * sizeof(float)), 5.0f);
  for (const Record& record : reader.records()) EXPECT_EQ(record.offset % 64, 0u) << record.name;
}

constexpr uint64_t huge = uint64_t{1} << 32;  // as in make_zip_golden.py

// An archive of which only the skeleton is kept; what is missing is zeros.
class Skeleton final : public io::Source, public io::Sink {
 public:
  uint64_t size() const override { return size_; }
  std::string name() const override { return "huge.pth"; }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    io::check_range(*this, offset, into.size());
    for (std::byte& byte : into) byte = at(offset++);
  }

  void write(std::span<const std::byte> bytes) override {
    if (bytes.size() < 4096) pieces_[size_] = as_text(bytes);
    size_ += bytes.size();
  }
  void commit() override {}
  uint64_t position() const override { return size_; }

  void add_zeros(uint64_t count) { size_ += count; }

  // All kept bytes after each other: equal skeletons have equal texts, because what lies between is as long.
  std::string text() const {
    std::string text;
    for (const auto& [offset, piece] : pieces_) text += piece;
    return text;
  }

 private:
  std::byte at(uint64_t offset) const {
    const auto piece = std::prev(pieces_.upper_bound(offset));
    const uint64_t within = offset - piece->first;
    return within < piece->second.size() ? static_cast<std::byte>(piece->second[within]) : std::byte{0};
  }
  std::map<uint64_t, std::string> pieces_;
  uint64_t size_ = 0;
};

std::shared_ptr<Skeleton> golden_skeleton() {
  const std::string file = golden("zip64_parts.bin");
  const auto skeleton = std::make_shared<Skeleton>();
  for (size_t at = 0; at < file.size();) {
    const auto* fields = reinterpret_cast<const std::byte*>(file.data() + at);
    const auto offset = load_le<uint64_t>(fields);
    const auto length = load_le<uint64_t>(fields + 8);
    skeleton->add_zeros(offset - skeleton->position());
    skeleton->write(as_bytes(file).subspan(at + 16, length));
    at += 16 + length;
  }
  return skeleton;
}

// 4 GiB of zeros that take no memory: the system's one zero page, read again and again.
class Zeros {
 public:
  Zeros() : base_(mmap(nullptr, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~Zeros() { munmap(base_, huge); }
  Zeros(const Zeros&) = delete;
  Zeros& operator=(const Zeros&) = delete;
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(base_), huge}; }

 private:
  void* base_;
};

// formats.md: torch-zip | records and archives beyond 4 GiB | written byte for byte
TEST(ZipGolden, WritesByteForByteBeyondFourGigabytes) {
  Skeleton written;
  Writer writer(written, "huge");
  writer.add("data/0", Zeros().bytes());
  writer.add("data/1", as_bytes("after"));
  writer.add("data/2", {});
  writer.add("version", as_bytes("3\n"));
  writer.add("byteorder", as_bytes("little"));
  writer.finish();
  const auto original = golden_skeleton();
  EXPECT_EQ(written.size(), original->size());
  EXPECT_EQ(without_id(written.text()), without_id(original->text()));
}

// formats.md: torch-zip | records and archives beyond 4 GiB | read
TEST(ZipGolden, ReadsBeyondFourGigabytes) {
  const Reader reader(golden_skeleton());
  EXPECT_EQ(reader.at("data/0").size, huge);
  EXPECT_EQ(reader.at("data/0").offset, 128u);
  EXPECT_GT(reader.at("data/1").offset, huge);
  EXPECT_EQ(as_text(reader.read("data/1")), "after");
  EXPECT_EQ(reader.at("data/2").size, 0u);
  EXPECT_EQ(as_text(reader.read("byteorder")), "little");
}

}  // namespace
}  // namespace okibi::zip
