// Files made to harm: each ends in an Error that says what is wrong, and nothing is allocated by a number it names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/described.h"
#include "checkpoint/forged_file.h"

namespace okibi {
namespace {

using testing::HasSubstr;

#define EXPECT_REFUSED(file, error_kind, words)          \
  do {                                                   \
    const Refusal refusal = refusal_of(file);            \
    EXPECT_EQ(refusal.kind, error_kind) << refusal.text; \
    EXPECT_THAT(refusal.text, HasSubstr(words));         \
  } while (false)

const std::string twelve(12, '\0');  // the bytes of three floats

TEST(Hostile, AllForbiddenNamesAreToldAtOnceAndNothingIsRun) {
  Forged forged;
  const NodeId system = forged.call("os", "system", {forged.text("touch /tmp/okibi-was-here")});
  const Bytes file = forged.file(forged.list({system, forged.call("builtins", "eval", {forged.text("1")})}));
  EXPECT_REFUSED(file, ErrorKind::unsafe, "builtins.eval");
  EXPECT_THAT(refusal_of(file).text, AllOf(HasSubstr("os.system"), HasSubstr("LoadOptions::allow")));
}

TEST(Hostile, AForbiddenNameIsFoundWhereverItHides) {
  Forged forged;  // among the hooks, which okibi never looks at
  const NodeId hooks = forged.call("posix", "system", {});
  const NodeId tensor = forged.call("torch._utils", "_rebuild_tensor_v2",
                                    {forged.storage("0", 3), forged.integer(0), forged.ints({3}), forged.ints({1}),
                                     forged.graph.add_boolean(false), hooks});
  EXPECT_REFUSED(forged.file(tensor, {twelve}), ErrorKind::unsafe, "posix.system");
}

TEST(Hostile, AnAllowedNameIsDataOnly) {
  Forged forged;
  const Bytes file = forged.file(forged.call("os", "system", {forged.text("exit 1")}));
  const Object object = load(Buffer(file), {.allow = {"os.system"}}).to_object();
  EXPECT_EQ(object.python_class(), "os.system");
  EXPECT_EQ(object.parts().arguments.at(0), Value("exit 1"));
  EXPECT_EQ(refusal_of(file, {.allow = {"os.*"}}).text, "");
  EXPECT_EQ(refusal_of(file, {.allow = {"o.*"}}).kind, ErrorKind::unsafe);
  EXPECT_EQ(refusal_of(file, {.allow = {"os"}}).kind, ErrorKind::unsafe);
}

TEST(Hostile, ARecordThatIsNotAsLongAsThePickleSays) {
  for (int64_t numel : {2, 4, 1 << 30}) {
    Forged forged;
    EXPECT_REFUSED(forged.file(forged.tensor(forged.storage("0", numel), {1}, {1}), {twelve}), ErrorKind::bad_file,
                   "record data/0");
  }
}

TEST(Hostile, NumbersOfElementsThatOverflow) {
  for (int64_t numel : {INT64_MAX, int64_t{-1}, int64_t{1} << 62}) {
    Forged forged;
    EXPECT_REFUSED(forged.file(forged.tensor(forged.storage("0", numel), {1}, {1}), {twelve}), ErrorKind::bad_file, "");
  }
}

TEST(Hostile, GeometriesThatLeaveTheStorage) {
  struct Geometry {
    std::vector<int64_t> sizes, strides;
    int64_t offset;
  };
  const int64_t huge = int64_t{1} << 62;
  const std::vector<Geometry> geometries = {
      {{4}, {1}, 0},    {{3}, {1}, 1},    {{2}, {3}, 0},         {{3}, {1}, -1},
      {{3}, {-1}, 2},   {{-3}, {1}, 0},   {{huge}, {huge}, 0},   {{huge, 4}, {0, 0}, 0},
      {{3}, {1, 1}, 0}, {{2}, {huge}, 0}, {{3}, {1}, INT64_MAX},
  };
  for (const auto& [sizes, strides, offset] : geometries) {
    Forged forged;
    const Bytes file = forged.file(forged.tensor(forged.storage("0", 3), sizes, strides, offset), {twelve});
    EXPECT_REFUSED(file, ErrorKind::bad_file, "");
    EXPECT_THROW(open(std::make_shared<Buffer>(file)), Error);
  }
}

// 15 elements of quint4x2 take 8 bytes, of quint2x4 4.
TEST(Hostile, PackedTensorsNeedTheirBytes) {
  const auto file_of = [](const std::string& dtype, int64_t nbytes) {
    Forged forged;
    pickle::Graph& graph = forged.graph;
    const NodeId scheme =
        forged.tuple({graph.add_global("torch", "per_tensor_affine"), graph.add_real(0.5), forged.integer(1)});
    return forged.file(
        forged.call("torch._utils", "_rebuild_qtensor",
                    {forged.storage("0", nbytes, dtype + "Storage"), forged.integer(0), forged.ints({3, 5}),
                     forged.ints({5, 1}), scheme, graph.add_boolean(false), forged.call("collections", "OrderedDict", {})}),
        {std::string(static_cast<size_t>(nbytes), '\x12')});
  };
  EXPECT_EQ(load(Buffer(file_of("QUInt4x2", 8))).to_tensor().numel(), 15);
  EXPECT_EQ(load(Buffer(file_of("QUInt2x4", 4))).to_tensor().numel(), 15);
  EXPECT_REFUSED(file_of("QUInt4x2", 7), ErrorKind::bad_file, "");
  EXPECT_REFUSED(file_of("QUInt2x4", 3), ErrorKind::bad_file, "");
}

TEST(Hostile, TooManyDimensions) {
  Forged forged;
  const std::vector<int64_t> many(65, 1);
  EXPECT_REFUSED(forged.file(forged.tensor(forged.storage("0", 3), many, many), {twelve}), ErrorKind::limit,
                 "max_tensor_dims");
}

TEST(Hostile, AKeyThatMeansTwoThings) {
  Forged forged;
  const NodeId floats = forged.tensor(forged.storage("0", 3), {3}, {1});
  const NodeId ints = forged.tensor(forged.storage("0", 3, "IntStorage"), {3}, {1});
  EXPECT_REFUSED(forged.file(forged.list({floats, ints}), {twelve}), ErrorKind::bad_file, "two different things");
}

TEST(Hostile, KeysThatClimb) {
  for (std::string_view key : std::initializer_list<std::string_view>{"../version", "0/../0", "", ".", "..", "a b",
                                                                      std::string_view("0\0", 2)}) {
    Forged forged;
    EXPECT_REFUSED(forged.file(forged.tensor(forged.storage(key, 3), {3}, {1}), {twelve}), ErrorKind::bad_file,
                   "no plain name");
  }
}

TEST(Hostile, AllocationBombs) {
  Forged bytes;
  EXPECT_REFUSED(bytes.file(bytes.call("builtins", "bytearray", {bytes.integer(int64_t{1} << 40)})),
                 ErrorKind::unsupported, "bytearray");
  Forged tensor;
  EXPECT_REFUSED(tensor.file(tensor.call("torch", "FloatTensor", {tensor.integer(int64_t{1} << 40)})),
                 ErrorKind::bad_file, "torch.FloatTensor has the wrong number of arguments");
}

TEST(Hostile, BillionLaughsAreSharedAndNotUnfolded) {
  Forged forged;
  NodeId laughs = forged.list({forged.text("ha")});
  for (int i = 0; i < 60; ++i) laughs = forged.list({laughs, laughs});
  const Bytes file = forged.file(laughs);
  const Value value = load(Buffer(file));
  EXPECT_TRUE(value[0].is_same(value[1]));
  EXPECT_EQ(open(std::make_shared<Buffer>(file)).tensors().size(), 0U);
  Buffer again;
  save(value, again);
  EXPECT_LT(again.size(), 4000U);
}

TEST(Hostile, StatesAndItemsForThingsThatHaveNone) {
  Forged forged;
  const NodeId size = forged.call("torch", "Size", {forged.ints({1})});
  forged.graph.mutable_object(size).states = {forged.integer(1)};
  EXPECT_REFUSED(forged.file(size), ErrorKind::unsupported, "state");
}

TEST(Hostile, UnhashableKeysAreTheFilesFault) {
  Forged forged;
  const std::vector<NodeId> pair = {forged.list({}), forged.integer(1)};
  EXPECT_REFUSED(forged.file(forged.graph.add_container(Kind::dict, pair)), ErrorKind::bad_file, "");
}

TEST(Hostile, ACycleInARefusedFileIsFreed) {  // the leak checker is the judge
  Forged forged;
  const NodeId list = forged.list({});
  const std::vector<NodeId> items = {list, forged.call("torch", "FloatTensor", {forged.integer(1)})};
  forged.graph.append(list, items);
  EXPECT_REFUSED(forged.file(list), ErrorKind::bad_file, "torch.FloatTensor");
}

TEST(Hostile, SparseIndicesThatLeaveTheTensor) {
  const std::string index("\x05\0\0\0\0\0\0\0", 8), value(4, '\0');
  Forged forged;
  const NodeId layout = forged.call("torch.serialization", "_get_layout", {forged.text("torch.sparse_coo")});
  const NodeId parts =
      forged.tuple({forged.tensor(forged.storage("0", 1, "LongStorage"), {1, 1}, {1, 1}),
                    forged.tensor(forged.storage("1", 1), {1}, {1}), forged.ints({5}), forged.graph.add_boolean(true)});
  EXPECT_REFUSED(forged.file(forged.call("torch._utils", "_rebuild_sparse_tensor", {layout, parts}), {index, value}),
                 ErrorKind::bad_file, "index of a sparse tensor");
}

TEST(Hostile, RecordsThatTheFileLacks) {
  Forged forged;
  EXPECT_REFUSED(forged.file(forged.tensor(forged.storage("1", 3), {3}, {1}), {twelve}), ErrorKind::bad_file,
                 "record data/1");
  EXPECT_REFUSED(Forged::file_of("N.", {}, {}), ErrorKind::bad_file, "\"version\"");
  EXPECT_REFUSED(Forged::file_of("N.", {}, {{"version", "11\n"}}), ErrorKind::bad_file, "11");
  EXPECT_REFUSED(Forged::file_of("N.", {}, {{"version", "three"}}), ErrorKind::bad_file, "three");
  EXPECT_REFUSED(Forged::file_of("N.", {}, {{"version", "3\n"}, {"byteorder", "middle"}}), ErrorKind::bad_file,
                 "middle");
}

// formats.md: torchscript | programs of PyTorch 1.0 and 1.1 | refused with a sentence
// formats.md: torch-zip | packages of `torch.package` | refused with a sentence
TEST(Hostile, ArchivesOfOtherKinds) {
  EXPECT_REFUSED(Forged::file_of("N.", {}, {{"model.json", "{}"}, {"version", "1\n"}}), ErrorKind::unsupported,
                 "PyTorch 1.0 or 1.1");
  EXPECT_REFUSED(Forged::file_of("N.", {}, {{".data/extern_modules", ""}}), ErrorKind::unsupported, "torch.package");
  EXPECT_REFUSED(Forged::file_of("N.", {}, {{"archive_format", "pt2"}}), ErrorKind::unsupported, "only compiled code");
}

TEST(Hostile, WhatIsNoArchiveIsNamed) {
  using namespace std::string_literals;
  const auto refusal = [](const std::string& text) {
    const auto bytes = as_bytes(text);
    return refusal_of({bytes.begin(), bytes.end()}).text;
  };
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("<!DOCTYPE html><html>"), HasSubstr("HTML"));
  EXPECT_THAT(refusal("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git-lfs"));
  EXPECT_THAT(refusal("\x80\x04N."s), HasSubstr("bare pickle"));
  EXPECT_THAT(refusal(std::string(257, '\0') + "ustar" + std::string(250, '\0')), HasSubstr("tar archive"));
  EXPECT_THAT(refusal("epoch,loss\n1,0.5\n"), HasSubstr("text file"));
  EXPECT_THAT(refusal("\1\2\3\4\5\6\7"), HasSubstr("no checkpoint"));
  EXPECT_THAT(refusal("PK\3\4"), HasSubstr("buffer"));  // the name of the source
}

TEST(Hostile, AFileCutAnywhereIsAnError) {
  const auto whole = bytes_of_file(golden("2.15", "resume.pth"));
  for (size_t length = 0; length < whole.size(); length += 97) {
    const Buffer cut(std::span<const std::byte>(whole).first(length));
    EXPECT_THROW(load(cut), Error) << length;
    EXPECT_THROW(open(std::make_shared<Buffer>(cut.bytes())), Error) << length;
  }
}

TEST(Hostile, AByteChangedAnywhereIsAnErrorOrHarmless) {
  const auto whole = bytes_of_file(golden("2.15", "views.pth"));
  const auto expected = golden_description(golden("2.15", "views.pth"));
  for (size_t at = 0; at < whole.size(); at += 3) {
    auto changed = whole;
    changed[at] ^= std::byte{0x41};
    try {
      EXPECT_EQ(Describer().value(load(Buffer(changed))), expected) << at;  // padding, or a field that says nothing
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace okibi
