// Distributed checkpoints that okibi writes. tests/interop/dcp_interop.py gives them to PyTorch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/convert.h>

#include "checkpoint/described.h"
#include "checkpoint/formats/nesting.h"
#include "io/scratch_folder.h"

namespace okibi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using testing_help::put;
using testing_help::ScratchFolder;
namespace fs = std::filesystem;

const SaveOptions as_dcp = {.format = Format::dcp};

class DcpWrite : public testing::Test {
 protected:
  Value again(const Value& value) {
    save(value, folder_, as_dcp);
    return load(folder_);
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    return names;
  }
  std::string refusal(const Value& value) {
    try {
      save(value, folder_, as_dcp);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  ScratchFolder scratch_;
  const std::string folder_ = scratch_.path("checkpoint");
};

class DcpAgain : public DcpWrite, public testing::WithParamInterface<std::string> {};

// formats.md: dcp | dense tensors in dicts and lists; anything else that is no dict as a whole | read; written as of
//   one rank | dcp/plain
TEST_P(DcpAgain, WhatPyTorchSavedIsTheSameAfterSavingIt) {
  const std::string golden = std::string(OKIBI_GOLDEN) + "/dcp/" + GetParam();
  EXPECT_EQ(Describer().value(again(load(golden))), golden_description(golden + ".json"));
}

TEST_P(DcpAgain, WhatPyTorchSavedIsTheSameAfterConvertingIt) {
  const std::string golden = std::string(OKIBI_GOLDEN) + "/dcp/" + GetParam();
  EXPECT_EQ(convert(golden, folder_, {.save = as_dcp}).to, Format::dcp);
  EXPECT_EQ(Describer().value(load(folder_)), golden_description(golden + ".json"));
}

INSTANTIATE_TEST_SUITE_P(All, DcpAgain, testing::Values("plain", "sharded", "fsdp", "by_rank", "file_each"),
                         [](const auto& test) { return test.param; });

TEST_F(DcpWrite, OpensListsThatHoldTensorsOrDictsInListsAlone) {
  const Tensor one = tensor({1.0f});
  const Value value = Dict{{"opened", List{1, List{List{one}}}},
                           {"whole", List{1, List{2}}},
                           {"tuple", Tuple{1, one}},
                           {"dicts", List{Dict{{"a", 1}}}},
                           {"empty", Dict()}};
  std::vector<std::string> names;
  for (const auto& leaf : checkpoint::flattened(value)) names.push_back(checkpoint::name_of_path(leaf.path));
  EXPECT_THAT(names, ElementsAre("opened.0", "opened.1.0.0", "whole", "tuple", "dicts.0.a"));
}

TEST_F(DcpWrite, ListsAreOpenedByWhatTheyHoldWhereverTheyStand) {
  const List plain{1}, inner{tensor({1.0f})};
  const Value value = Dict{{"a", List{plain, inner}}, {"b", inner}, {"c", plain}, {"d", List{plain}}};
  std::vector<std::string> names;
  for (const auto& leaf : checkpoint::flattened(value)) names.push_back(checkpoint::name_of_path(leaf.path));
  EXPECT_THAT(names, ElementsAre("a.0", "a.1.0", "b.0", "c", "d"));
}

TEST_F(DcpWrite, RefusesWhatPyTorchCouldNotFlatten) {
  EXPECT_THAT(refusal(List{1}), HasSubstr("is a dict"));
  EXPECT_THAT(refusal(Dict{{"a.b", 1}, {"a", Dict{{"b", 2}}}}), HasSubstr("have one name"));
  EXPECT_THAT(refusal(Dict{{"x", Dict{{"t", empty_meta({2}, DType::float32)}}}}), HasSubstr("x.t"));
  EXPECT_THAT(refusal(Dict{{std::string(5000, 'k'), 1}}), HasSubstr("too long"));
  const Dict dict;
  dict.set("self", dict);
  EXPECT_THAT(refusal(dict), HasSubstr("contains itself"));
  dict.erase("self");
}

TEST_F(DcpWrite, SharingThatWouldGrowWithoutEndIsALimit) {
  Value value = List{tensor({1.0f})};
  for (int i = 0; i < 40; ++i) value = List{value, value};
  EXPECT_THAT(refusal(Dict{{"laughs", value}}), HasSubstr("too many items"));
}

TEST_F(DcpWrite, AViewIsWrittenWithItsElementsAlone) {
  const Tensor large = arange(100'000), part = large.narrow(0, 5, 3);
  EXPECT_EQ(Describer::elements(again(Dict{{"part", part}})["part"].to_tensor()), Describer::elements(part));
  EXPECT_LT(fs::file_size(folder_ + "/__0_0.distcp"), 10'000u);
}

TEST_F(DcpWrite, TakesTheHigherPlaceOfTheCheckpointBefore) {
  again(Dict{{"old", tensor({1.0f})}});
  put(folder_ + "/__7.metadata", "of a rank");
  put(folder_ + "/__7_0.distcp", "part");
  put(folder_ + "/notes.txt", "mine");
  put(folder_ + "/__7_x.distcp", "mine");
  EXPECT_TRUE(again(Dict{{"new", tensor({2.0f})}}).to_dict().find("new"));
  EXPECT_THAT(files(), UnorderedElementsAre(".metadata", "__0_1.distcp", "notes.txt", "__7_x.distcp"));
}

// formats.md: dcp | a folder that holds an older checkpoint | read; written, the old one stays until the new one is
//   there
TEST_F(DcpWrite, AFailureLeavesTheCheckpointBefore) {
  again(Dict{{"old", tensor({1.0f})}});
  const auto before = files();
  std::stop_source stop;
  SaveOptions options = as_dcp;
  options.stop = stop.get_token();
  options.progress = [&](uint64_t, uint64_t) { stop.request_stop(); };
  EXPECT_THROW(save(Dict{{"a", arange(10)}, {"b", arange(10)}}, folder_, options), Error);
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(load(folder_).to_dict().find("old"));
}

TEST_F(DcpWrite, ConvertsOntoItself) {
  again(Dict{{"weight", arange(1000)}, {"step", 3}});
  convert(folder_, folder_, {.save = as_dcp});
  const Value value = load(folder_);
  EXPECT_EQ(value["step"].to_int(), 3);
  EXPECT_EQ(Describer::elements(value["weight"].to_tensor()), Describer::elements(arange(1000)));
}

TEST_F(DcpWrite, ProgressEndsAtTheBytesOfAllTensors) {
  uint64_t last = 0, all = 0;
  SaveOptions options = as_dcp;
  options.progress = [&](uint64_t done, uint64_t total) { last = done, all = total; };
  save(Dict{{"a", arange(10)}, {"b", arange(5)}, {"c", 1}}, folder_, options);
  EXPECT_EQ(last, 120u);
  EXPECT_EQ(all, 120u);
}

}  // namespace
}  // namespace okibi
