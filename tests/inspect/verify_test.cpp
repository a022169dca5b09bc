// What `verify` finds, and what `rescue` gets back.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include <okibi/inspect.h>
#include <okibi/zip.h>

#include "checkpoint/forged_dcp.h"

namespace okibi::inspect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class Verify : public testing::Test {
 protected:
  Verify() { fs::create_directories(folder_); }
  ~Verify() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  std::string saved() const {
    const std::string file = path("model.pth");
    save(Dict{{"a", arange(100)}, {"b", arange(200)}, {"c", arange(300)}, {"b_again", arange(5)}}, file);
    return file;
  }
  static uint64_t offset_of(const std::string& file, const std::string& record) {
    return zip::Reader(std::make_shared<io::FileSource>(file)).at(record).offset;
  }

 private:
  const fs::path folder_ = fs::temp_directory_path() / ("okibi-verify-" + std::to_string(getpid()));
};

TEST_F(Verify, FindsNothingWrongWithHonestFiles) {
  EXPECT_TRUE(verify(saved()).ok());
  for (const auto& entry : fs::directory_iterator(OKIBI_GOLDEN "/checkpoint/torch-2.15")) {
    if (entry.path().extension() != ".pth") continue;
    const VerifyReport report = verify(entry.path().string());
    EXPECT_TRUE(report.ok()) << entry.path() << report.problems[0].problem;
  }
}

TEST_F(Verify, TellsEveryWrongCrcWithItsPlace) {
  const std::string file = saved();
  std::string bytes = bytes_of(file);
  for (const char* record : {"data/0", "data/2"}) bytes[offset_of(file, record) + 8] ^= 1;
  write(file, bytes);
  const VerifyReport report = verify(file);
  ASSERT_EQ(report.problems.size(), 2u);
  EXPECT_THAT(report.problems[0].problem, HasSubstr("CRC-32"));
  EXPECT_FALSE(report.ok());
}

std::string_view checksums_of(const std::string& uri) {
  const VerifyReport report = verify(uri);
  EXPECT_TRUE(report.ok()) << uri << ": " << report.problems[0].record << ": " << report.problems[0].problem;
  return name_of(report.checksums());
}

// "ok" means less where nothing could be compared.
TEST_F(Verify, SaysHowMuchHasAChecksum) {
  EXPECT_EQ(checksums_of(saved()), "all");
  EXPECT_EQ(checksums_of(OKIBI_GOLDEN "/checkpoint/torch-2.15/deflated.pth"), "all");
  EXPECT_EQ(checksums_of(OKIBI_GOLDEN "/safetensors/names.safetensors"), "none");
  EXPECT_EQ(checksums_of(OKIBI_GOLDEN "/old/legacy_state_dict.pth"), "none");
  EXPECT_EQ(checksums_of(OKIBI_GOLDEN "/old/tar_state_dict.pth"), "none");
  EXPECT_EQ(checksums_of(OKIBI_GOLDEN "/safetensors/sharded"), "none");
  EXPECT_EQ(checksums_of(OKIBI_GOLDEN "/safetensors/sharded/model.safetensors.index.json"), "none");
  for (const char* folder : {"plain", "sharded", "fsdp", "by_rank", "file_each"}) {  // all but .metadata
    EXPECT_EQ(checksums_of(std::string(OKIBI_GOLDEN "/dcp/") + folder), "some");
  }
}

// As set_crc32_options(False) leaves it.
TEST_F(Verify, CountsRecordsWhoseWriterComputedNoCrc) {
  const std::string file = saved();
  std::string bytes = bytes_of(file);
  const zip::Record record = zip::Reader(std::make_shared<io::FileSource>(file)).at("data/1");
  std::string crc(4, '\0');
  store_le<uint32_t>(reinterpret_cast<std::byte*>(crc.data()), record.crc32);
  for (size_t at = bytes.find(crc); at != bytes.npos; at = bytes.find(crc, at)) bytes.replace(at, 4, 4, '\0');
  write(file, bytes);
  EXPECT_EQ(checksums_of(file), "some");
  EXPECT_EQ(verify(file).unchecked_bytes, record.size);
}

