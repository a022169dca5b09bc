// Files of real PyTorch, made by tests/golden/make_checkpoint_golden.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/zip.h>

#include "checkpoint/described.h"

namespace okibi {
namespace {

class Golden : public testing::TestWithParam<std::string> {
 protected:
  std::string path() const { return std::string(OKIBI_GOLDEN) + "/checkpoint/" + GetParam() + ".pth"; }
};

// formats.md: torch-zip | state_dicts with `_metadata`, resume checkpoints, any nesting of dicts, lists, tuples,
//   sets, scalars, strings, bytes | read | checkpoint/torch-2.15/everything.pth checkpoint/torch-1.13/everything.pth
// formats.md: torch-zip | views, shared storages, strides, meta tensors | read | checkpoint/torch-2.15/views.pth
//   checkpoint/torch-2.15/meta.pth
// formats.md: torch-zip | deflated records | read | checkpoint/torch-2.15/deflated.pth
// formats.md: torch-zip | either byte order | read | checkpoint/torch-2.15/big_endian.pth
TEST_P(Golden, HoldsWhatPyTorchFindsInIt) { EXPECT_EQ(Describer().value(load(path())), golden_description(path())); }

TEST_P(Golden, HoldsTheSameWhenMapped) {
  EXPECT_EQ(Describer().value(load(path(), {.mmap = true})), golden_description(path()));
}

TEST_P(Golden, TensorsReadLaterAreTheSame) {
  const Archive archive = open(path());
  const Value whole = load(path());
  for (const TensorEntry& entry : archive.tensors()) {
    Value expected = whole;
    for (const Value& step : entry.path) {
      expected = step.is_int() && !expected.is_dict() ? expected.at(step.to_int()) : Value(expected.to_dict()[step]);
    }
    const Tensor later = archive.tensor(entry.name).load();
    EXPECT_EQ(later.dtype(), entry.dtype);
    EXPECT_EQ(later.requires_grad(), entry.requires_grad);
    EXPECT_EQ(Describer().elements(later), Describer().elements(expected.to_tensor())) << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Golden,
                         testing::Values("torch-2.15/state_dict", "torch-2.15/resume", "torch-2.15/views",
                                         "torch-2.15/dtypes", "torch-2.15/parameters", "torch-2.15/sparse",
                                         "torch-2.15/meta", "torch-2.15/swapped_source", "torch-2.15/everything",
                                         "torch-2.15/big_endian", "torch-2.15/deflated", "torch-2.15/cuda",
                                         "torch-1.13/state_dict", "torch-1.13/resume", "torch-1.13/views",
                                         "torch-1.13/dtypes", "torch-1.13/parameters", "torch-1.13/sparse",
                                         "torch-1.13/meta", "torch-1.13/everything"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });

// All but the digits of .data/serialization_id, which are a hash of PyTorch's own making.
class Resave : public testing::TestWithParam<std::string> {};

// formats.md: torch-zip | state_dicts with `_metadata`, resume checkpoints, any nesting of dicts, lists, tuples,
//   sets, scalars, strings, bytes | written byte for byte as PyTorch 2.15 apart from the serialization id
// formats.md: torch-zip | views, shared storages, strides, meta tensors | written byte for byte
TEST_P(Resave, IsByteForByteTheFileThatPyTorchWrote) {
  const auto before = bytes_of_file(golden("2.15", GetParam() + ".pth"));
  Buffer after;
  save(load(golden("2.15", GetParam() + ".pth")), after, {.root = GetParam()});
  const auto reader = zip::Reader(std::make_shared<Buffer>(before));
  const uint64_t id = reader.at(".data/serialization_id").offset;
  ASSERT_EQ(after.size(), before.size());
  const auto mismatch =
      std::mismatch(before.begin(), before.begin() + static_cast<ptrdiff_t>(id), after.bytes().begin());
  EXPECT_EQ(mismatch.first - before.begin(), static_cast<ptrdiff_t>(id));
}

INSTANTIATE_TEST_SUITE_P(All, Resave,
                         testing::Values("state_dict", "resume", "views", "dtypes", "sparse", "meta", "swapped_source",
                                         "everything"),
                         [](const auto& test) { return test.param; });

// formats.md: torch-zip | tensors of other devices | read as tensors in memory that keep the tag; written with it |
//   checkpoint/torch-2.15/cuda.pth
TEST(Load, KeepsTheDeviceAsATag) {
  const Value value = load(golden("2.15", "cuda.pth"));
  EXPECT_EQ(value["base"].to_tensor().device(), Device("cuda:0"));
  Buffer again;
  save(value, again);
  EXPECT_EQ(load(again)["base"].to_tensor().device(), Device("cuda:0"));
}

TEST(Load, StateDictOfAWholeCheckpointSaysSoAndListsItsKeys) {
  try {
    load_state_dict(golden("2.15", "resume.pth"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::mismatch);
    EXPECT_THAT(error.what(), testing::HasSubstr("epoch, model_state_dict, optimizer_state_dict, loss"));
    EXPECT_THAT(error.what(), testing::HasSubstr("resume.pth"));
  }
}

TEST(Load, AWholeModelIsRefusedWithTheWayToLoadIt) {
  try {
    load(golden("2.15", "whole_model.pth"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsafe);
    EXPECT_THAT(error.what(), testing::HasSubstr("torch.nn.modules.linear.Linear"));
    EXPECT_THAT(error.what(), testing::HasSubstr("torch.nn.modules.container.Sequential"));
    EXPECT_THAT(error.what(), testing::HasSubstr("load_module()"));
  }
}

// formats.md: torch-zip | whole models of other classes | read as data (`LoadOptions::any_class_as_data`), and their
//   state_dict | checkpoint/torch-2.15/whole_model.pth
TEST(Load, AWholeModelIsDataWhereThatIsAskedFor) {
  const Value model = load(golden("2.15", "whole_model.pth"), {.any_class_as_data = true});
  EXPECT_EQ(model.to_object().python_class(), "torch.nn.modules.container.Sequential");
  const Value& linear = model.to_object().attribute("_modules")["linear"];
  EXPECT_EQ(linear.to_object().attribute("in_features").to_int(), 6);
  EXPECT_EQ(linear.to_object().attribute("_parameters")["weight"].to_tensor().sizes(), (Dims{4, 6}));
}

}  // namespace
}  // namespace okibi
