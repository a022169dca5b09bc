// Programs of torch.export.save, made by tests/golden/make_pt2_golden.py, and forged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/described.h"
#include "checkpoint/forged_file.h"

namespace okibi {
namespace {

using testing::HasSubstr;

std::string pt2_golden(const std::string& name) { return std::string(OKIBI_GOLDEN) + "/pt2/" + name + ".pt2"; }

class Pt2Golden : public testing::TestWithParam<std::string> {};

// formats.md: pt2 | weights and constants of `torch.export.save`, also as before 2.9 | read | pt2/net.pt2
//   pt2/net_2_8.pt2 pt2/net_2_5.pt2
TEST_P(Pt2Golden, HoldsWhatTorchExportFindsInIt) {
  const std::string path = pt2_golden(GetParam());
  EXPECT_EQ(Describer().value(load(path)), golden_description(path));
  EXPECT_EQ(Describer().value(load(path, {.mmap = true})), golden_description(path));
}

TEST_P(Pt2Golden, TensorsReadLaterAreTheSame) {
  const Value whole = load(pt2_golden(GetParam()));
  const Archive archive = open(pt2_golden(GetParam()));
  EXPECT_EQ(archive.format(), Format::pt2);
  EXPECT_EQ(archive.tensors().size(), whole["state_dict"].size() + whole["constants"].size());
  for (const TensorEntry& entry : archive.tensors()) {
    const Tensor expected = whole.to_dict()[entry.path[0]].to_dict()[entry.path[1]].to_tensor();
    EXPECT_EQ(Describer().elements(archive.tensor(entry.name).load()), Describer().elements(expected)) << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Pt2Golden, testing::Values("net", "net_2_8", "net_2_5"),
                         [](const auto& test) { return test.param; });

// formats.md: pt2 | tensors that are pickled | read | pt2/pickled.pt2
// formats.md: pt2 | opaque objects, which are pickles of anything | read only as what the config says of them |
//   pt2/pickled.pt2
TEST(Pt2, APickledTensorIsReadAndAnOpaqueObjectIsNot) {
  const Value value = load(pt2_golden("pickled"));
  EXPECT_EQ(value["state_dict"]["steps"].to_tensor().item<int>(), 3);
  EXPECT_EQ(repr(value["constants"]["secret"]), "{'path_name': 'opaque_obj_0', 'use_pickle': True}");
}

TEST(Pt2, ItsStateDictIsOne) { EXPECT_EQ(StateDict(load(pt2_golden("net"))["state_dict"]).size(), 7u); }

// A program whose only weight is described so, in these bytes.
Bytes program(const std::string& config, const std::string& bytes) {
  Buffer file;
  zip::Writer archive(file, "p");
  archive.add("archive_format", as_bytes("pt2"));
  archive.add("models/m.json", as_bytes("{}"));
  archive.add("data/weights/m_weights_config.json", as_bytes(config));
  archive.add("data/weights/weight_0", as_bytes(bytes));
  archive.add("data/constants/m_constants_config.json", as_bytes("{\"config\": {}}"));
  archive.finish();
  return {file.bytes().begin(), file.bytes().end()};
}

std::string config(const std::string& sizes, const std::string& strides, const std::string& offset = "0",
                   const std::string& path = "weight_0", const std::string& more = "\"dtype\": 7, \"layout\": 7") {
  return R"({"config": {"w": {"path_name": ")" + path + R"(", "use_pickle": false, "tensor_meta": {"sizes": )" + sizes +
         R"(, "strides": )" + strides + R"(, "storage_offset": {"as_int": )" + offset + "}, " + more + "}}}}";
}

const std::string two = "[{\"as_int\": 2}]", one = "[{\"as_int\": 1}]";

std::string refusal(const std::string& config, const std::string& bytes = "12345678") {
  return refusal_of(program(config, bytes)).text;
}

TEST(Pt2, ElementsLieWithinTheirRecord) {
  EXPECT_EQ(refusal(config(two, one)), "");
  EXPECT_THAT(refusal(config(two, one, "1")), HasSubstr("tensor w"));
  EXPECT_THAT(refusal(config("[{\"as_int\": 3}]", one)), HasSubstr("tensor w"));
  EXPECT_THAT(refusal(config("[{\"as_int\": 9223372036854775807}]", one)), HasSubstr("tensor w"));
  EXPECT_THAT(refusal(config(two, "[{\"as_int\": 4611686018427387904}]")), HasSubstr("tensor w"));
  EXPECT_THAT(refusal(config(two, "[]")), HasSubstr("as many strides as sizes"));
}

TEST(Pt2, TheConfigIsWhatItShouldBe) {
  EXPECT_THAT(refusal(config("[{\"as_int\": -2}]", one)), HasSubstr("config.w.tensor_meta.sizes.0.as_int"));
  EXPECT_THAT(refusal(config("[{\"as_int\": 2.0}]", one)), HasSubstr("config.w.tensor_meta.sizes.0.as_int"));
  EXPECT_THAT(refusal(config("[{\"as_expr\": 2}]", one)), HasSubstr("one \"as_int\" a dimension"));
  EXPECT_THAT(refusal(config("[{}, {\"as_int\": 2}]", one)), HasSubstr("one \"as_int\" a dimension"));
  EXPECT_THAT(refusal(config(two, one, "0", "weight_7")), HasSubstr("no such record"));
  EXPECT_THAT(refusal(config(two, one, "0", "../../archive_format")), HasSubstr("no such record"));
  EXPECT_THAT(refusal(config(two, one, "0", "weight_0", "\"dtype\": 99, \"layout\": 7")),
              HasSubstr("number of a dtype"));
  EXPECT_THAT(refusal(config(two, one, "0", "weight_0", "\"dtype\": 7, \"layout\": 2")), HasSubstr("strided"));
  EXPECT_THAT(refusal("{\"config\": {\"w\": {}, \"w\": {}}}"), HasSubstr("twice"));
  EXPECT_THAT(refusal("{\"config\": " + std::string(100000, '[')), HasSubstr("expected an object"));
  EXPECT_THAT(refusal("{\"x\": " + std::string(100000, '[')), HasSubstr("max_json_depth"));
}

TEST(Pt2, AWeightWithoutBytesIsAMetaTensor) {
  EXPECT_TRUE(load(Buffer(program(config("[{\"as_int\": 4611686018427387904}]", one), "")))["state_dict"]["w"]
                  .to_tensor()
                  .is_meta());
}

TEST(Pt2, AnArchiveInAnArchiveInAnArchiveIsRefused) {
  std::string pickled = config(two, one);
  pickled.replace(pickled.find("false"), 5, "true");
  const Bytes inner = program(config(two, one), "12345678");
  EXPECT_THAT(refusal(pickled, std::string(as_text(inner))), HasSubstr("no file of torch.save"));
}

}  // namespace
}  // namespace okibi