TEST_F(Verify, PassesOverFilesThatHoldNoWeights) {
  const std::string folder = path("model");
  fs::copy(OKIBI_GOLDEN "/safetensors/sharded", folder);
  write(folder + "/README.md", "# a model");
  EXPECT_TRUE(verify(folder).ok());
  write(folder + "/optimizer.pt", "no checkpoint");
  EXPECT_EQ(verify(folder).problems.size(), 1u);
}

TEST_F(Verify, TellsTheItemAndThePartOfADistributedCheckpoint) {
  ForgedDcp part, item;
  part.tensor("w", {4}, {{{0}, {4}}}).dtype = DType::int32;
  const VerifyReport of_part = verify(part.written());
  ASSERT_EQ(of_part.problems.size(), 1u);
  EXPECT_EQ(of_part.problems[0].record, "__0_0.distcp > part w [0]");
  EXPECT_THAT(of_part.problems[0].problem, HasSubstr("another one than the metadata says"));
  item.tensor("w", {4}, {{{0}, {4}}}).chunks[0].offsets = {-1};
  const VerifyReport of_item = verify(item.written());
  ASSERT_EQ(of_item.problems.size(), 1u);
  EXPECT_EQ(of_item.problems[0].record, ".metadata > item w");
}

TEST_F(Verify, GetsBackWhatACutLeftWhole) {
  const std::string file = saved();
  const uint64_t cut = offset_of(file, "data/2") + 100;
  write(file, bytes_of(file).substr(0, cut));
  const VerifyReport report = verify(file);
  EXPECT_FALSE(report.ok());
  ASSERT_TRUE(report.recoverable);
  EXPECT_THAT(report.recoverable->tensors, ElementsAre("a", "b"));
  EXPECT_THAT(report.recoverable->lost, ElementsAre("c", "b_again"));
  rescue(file, path("rest.pth"));
  const Value rest = load(path("rest.pth"));
  EXPECT_EQ(rest.size(), 2u);
  EXPECT_TRUE(equal(rest["b"].to_tensor(), arange(200)));
}

// Formats that say at their begin where the tensors are: what lies before the cut is whole.
TEST_F(Verify, RescuesCutFilesThatBeginWithTheirIndex) {
  const Dict value{{"a", arange(100)}, {"b", arange(200)}, {"c", arange(300)}};
  for (const Format format : {Format::safetensors, Format::torch_legacy}) {
    const std::string file = path("cut"), rest = path(std::string(name_of(format)) + "_rest.pth");
    save(value, file, {.format = format});
    const std::string bytes = bytes_of(file);
    write(file, bytes.substr(0, bytes.size() - 100));
    const VerifyReport report = verify(file);
    EXPECT_FALSE(report.ok());
    ASSERT_TRUE(report.recoverable) << name_of(format);
    EXPECT_EQ(report.recoverable->tensors.size(), 2u);
    EXPECT_EQ(report.recoverable->lost.size(), 1u);
    rescue(file, rest);
    for (const std::string& name : report.recoverable->tensors) {
      EXPECT_TRUE(equal(load(rest)[name].to_tensor(), value[name].to_tensor())) << name_of(format);
    }
    write(file, bytes.substr(0, 60));  // without an index, nothing is known
    EXPECT_FALSE(verify(file).recoverable);
    EXPECT_THROW(rescue(file, path("none.pth")), Error);
  }
}

TEST_F(Verify, RescuesWhatIsLeftOfShards) {
  const std::string folder = path("shards"), gone = "model-00002-of-00003.safetensors";
  fs::copy(OKIBI_GOLDEN "/safetensors/sharded", folder);
  const Value whole = load(folder);
  fs::remove(fs::path(folder) / gone);
  const auto recoverable = verify(folder).recoverable;
  ASSERT_TRUE(recoverable);
  EXPECT_EQ(recoverable->tensors.size() + recoverable->lost.size(), whole.size());
  EXPECT_FALSE(recoverable->lost.empty());
  rescue(folder, path("rest.safetensors"));
  const Value rest = load(path("rest.safetensors"));
  EXPECT_EQ(rest.size(), recoverable->tensors.size());
  for (const auto& [name, tensor] : rest.to_dict()) {
    EXPECT_TRUE(equal(tensor.to_tensor(), whole.to_dict()[name].to_tensor()));
  }
}

