// convert(): what it keeps, picks, casts and refuses.
#include <gmock/gmock.h>

#include <okibi/convert.h>
#include <okibi/zip.h>

#include <filesystem>
#include <fstream>

#include "io/scratch_folder.h"

namespace okibi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Convert : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return folder_.path(name); }

  Value checkpoint() const {
    const Tensor table = tensor({{1, 2.5}, {3, 4}});
    Dict model(DictKind::ordered_dict);
    model.set("embed.weight", table);
    model.set("tied.weight", table);
    model.set("rows", tensor({{1, 2, 3}, {4, 5, 6}}, int64).t());
    return Dict{{"epoch", 3}, {"model", model}, {"optimizer", Dict{{"lr", 0.1}, {"state", List{zeros({4}), ones({4})}}}}};
  }

 private:
  testing_help::ScratchFolder folder_;
};

TEST_F(Convert, FromZipToZipLosesNothingAtAll) {
  save(checkpoint(), at("model.pth"));
  std::filesystem::create_directory(at("again"));  // the archive's folder is named after the file
  const ConvertReport report = convert(at("model.pth"), at("again/model.pth"));
  EXPECT_EQ(bytes_of(at("model.pth")), bytes_of(at("again/model.pth")));
  EXPECT_EQ(report.tensors, 5u);
  EXPECT_EQ(report.nbytes, 16u + 48 + 16 + 16);
}

TEST_F(Convert, TakesAPart) {
  save(checkpoint(), at("last.pth"));
  convert(at("last.pth"), at("model.pth"), {.part = "model"});
  EXPECT_EQ(repr(load(at("model.pth"))), repr(checkpoint()["model"]));
  EXPECT_THROW(convert(at("last.pth"), at("x.pth"), {.part = "modle"}), Error);
}

TEST_F(Convert, KeepsOnlyWhatMatchesWhereItWas) {
  save(checkpoint(), at("last.pth"));
  convert(at("last.pth"), at("some.pth"), {.only = {"*.weight", "epoch"}});
  const Value some = load(at("some.pth"));
  EXPECT_EQ(some.size(), 2u);
  EXPECT_EQ(some["epoch"].to_int(), 3);
  EXPECT_EQ(some["model"].size(), 2u);
  EXPECT_TRUE(equal(some["model"]["tied.weight"].to_tensor(), tensor({{1, 2.5}, {3, 4}})));
  try {
    convert(at("last.pth"), at("none.pth"), {.only = {"nothing*"}});
    FAIL() << "a pattern without a match should be an error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nothing in the file matches nothing*"));
  }
  EXPECT_FALSE(std::filesystem::exists(at("none.pth")));
}

TEST_F(Convert, RenamesBeginningsIntoOneFlatDict) {
  save(checkpoint()["model"], at("model.pth"));
  convert(at("model.pth"), at("renamed.pth"), {.rename = {{"embed.", "module.embed."}, {"tied", "head"}}});
  const StateDict renamed = load_state_dict(at("renamed.pth"));
  std::vector<std::string> names;
  for (const auto& [name, value] : renamed) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("module.embed.weight", "head.weight", "rows"));
  EXPECT_THROW(convert(at("model.pth"), at("x.pth"), {.rename = {{"tied", "embed"}}}), Error);
}

TEST_F(Convert, CastsFloatsOnTheWayAndKeepsSharing) {
  save(checkpoint(), at("last.pth"));
  const ConvertReport report = convert(at("last.pth"), at("half.pth"), {.dtype = bfloat16});
  EXPECT_EQ(report.nbytes, 8u + 48 + 8 + 8);
  const Value half = load(at("half.pth"));
  const Tensor embed = half["model"]["embed.weight"].to_tensor(), tied = half["model"]["tied.weight"].to_tensor();
  EXPECT_EQ(embed.dtype(), bfloat16);
  EXPECT_EQ(embed.storage(), tied.storage());
  EXPECT_EQ(embed.to_vector<float>(), (std::vector<float>{1, 2.5, 3, 4}));
  EXPECT_EQ(half["model"]["rows"].to_tensor().dtype(), int64);
  save(Dict{{"step", full({}, 1001)}}, at("step.pth"));
  convert(at("step.pth"), at("step-half.pth"), {.dtype = bfloat16});
  EXPECT_EQ(load(at("step-half.pth"))["step"].to_tensor().item<int64_t>(), 1001) << "a counter has no dimensions";
}

