// Checkpoints in several files, as huggingface_hub lays them out (tests/golden/make_safetensors_golden.py), and forged
// indexes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/described.h"
#include "checkpoint/forged_file.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string sharded_golden = std::filesystem::absolute(OKIBI_GOLDEN "/safetensors/sharded").string();

// An empty folder for one test.
std::string fresh_folder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("sharded-" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder.string();
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string refusal_at(const std::string& path) {
  try {
    load(path);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// formats.md: sharded | safetensors, by the index or the folder that it or the one file lies in | read
TEST(Sharded, TheIndexOrItsFolderLoads) {
  const Value by_index = load(sharded_golden + "/model.safetensors.index.json");
  const Value by_folder = load(sharded_golden, {.mmap = true});
  EXPECT_EQ(by_index.size(), 8u);
  EXPECT_EQ(by_index["scale"].to_tensor().item<int>(), 2);
  EXPECT_EQ(by_index["layers.1.weight"].to_tensor().sizes(), (Dims{5, 4}));
  EXPECT_EQ(Describer().value(by_index), Describer().value(by_folder));
  EXPECT_EQ(load_state_dict(sharded_golden).size(), 8u);
}

TEST(Sharded, TensorsReadLaterComeFromTheirFiles) {
  const Archive archive = open(sharded_golden);
  const Value whole = load(sharded_golden);
  EXPECT_EQ(archive.format(), Format::sharded);
  for (const TensorEntry& entry : archive.tensors()) {
    EXPECT_TRUE(equal(archive.tensor(entry.name).load(), whole[entry.name].to_tensor()));
  }
  EXPECT_EQ(archive.tensor("scale").entry().storage, "model-00003-of-00003.safetensors/scale");
  EXPECT_TRUE(equal(archive.tensor("embed.weight").rows(3, 5), whole["embed.weight"].to_tensor().rows(3, 5)));
}

// The shards were cut in the order of the model, which the index, being sorted, no longer tells.
Value in_order_of_the_model() {
  const Value loaded = load(sharded_golden);
  const Dict model;
  model.set("embed.weight", loaded["embed.weight"]);
  for (int i = 0; i < 3; ++i) {
    for (const std::string part : {".weight", ".bias"}) {
      const std::string name = "layers." + std::to_string(i) + part;
      model.set(name, loaded[name]);
    }
  }
  model.set("scale", loaded["scale"]);
  return model;
}

void expect_golden_files(const std::string& folder) {
  EXPECT_EQ(names_in(folder), names_in(sharded_golden));
  for (const std::string& name : names_in(sharded_golden)) {
    EXPECT_EQ(bytes_of_file(folder + "/" + name), bytes_of_file(sharded_golden + "/" + name)) << name;
  }
}

// formats.md: sharded | safetensors, by the index or the folder that it or the one file lies in | written byte for
//   byte as `huggingface_hub` with transformers' index
TEST(Sharded, FilesAreThoseOfHuggingFaceByteForByte) {
  const std::string folder = fresh_folder("written");
  save(in_order_of_the_model(), folder + "/model.safetensors", {.shard_size = 200});
  expect_golden_files(folder);
  const std::string again = fresh_folder("again");
  save(in_order_of_the_model(), again, {.format = Format::sharded, .shard_size = 200});
  expect_golden_files(again);
}

TEST(Sharded, OneShardIsAFileAndWhatStoodThereGoes) {
  const std::string folder = fresh_folder("one");
  save(in_order_of_the_model(), folder + "/model.safetensors", {.shard_size = 200});
  save(Dict{{"w", ones({3})}}, folder + "/model.safetensors.index.json");
  EXPECT_THAT(names_in(folder), testing::Not(testing::Contains("model.safetensors.index.json")));
  EXPECT_EQ(load(folder).size(), 1u);
  save(in_order_of_the_model(), folder + "/model.safetensors", {.shard_size = 200});
  EXPECT_THAT(names_in(folder), testing::Not(testing::Contains("model.safetensors")));
  EXPECT_EQ(load(folder).size(), 8u);
}

// formats.md: sharded | files of torch.save with an index | read
TEST(Sharded, FilesOfTorchSaveAreShardsToo) {
  const std::string folder = fresh_folder("bin");
  save(Dict{{"a", ones({2})}, {"extra", ones({9})}}, folder + "/pytorch_model-00001-of-00002.bin");
  save(Dict{{"b", full({2}, 3)}}, folder + "/pytorch_model-00002-of-00003.bin");
  write_text(folder + "/pytorch_model.bin.index.json",
             R"({"metadata": {"x": [1, {"y": null}]}, "weight_map": {"b": "pytorch_model-00002-of-00003.bin",
                 "a": "pytorch_model-00001-of-00002.bin"}})");
  const Value value = load(folder);
  EXPECT_EQ(value.size(), 2u);  // the index decides
  EXPECT_TRUE(equal(value["b"].to_tensor(), full({2}, 3)));
  EXPECT_TRUE(equal(open(folder).tensor("a").load(), ones({2})));
}

TEST(Sharded, AMissingFileIsNamedWithItsIndexAndTheWayToTheOthers) {
  const std::string folder = fresh_folder("missing");
  fs::copy(sharded_golden, folder);
  fs::remove(folder + "/model-00002-of-00003.safetensors");
  for (const char* words : {"model.safetensors.index.json", "model-00002-of-00003.safetensors", "inspect::rescue()"}) {
    expect_error(ErrorKind::not_found, words, [&] { load(folder); });
  }
}

TEST(Sharded, LinksAreFollowedAsInTheCacheOfHuggingFace) {
  const std::string folder = fresh_folder("links");
  fs::create_directories(folder + "/snapshots/main");
  for (const std::string& name : names_in(sharded_golden)) {
    fs::create_symlink(sharded_golden + "/" + name, folder + "/snapshots/main/" + name);
  }
  EXPECT_EQ(load(folder + "/snapshots/main").size(), 8u);
}

TEST(Sharded, NamesOfFilesStayInTheFolder) {
  const std::string folder = fresh_folder("names");
  save(Dict{{"w", ones({2})}}, folder + "/model.safetensors");
  const std::string inner = folder + "/inner";
  fs::create_directories(inner);
  for (const std::string name :
       {"../model.safetensors", "/etc/passwd", "https://example.org/x", "a/b", "..", ".", "", "..\\\\x", "x\\u0000y"}) {
    write_text(inner + "/model.safetensors.index.json", R"({"weight_map": {"w": ")" + name + R"("}})");
    EXPECT_NE(refusal_at(inner), "") << name;
  }
  write_text(inner + "/model.safetensors.index.json", R"({"weight_map": {"w": "../model.safetensors"}})");
  EXPECT_THAT(refusal_at(inner), HasSubstr("\"weight_map.w\" in the JSON is not what it should be"));
}

TEST(Sharded, AnIndexThatIsNoneSaysWhy) {
  const std::string folder = fresh_folder("index");
  save(Dict{{"w", ones({2})}}, folder + "/a.safetensors");
  const auto refusal = [&](const std::string& text) {
    write_text(folder + "/model.safetensors.index.json", text);
    return refusal_at(folder);
  };
  EXPECT_EQ(refusal(R"({"weight_map": {"w": "a.safetensors"}})"), "");
  EXPECT_THAT(refusal("{}"), HasSubstr("no \"weight_map\""));
  EXPECT_THAT(refusal(R"({"weight_map": []})"), HasSubstr("expected an object, found an array"));
  EXPECT_THAT(refusal(R"({"weight_map": {"w": 1}})"), HasSubstr("\"weight_map.w\""));
  EXPECT_THAT(refusal(R"({"weight_map": {"w": "a.safetensors", "w": "b"}})"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"({"weight_map": {"v": "a.safetensors"}})"), HasSubstr("does not hold the tensor \"v\""));
  EXPECT_THAT(refusal(R"({"weight_map": {"w": "gone.safetensors"}})"), HasSubstr("gone.safetensors"));
  EXPECT_THAT(refusal(R"({"weight_map": {"w": "model.safetensors.index.json"}})"), HasSubstr("this is JSON"));
  EXPECT_THAT(refusal("{\"metadata\": " + std::string(100000, '[')), HasSubstr("max_json_depth"));
}

TEST(Sharded, AFolderWithoutWeightsSaysWhatWasLookedFor) {
  EXPECT_THAT(refusal_at(fresh_folder("empty")), HasSubstr("model.safetensors, pytorch_model.bin"));
}

TEST(Sharded, AnIndexAloneCannotBeLoadedFromMemory) {
  const std::string index = R"({"weight_map": {}})";
  EXPECT_THAT(refusal_of({as_bytes(index).begin(), as_bytes(index).end()}).text, HasSubstr("by its path"));
}

}  // namespace
}  // namespace okibi