TEST_F(Verify, RescuesWhatIsLeftOfADistributedCheckpoint) {
  const std::string folder = path("dcp");
  for (const bool is_cut : {false, true}) {
    fs::copy(OKIBI_GOLDEN "/dcp/file_each", folder);
    const Value whole = load(folder);
    const std::string file = folder + "/__1_1.distcp";
    is_cut ? fs::resize_file(file, 100) : static_cast<void>(fs::remove(file));
    const auto recoverable = verify(folder).recoverable;
    ASSERT_TRUE(recoverable);
    EXPECT_FALSE(recoverable->tensors.empty());
    EXPECT_FALSE(recoverable->lost.empty());
    const std::string target = path(is_cut ? "cut.pth" : "gone.pth");
    rescue(folder, target);
    EXPECT_EQ(load(target).size(), recoverable->tensors.size());
    fs::remove_all(folder);
  }
}

TEST_F(Verify, SaysOfWhatNothingIsFoundAgain) {
  const std::string bytes = bytes_of(OKIBI_GOLDEN "/old/tar_state_dict.pth");
  write(path("cut.tar"), bytes.substr(0, bytes.size() - 3000));
  try {
    rescue(path("cut.tar"), path("rest.pth"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("nothing is found again"));
  }
}

TEST_F(Verify, RescuesNothingFromWhatHasNothing) {
  const std::string file = saved();
  write(file, bytes_of(file).substr(0, 60));
  EXPECT_FALSE(verify(file).recoverable);
  EXPECT_THROW(rescue(file, path("rest.pth")), Error);
  EXPECT_FALSE(fs::exists(path("rest.pth")));
  write(file, "no checkpoint at all");
  EXPECT_FALSE(verify(file).ok());
}

// A storage whose bytes were damaged before the cut is not passed off as whole.
TEST_F(Verify, DoesNotCallDamagedBytesWhole) {
  const std::string file = saved();
  std::string bytes = bytes_of(file);
  bytes[offset_of(file, "data/1")] ^= 1;
  write(file, bytes.substr(0, bytes.size() - 100));
  const auto recoverable = verify(file).recoverable;
  ASSERT_TRUE(recoverable);
  EXPECT_THAT(recoverable->tensors, ElementsAre("a", "c", "b_again"));
}

TEST_F(Verify, TellsAllThatIsWrongInASafetensorsHeader) {
  const std::string header =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[3],"data_offsets":[8,16]},)"
      R"("c":{"dtype":"X9","shape":[1],"data_offsets":[16,20]},"d":{"dtype":"U8","shape":[4],"data_offsets":[18,22]},)"
      R"("e":{"dtype":"U8","shape":[4],"data_offsets":[20,24]},"f":{"dtype":"U8","shape":[9],"data_offsets":[24,33]}})";
  std::string bytes(8, '\0');
  store_le<uint64_t>(reinterpret_cast<std::byte*>(bytes.data()), header.size());
  write(path("bad.safetensors"), bytes + header + std::string(30, '\0'));
  std::vector<std::string> told;
  for (const Problem& problem : verify(path("bad.safetensors")).problems)
    told.push_back(problem.record + ": " + problem.problem);
  EXPECT_THAT(told, testing::IsSupersetOf({HasSubstr("b: shape and dtype"), HasSubstr("c: the dtype is unknown"),
                                           HasSubstr("f: the tensor lies at 24 to 33 of 30"),
                                           HasSubstr("e: the tensor overlaps")}));
}

}  // namespace
}  // namespace okibi::inspect
