#include <gtest/gtest.h>
#include <okibi/checkpoint.h>

#include <filesystem>

#include "io/scratch_folder.h"

namespace okibi {
namespace {

Value save_and_load(const Value& value) {
  Buffer buffer;
  save(value, buffer);
  return load(buffer);
}

TEST(RoundTrip, KeepsTensorsOfAStateDict) {
  StateDict state_dict;
  state_dict.set("weight", tensor({{1, 2.5}, {3, 4}}));
  state_dict.set("bias", tensor({7, 8}));
  state_dict.set_version("", 1);
  Buffer buffer;
  save(state_dict, buffer);
  StateDict again = load_state_dict(buffer);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_TRUE(equal(again["weight"], state_dict["weight"]));
  EXPECT_TRUE(equal(again["bias"], state_dict["bias"]));
  EXPECT_EQ(again.versions(), state_dict.versions());
}

TEST(RoundTrip, KeepsEveryKindOfValue) {
  Value value = Dict{{"none", nullptr},
                     {"bool", true},
                     {"int", -3},
                     {"large", Value::big_integer(std::vector<std::byte>(12, std::byte{0x7f}))},
                     {"float", 0.1},
                     {"complex", std::complex<double>(1, -2)},
                     {"str", "こんにちは"},
                     {"bytes", Value::bytes(okibi::as_bytes("a\0b"))},
                     {"list", List{1, List{2}}},
                     {"tuple", Tuple{1, Tuple{}}},
                     {"size", Tuple::size_of({2, 3})},
                     {"dtype", bfloat16},
                     {"device", Device("cuda:1")},
                     {7, "an int key"},
                     {Tuple{1, "x"}, "a tuple key"}};
  EXPECT_EQ(save_and_load(value), value);
  EXPECT_TRUE(save_and_load(value)["size"].to_tuple().is_size());
}

TEST(RoundTrip, TensorsThatShareAStorageStillShareIt) {
  Tensor base = arange(10);
  Value again =
      save_and_load(Dict{{"base", base}, {"even", base.slice(0, 0, 10, 2)}, {"column", base.view({5, 2}).t()}});
  EXPECT_EQ(again["base"].to_tensor().storage(), again["even"].to_tensor().storage());
  EXPECT_EQ(again["even"].to_tensor().stride(0), 2);
  EXPECT_TRUE(equal(again["column"].to_tensor(), base.view({5, 2}).t()));
}

TEST(RoundTrip, OneObjectInTwoPlacesStaysOne) {
  List shared{1, 2};
  Tensor weight = zeros({3});
  Value again = save_and_load(Tuple{shared, shared, weight, weight});
  EXPECT_TRUE(again[0].is_same(again[1]));
  EXPECT_TRUE(again[2].is_same(again[3]));
}

TEST(RoundTrip, AListMayContainItself) {
  List list{1};
  list.push_back(Tuple{list});
  Value before = list;
  Value again = save_and_load(before);
  EXPECT_TRUE(again[1][0].is_same(again));
  close_cycles(before);
}

TEST(RoundTrip, AMillionLevelsDeep) {
  Value deep = 1;
  for (int i = 0; i < 1'000'000; ++i) deep = i % 2 == 0 ? Value(List{deep}) : Value(Tuple{deep});
  Value again = save_and_load(deep);
  for (int i = 0; i < 1'000'000; ++i) again = Value(again[0]);
  EXPECT_EQ(again.to_int(), 1);
}

// What save() would quietly not do, it refuses.

TEST(Save, RefusesAttributesThatPythonsPlainDictCannotHave) {
  const Dict dict{{"a", 1}};
  dict.set_attributes(Dict{{"note", "x"}});
  Buffer buffer;
  EXPECT_THROW(save(dict, buffer), Error);
  const Dict ordered(DictKind::ordered_dict);
  ordered.set_attributes(Dict{{"note", "x"}});
  EXPECT_EQ(save_and_load(ordered).to_dict().attributes(), Dict({{"note", "x"}}));
}

TEST(Save, RefusesShardsOfFormatsThatHaveNone) {
  const testing_help::ScratchFolder folder;
  const std::string path = folder.path("no_shards");
  for (const std::string end : {".pth", ".pt"}) {
    EXPECT_THROW(save(Dict{{"w", zeros({2})}}, path + end, {.shard_size = 100}), Error);
    EXPECT_FALSE(std::filesystem::exists(path + end));
  }
  for (const Format format : {Format::torch_zip, Format::torch_legacy, Format::safetensors, Format::dcp}) {
    try {
      save(Dict{{"w", zeros({2})}}, path, {.format = format, .shard_size = 100});
      ADD_FAILURE() << name_of(format);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_argument);
    }
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  Buffer buffer;
  EXPECT_THROW(save(Dict{{"w", zeros({2})}}, buffer, {.format = Format::safetensors, .shard_size = 100}), Error);
}

}  // namespace
}  // namespace okibi