TEST_F(Convert, WritesNothingOfADamagedFile) {
  save(checkpoint(), at("last.pth"));
  std::string bytes = bytes_of(at("last.pth"));
  const zip::Reader records(std::make_shared<io::FileSource>(at("last.pth")));
  bytes[records.at("data/0").offset] ^= 1;
  std::ofstream(at("last.pth"), std::ios::binary) << bytes;
  try {
    convert(at("last.pth"), at("target.pth"));
    FAIL() << "the CRC should not match";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_file);
    EXPECT_THAT(error.what(), HasSubstr("CRC-32"));
  }
  EXPECT_FALSE(std::filesystem::exists(at("target.pth")));
}

TEST_F(Convert, TakesTheStateDictOfAWholeModelForFilesOfTensors) {
  const ConvertReport report = convert(OKIBI_GOLDEN "/nn_model.pt", at("model.safetensors"));
  EXPECT_EQ(report.to, Format::safetensors);
  const Value saved = load(at("model.safetensors"));
  EXPECT_TRUE(saved.contains("job.weight") || saved.size() > 4) << repr(saved);
  EXPECT_THROW(convert(OKIBI_GOLDEN "/nn_model.pt", at("model.pth")), Error) << "its classes would be in the file";
  const ConvertReport program = convert(OKIBI_GOLDEN "/old/script.pt", at("script.safetensors"));
  EXPECT_EQ(program.from, Format::torchscript);
  EXPECT_EQ(program.part, "state_dict");
  EXPECT_TRUE(load(at("script.safetensors")).contains("layers.0.weight"));
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const Archive archive = open(path);
  for (const TensorEntry& entry : archive.tensors()) names.push_back(entry.name);
  return names;
}

// Nobody's model has names that begin with `state_dict.`.
TEST_F(Convert, TakesTheStateDictOfAPt2ForFilesOfTensors) {
  const std::string program = OKIBI_GOLDEN "/pt2/net.pt2";
  const size_t weights = load(program)["state_dict"].size(), constants = load(program)["constants"].size();
  ASSERT_GT(constants, 0u);
  for (const std::string target : {"net.safetensors", "model.safetensors"}) {
    const ConvertReport report = convert(program, at(target + (target[0] == 'm' ? ".index.json" : "")));
    EXPECT_EQ(report.part, "state_dict");
    EXPECT_EQ(report.tensors, weights);
    EXPECT_THAT(names_in(at(target)), testing::Each(testing::Not(testing::StartsWith("state_dict."))));
  }
  EXPECT_EQ(convert(program, at("all.safetensors"), {.part = ""}).tensors, weights + constants);
  EXPECT_THAT(names_in(at("all.safetensors")), testing::Contains(testing::StartsWith("state_dict.")));
  EXPECT_EQ(convert(program, at("rest.safetensors"), {.part = "constants"}).tensors, constants);
  EXPECT_EQ(convert(program, at("net.pth")).part, "") << "a zip archive can hold both";
}

TEST_F(Convert, MayReplaceItsOwnSource) {
  save(checkpoint(), at("last.pth"));
  convert(at("last.pth"), at("last.pth"), {.dtype = float64});
  EXPECT_EQ(load(at("last.pth"))["model"]["embed.weight"].to_tensor().dtype(), float64);
}

}  // namespace
}  // namespace okibi
