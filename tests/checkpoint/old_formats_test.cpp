// Streams, tar archives and TorchScript programs, made by tests/golden/make_old_golden.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/described.h"

namespace okibi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string old_golden(const std::string& file) { return std::string(OKIBI_GOLDEN) + "/old/" + file; }

std::string name_of_test(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

class OldGolden : public testing::TestWithParam<std::string> {
 protected:
  std::string path() const { return old_golden(GetParam() + ".pth"); }
};

// formats.md: torch-legacy | 0.1.10 to 1.5, and today with `_use_new_zipfile_serialization=False` | read |
//   old/legacy_old_parameters.pth old/legacy_old_tensors.pth old/legacy_state_dict.pth
// formats.md: torch-legacy | pickle protocols 1 to 5 | read | old/legacy_protocol_1.pth old/legacy_protocol_5.pth
// formats.md: torch-legacy | dtypes that have a storage class | read | old/legacy_dtypes.pth
// formats.md: torch-legacy | dtypes without a storage class | read | old/legacy_new_dtypes.pth
// formats.md: torch-tar | before 0.1.10, also by Python 2 | read | old/tar_state_dict.pth old/tar_python2.pth
TEST_P(OldGolden, HoldsWhatPyTorchFindsInIt) { EXPECT_EQ(Describer().value(load(path())), golden_description(path())); }

TEST_P(OldGolden, HoldsTheSameWhenMapped) {
  EXPECT_EQ(Describer().value(load(path(), {.mmap = true})), golden_description(path()));
}

TEST_P(OldGolden, TensorsReadLaterAreTheSame) {
  const Archive archive = open(path());
  const Value whole = load(path());
  EXPECT_FALSE(archive.tensors().empty());
  for (const TensorEntry& entry : archive.tensors()) {
    Value expected = whole;
    for (const Value& step : entry.path) {
      expected = step.is_int() ? expected.at(step.to_int()) : Value(expected.to_dict()[step]);
    }
    EXPECT_EQ(Describer().elements(archive.tensor(entry.name).load()), Describer().elements(expected.to_tensor()))
        << entry.name;
  }
}

// However it is cut, it is refused; nothing of it is taken for something else.
TEST_P(OldGolden, CutAnywhereItIsRefused) {
  const std::vector<std::byte> bytes = bytes_of_file(path());
  const bool is_tar = GetParam().starts_with("tar");
  const size_t end = is_tar ? bytes.size() - 10240 : bytes.size();  // zeros fill a tape's record
  for (size_t size = 0; size < end; size += is_tar ? 97 : 1) {
    EXPECT_THROW(load(Buffer(std::span(bytes).first(size))), Error) << size << " of " << bytes.size();
  }
}

TEST_P(OldGolden, WithAnyByteChangedItLoadsOrIsRefused) {
  std::vector<std::byte> bytes = bytes_of_file(path());
  for (size_t at = 0; at<bytes.size(); at += bytes.size()> 8000 ? 7 : 1) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      bytes[at] ^= std::byte(flip);
      try {
        load(Buffer(bytes));
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
      }
      bytes[at] ^= std::byte(flip);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OldGolden,
                         testing::Values("legacy_state_dict", "legacy_views", "legacy_dtypes", "legacy_new_dtypes",
                                         "legacy_parameters", "legacy_many", "legacy_protocol_1", "legacy_protocol_3",
                                         "legacy_protocol_4", "legacy_protocol_5", "legacy_old_views",
                                         "legacy_old_tensors", "legacy_old_parameters", "tar_state_dict",
                                         "tar_python2"),
                         [](const auto& test) { return name_of_test(test.param); });

// ------------------------------------------------------------------------------------------------------------- streams

std::shared_ptr<const Buffer> saved(const Value& value) {
  auto buffer = std::make_shared<Buffer>();
  save(value, *buffer, {.format = Format::torch_legacy});
  return buffer;
}

class LegacyResave : public testing::TestWithParam<std::string> {};

// formats.md: torch-legacy | 0.1.10 to 1.5, and today with `_use_new_zipfile_serialization=False` | written byte for
//   byte as PyTorch 2.15 apart from the keys of storages, which are addresses there
// formats.md: torch-legacy | dtypes that have a storage class | written byte for byte
TEST_P(LegacyResave, IsByteForByteWhatPyTorchWrites) {
  const std::vector<std::byte> before = bytes_of_file(old_golden("legacy_" + GetParam() + ".pth"));
  Buffer after;
  save(load(Buffer(before)), after, {.format = Format::torch_legacy});
  EXPECT_TRUE(std::ranges::equal(before, after.bytes()));
}

INSTANTIATE_TEST_SUITE_P(All, LegacyResave, testing::Values("state_dict", "views", "dtypes", "many"),
                         [](const auto& test) { return test.param; });

// formats.md: torch-legacy | dtypes without a storage class | not written: PyTorch could not load them
TEST(Legacy, WhatPyTorchCouldNotLoadIsNotWritten) {
  Buffer buffer;
  const Value value = load(old_golden("legacy_new_dtypes.pth"));
  EXPECT_THROW(save(value, buffer, {.format = Format::torch_legacy}), Error);
}

TEST(Legacy, AFileOfTheZipFormatIsConverted) {
  const Value value = load(golden("2.15", "everything.pth"));
  Buffer buffer;
  save(value, buffer, {.format = Format::torch_legacy});
  EXPECT_EQ(Describer().value(load(buffer)), golden_description(golden("2.15", "everything.pth")));
  EXPECT_EQ(open(std::make_shared<Buffer>(buffer.bytes())).format(), Format::torch_legacy);
}

// formats.md: torch-legacy | storages that are views of others | read; written, the whole storages
TEST(Legacy, ViewsOfAStorageShareItsBytes) {
  const Value value = load(old_golden("legacy_old_views.pth"));
  const Tensor all = value["all"].to_tensor(), part = value["part"].to_tensor();
  EXPECT_EQ(all.storage(), part.storage());
  EXPECT_EQ(part.storage_offset(), 5);
}

// formats.md: torch-legacy | whole models with the source of their classes | read as data |
//   old/legacy_whole_model.pth
TEST(Legacy, AWholeModelIsDataWithItsClassesByName) {
  const std::string path = old_golden("legacy_whole_model.pth");
  EXPECT_THROW(load(path), Error);
  const Object model = load(path, {.any_class_as_data = true}).to_object();
  EXPECT_EQ(model.python_class(), "torch.nn.modules.linear.Linear");
  EXPECT_EQ(model.attribute("kind").to_object().python_class(), "torch.nn.modules.linear.Linear");
  EXPECT_EQ(model.attribute("_parameters")["weight"].to_tensor().sizes(), (Dims{2, 2}));
}

TEST(Legacy, BytesBehindTheLastStorageAreRefused) {
  const auto file = saved(Dict{{"a", ones({3})}});
  std::vector<std::byte> bytes(file->bytes().begin(), file->bytes().end());
  EXPECT_EQ(Describer().elements(load(Buffer(bytes))["a"].to_tensor()), Describer().elements(ones({3})));
  bytes.push_back(std::byte{0});
  try {
    load(Buffer(bytes));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("follow the last storage"));
  }
}

// A pickle that needs many windows to be read whole.
TEST(Legacy, AnObjectLargerThanAWindow) {
  List words;
  for (int i = 0; i < 30000; ++i) words.push_back("word number " + std::to_string(i));
  words.push_back(std::string(300000, 'x'));
  const Value again = load(saved(Dict{{"words", words}, {"tensor", ones({2})}}));
  EXPECT_EQ(again["words"], Value(words));
}

TEST(Legacy, ManySmallStoragesComeBackInOrder) {
  List tensors;
  for (int i = 0; i < 300; ++i) tensors.push_back(full({1}, i));
  const Value again = load(saved(tensors));
  for (int i = 0; i < 300; ++i) EXPECT_EQ(again[i].to_tensor().item<float>(), static_cast<float>(i));
}

// ------------------------------------------------------------------------------------------------------------ programs

// formats.md: torchscript | `torch.jit.save` (1.2 and later): the module tree with its tensors and attributes | read
//   | old/script.pt
TEST(TorchScript, ComesAsAModuleTree) {
  const Value program = load(old_golden("script.pt"));
  EXPECT_EQ(open(old_golden("script.pt")).format(), Format::torchscript);
  const Object net = program.to_object();
  EXPECT_THAT(net.python_class(), HasSubstr("Net"));
  EXPECT_EQ(net.attribute("training"), Value(false));
  EXPECT_EQ(net.attribute("ints"), Value(List{1, 2}));
  EXPECT_EQ(net.attribute("names"), Value(Dict{{"a", 1}}));
  EXPECT_EQ(net.attribute("floats"), Value(List{1.5}));
  EXPECT_EQ(net.attribute("tensors")[0].to_tensor().sizes(), (Dims{1}));
  EXPECT_EQ(net.attribute("plain").to_tensor().sizes(), (Dims{3}));
  EXPECT_EQ(net.attribute("layers").to_object().attribute("0").to_object().attribute("weight").to_tensor().sizes(),
            (Dims{2, 3}));
}

// formats.md: torchscript | its parameters and buffers (`load_state_dict`) | read
TEST(TorchScript, ItsStateDictIsThatOfPyTorch) {
  const StateDict state_dict = load_state_dict(old_golden("script.pt"));
  std::map<std::string, Value> sorted(state_dict.begin(), state_dict.end());
  Dict dict;
  for (const auto& [name, value] : sorted) dict.set(name, value);
  auto found = Describer().value(dict), expected = golden_description(old_golden("script.pt"));
  EXPECT_EQ(found, expected);
}

TEST(TorchScript, ItsTensorsAreListedByName) {
  const Archive archive = open(old_golden("script.pt"));
  EXPECT_EQ(archive.tensor("conv.weight").load().sizes(), (Dims{3, 2, 1}));
  EXPECT_EQ(archive.tensor("layers.0.bias").rows(1, 2).sizes(), (Dims{1}));
}

}  // namespace
}  // namespace okibi
