// Distributed checkpoints made to harm: each ends in an Error that says what is wrong, soon, and takes no memory by a
// number that a file names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "checkpoint/forged_dcp.h"

namespace okibi {
namespace {

using checkpoint::DcpItem;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::string_view classes = "torch.distributed.checkpoint.metadata";

#define EXPECT_FOLDER_REFUSED(folder, error_kind, words) \
  do {                                                   \
    const Refusal refusal = refusal_of_folder(folder);   \
    EXPECT_EQ(refusal.kind, error_kind) << refusal.text; \
    EXPECT_THAT(refusal.text, HasSubstr(words));         \
  } while (false)

TEST(HostileDcp, WhatIsForgedHereLoadsUntilItIsBroken) {
  ForgedDcp forged;
  forged.tensor("w", {2, 2}, {{{0, 0}, {2, 1}}, {{0, 1}, {2, 1}}});
  forged.object("step", 7);
  const Value value = load(forged.written());
  EXPECT_EQ(value["step"].to_int(), 7);
  EXPECT_EQ(value["w"].to_tensor().sizes(), (Dims{2, 2}));
}

TEST(HostileDcp, MetadataRunsNothingAndAllThatItWouldIsTold) {
  ForgedDcp folder;
  Forged forged;
  const NodeId system = forged.call("os", "system", {forged.text("touch " + folder.file("was-here"))});
  forged.graph.set_root(forged.list({system, forged.call("builtins", "eval", {forged.text("1")})}));
  folder.written(forged.graph);
  EXPECT_FOLDER_REFUSED(folder.folder(), ErrorKind::unsafe, "builtins.eval, os.system");
  EXPECT_FALSE(fs::exists(folder.file("was-here")));
}

TEST(HostileDcp, APartRunsNothing) {
  for (bool is_tensor : {false, true}) {
    ForgedDcp folder;
    Forged forged;
    const auto extent = folder.bytes(forged.file(forged.call("os", "system", {forged.text("exit 1")})));
    DcpItem item{.name = "x", .path = {Value("x")}, .is_tensor = is_tensor, .sizes = {1}, .extent = extent};
    if (is_tensor) item.chunks.push_back({{0}, {1}, extent});
    folder.items.push_back(item);
    EXPECT_FOLDER_REFUSED(folder.written(), ErrorKind::unsafe, "os.system");
  }
}

TEST(HostileDcp, PartsLieInTheFolder) {
  for (const char* path : {"../__0_0.distcp", "/etc/passwd", "s3://bucket/key", "a\\b", "", "x/../../y", "."}) {
    ForgedDcp forged;
    forged.object("step", 7).extent.file = path;
    EXPECT_FOLDER_REFUSED(forged.written(), ErrorKind::bad_file, "step");
  }
}

TEST(HostileDcp, PartsAreFiles) {
  ForgedDcp forged;
  forged.object("step", 7);
  forged.written();
  const std::string part = forged.file(ForgedDcp::part_file);
  fs::remove(part);
  fs::create_symlink("/dev/zero", part);
  EXPECT_NE(refusal_of_folder(forged.folder()).text, "");
  fs::remove(part);
  ASSERT_EQ(mkfifo(part.c_str(), 0600), 0);
  EXPECT_NE(refusal_of_folder(forged.folder()).text, "");
  fs::remove(part);
  fs::create_directory(part);
  EXPECT_NE(refusal_of_folder(forged.folder()).text, "");
  fs::remove(part);
  EXPECT_FOLDER_REFUSED(forged.folder(), ErrorKind::not_found, ForgedDcp::part_file);
}

TEST(HostileDcp, MetadataIsAFile) {
  ForgedDcp forged;
  ASSERT_EQ(mkfifo(forged.file(".metadata").c_str(), 0600), 0);
  EXPECT_NE(refusal_of_folder(forged.folder()).text, "");
}

TEST(HostileDcp, ChunksCoverTheirTensorOnce) {
  const auto refusal = [](const Dims& sizes, const ForgedDcp::Boxes& boxes) {
    ForgedDcp forged;
    forged.tensor("w", sizes, boxes);
    return refusal_of_folder(forged.written()).text;
  };
  EXPECT_THAT(refusal({4}, {{{0}, {3}}, {{2}, {2}}}), HasSubstr("overlap"));
  EXPECT_THAT(refusal({4}, {{{0}, {1}}, {{2}, {2}}}), HasSubstr("item w"));
  EXPECT_THAT(refusal({4}, {{{2}, {3}}}), HasSubstr("outside its tensor"));
  EXPECT_THAT(refusal({4}, {{{0, 0}, {4, 1}}}), HasSubstr("outside its tensor"));
  EXPECT_THAT(refusal({4}, {}), HasSubstr("item w"));
}

TEST(HostileDcp, OffsetsOfChunksDoNotOverflow) {
  for (int64_t offset : {INT64_MAX, INT64_MAX - 1, int64_t{-1}}) {
    ForgedDcp forged;
    forged.tensor("w", {4}, {{{0}, {4}}}).chunks[0].offsets = {offset};
    EXPECT_FOLDER_REFUSED(forged.written(), ErrorKind::bad_file, "w");
  }
}

TEST(HostileDcp, PartsLieWithinTheirFile) {
  const std::pair<uint64_t, uint64_t> places[] = {
      {0, 1 << 20}, {1 << 20, 0}, {INT64_MAX, INT64_MAX}, {INT64_MAX, 1}, {UINT64_MAX, 2}};
  for (const auto& [offset, length] : places) {
    ForgedDcp forged;
    auto& extent = forged.object("step", 7).extent;
    extent.offset = offset, extent.length = length;
    EXPECT_FOLDER_REFUSED(forged.written(), ErrorKind::bad_file, "step");
  }
}

TEST(HostileDcp, PartsShareNoBytes) {
  ForgedDcp forged;
  auto& chunks = forged.tensor("w", {4}, {{{0}, {2}}, {{2}, {2}}}).chunks;
  chunks[1].extent = chunks[0].extent;
  EXPECT_FOLDER_REFUSED(forged.written(), ErrorKind::bad_file, "share bytes");
}

TEST(HostileDcp, NoMemoryIsTakenByTheSizeOfATensor) {
  for (int64_t numel : {int64_t{1} << 40, INT64_MAX}) {
    ForgedDcp forged;
    DcpItem& item = forged.tensor("w", {4}, {{{0}, {4}}});
    item.sizes = item.chunks[0].sizes = {numel};
    EXPECT_NE(refusal_of_folder(forged.written()).text, "");
  }
}

// It is as long as its elements would be, by a record that nobody reads.
TEST(HostileDcp, NoMemoryIsTakenByAnExpandedPart) {
  ForgedDcp folder;
  Forged forged;
  forged.graph.set_root(forged.tensor(forged.storage("0", 1), {1000}, {0}));
  Buffer pickle;
  pickle::encode(forged.graph, pickle);
  const std::string_view text(reinterpret_cast<const char*>(pickle.bytes().data()), pickle.bytes().size());
  const std::string padding(4000, 'x');
  const auto archive = Forged::file_of(text, {std::string(4, '1')}, {{"version", "3"}, {"padding", padding}});
  const auto extent = folder.bytes(archive);
  DcpItem item{.name = "w", .path = {Value("w")}, .is_tensor = true, .sizes = {1000}};
  item.chunks.push_back({{0}, {1000}, extent});
  folder.items.push_back(item);
  EXPECT_FOLDER_REFUSED(folder.written(), ErrorKind::bad_file, "more elements than bytes");
}

TEST(HostileDcp, APartIsWhatTheMetadataSays) {
  ForgedDcp other_dtype;
  other_dtype.tensor("w", {4}, {{{0}, {4}}}).dtype = DType::int32;
  EXPECT_FOLDER_REFUSED(other_dtype.written(), ErrorKind::bad_file, "is another one than the metadata says");
  ForgedDcp other_sizes;
  DcpItem& item = other_sizes.tensor("w", {4}, {{{0}, {4}}});
  item.sizes = {2, 2}, item.chunks[0].sizes = {2, 2}, item.chunks[0].offsets = {0, 0};
  EXPECT_FOLDER_REFUSED(other_sizes.written(), ErrorKind::bad_file, "is another one than the metadata says");
  ForgedDcp no_tensor;
  no_tensor.tensor("w", {4}, {{{0}, {4}}}).chunks[0].extent = no_tensor.part(List{arange(4)});
  EXPECT_FOLDER_REFUSED(no_tensor.written(), ErrorKind::bad_file, "no plain tensor");
  ForgedDcp garbage;
  garbage.object("x", 1).extent = garbage.bytes(std::vector<std::byte>(500));
  EXPECT_NE(refusal_of_folder(garbage.written()).text, "");
}

// Whoever reads rows of it later, or converts the folder, makes no whole tensor that could be compared.
TEST(HostileDcp, APartThatIsAnotherIsFoundWhenTheFolderIsOpened) {
  ForgedDcp forged;
  auto& chunk = forged.tensor("w", {2, 3}, {{{0, 0}, {2, 3}}}).chunks[0];
  chunk.extent = forged.part(arange(6));
  EXPECT_THROW(open(forged.written()), Error);
}

TEST(HostileDcp, PathsDoNotContradictEachOther) {
  ForgedDcp forged;
  forged.object("a", 1);
  forged.object("a.b", 2).path = {Value("a"), Value("b")};
  EXPECT_FOLDER_REFUSED(forged.written(), ErrorKind::bad_file, "leads through another item");
  ForgedDcp twice;
  twice.object("a", 1);
  twice.object("b", 2).path = {Value("a")};
  EXPECT_FOLDER_REFUSED(twice.written(), ErrorKind::bad_file, "one path");
}

TEST(HostileDcp, NoMemoryIsTakenByAPosition) {
  ForgedDcp forged;
  forged.object("a.9", 1).path = {Value("a"), Value(int64_t{1} << 40)};
  EXPECT_FOLDER_REFUSED(forged.written(), ErrorKind::limit, "position");
}

// {name: thing} for each of many names, as .metadata has it.
NodeId dict_of(Forged& forged, const std::vector<NodeId>& names, NodeId thing) {
  std::vector<NodeId> items;
  for (NodeId name : names) items.insert(items.end(), {name, thing});
  return forged.graph.add_container(Kind::dict, items);
}

NodeId dataclass(Forged& forged, std::string_view name, const std::vector<NodeId>& state) {
  const NodeId object = forged.call(classes, name, {});
  const NodeId dict = forged.graph.add_container(Kind::dict, state);
  forged.graph.mutable_object(object).states.push_back(dict);
  return object;
}

TEST(HostileDcp, ALongPathThatManyItemsShareIsALimit) {
  ForgedDcp folder;
  Forged forged;
  std::vector<NodeId> names;
  for (int i = 0; i < 2000; ++i) names.push_back(forged.text("n" + std::to_string(i)));
  const NodeId path = forged.graph.add_container(Kind::tuple, std::vector<NodeId>(2000, names[0]));
  std::vector<NodeId> tensors;
  const NodeId empty_sizes = forged.call("torch", "Size", {forged.ints({0})});
  const NodeId layout = forged.call("torch.serialization", "_get_layout", {forged.text("torch.strided")});
  const NodeId properties = forged.call(classes, "TensorProperties", {});
  const NodeId state =
      forged.tuple({forged.graph.add_global("torch", "float32"), layout, forged.graph.add_boolean(false),
                    forged.integer(0), forged.graph.add_boolean(false)});
  forged.graph.mutable_object(properties).states.push_back(state);
  const NodeId tensor = dataclass(forged, "TensorStorageMetadata",
                                  {forged.text("properties"), properties, forged.text("size"), empty_sizes,
                                   forged.text("chunks"), forged.list({})});
  forged.graph.set_root(
      dataclass(forged, "Metadata",
                {forged.text("state_dict_metadata"), dict_of(forged, names, tensor), forged.text("planner_data"),
                 dict_of(forged, names, path), forged.text("storage_data"), forged.graph.add_container(Kind::dict)}));
  folder.written(forged.graph);
  EXPECT_FOLDER_REFUSED(folder.folder(), ErrorKind::limit, "one path or one long name to many items");
}

// Python takes the last of several, and would see another checkpoint than we do.
TEST(HostileDcp, AttributesAndPathsAreGivenOnce) {
  ForgedDcp folder;
  Forged forged;
  const NodeId none = forged.graph.add_container(Kind::dict);
  const NodeId items = forged.text("state_dict_metadata"), places = forged.text("storage_data");
  forged.graph.set_root(dataclass(forged, "Metadata", {items, none, places, none, places, none}));
  folder.written(forged.graph);
  EXPECT_FOLDER_REFUSED(folder.folder(), ErrorKind::bad_file, "has storage_data twice");
  const NodeId path = forged.tuple({forged.text("a")});
  const NodeId paths = forged.graph.add_container(Kind::dict, std::vector<NodeId>{items, path, items, path});
  forged.graph.set_root(dataclass(forged, "Metadata", {items, none, places, none, forged.text("planner_data"), paths}));
  folder.written(forged.graph);
  EXPECT_FOLDER_REFUSED(folder.folder(), ErrorKind::bad_file, "gives an item two paths");
}

TEST(HostileDcp, MetadataOfAnotherKindIsToldByItsFirstBytes) {
  for (const std::string text : {"", "{\"weight\": 1}", "PK\x03\x04"}) {
    ForgedDcp folder;
    testing_help::put(folder.file(".metadata"), text);
    EXPECT_FOLDER_REFUSED(folder.folder(), ErrorKind::bad_file, "the metadata is no pickle");
  }
}

TEST(HostileDcp, PartsWithoutTheirMetadataAreTold) {
  ForgedDcp forged;
  forged.object("step", 7);
  forged.written();
  fs::rename(forged.file(".metadata"), forged.file(".metadata.tmp"));
  EXPECT_FOLDER_REFUSED(forged.folder(), ErrorKind::bad_file, "no .metadata");
  fs::rename(forged.file(".metadata.tmp"), forged.file("__0.metadata"));
  EXPECT_EQ(load(forged.folder())["step"].to_int(), 7);
  testing_help::put(forged.file("__1_0.distcp"), "");
  EXPECT_FOLDER_REFUSED(forged.folder(), ErrorKind::bad_file, "expected __1.metadata");
}

TEST(HostileDcp, ListsOfListsOfListsAreLookedAtOnce) {
  ForgedDcp folder;
  Forged forged;
  NodeId laughs = forged.list({});
  for (int i = 0; i < 60; ++i) laughs = forged.list({laughs, laughs});
  forged.graph.set_root(dataclass(
      forged, "Metadata",
      {forged.text("state_dict_metadata"), forged.graph.add_container(Kind::dict), forged.text("planner_data"), laughs,
       forged.text("storage_data"), forged.graph.add_container(Kind::dict)}));
  EXPECT_EQ(load(folder.written(forged.graph)).to_dict().size(), 0u);
}

// Not hostile, but forged: columns of more bytes than are copied together.
TEST(HostileDcp, ColumnsAreCopiedInSeveralWaves) {
  ForgedDcp forged;
  const int64_t rows = 1 << 20, width = 10;
  DcpItem item{.name = "w", .path = {Value("w")}, .is_tensor = true, .sizes = {rows, 2 * width}};
  const Tensor left = zeros({rows, width}), right = ones({rows, width});
  item.chunks.push_back({{0, 0}, {rows, width}, forged.part(left)});
  item.chunks.push_back({{0, width}, {rows, width}, forged.part(right)});
  forged.items.push_back(item);
  uint64_t last = 0, all = 0;
  const Tensor whole =
      load(forged.written(), {.progress = [&](uint64_t done, uint64_t total) { last = done, all = total; }})["w"]
          .to_tensor();
  EXPECT_EQ(last, whole.nbytes());
  EXPECT_EQ(all, whole.nbytes());
  EXPECT_TRUE(equal(whole.narrow(1, 0, width), left));
  EXPECT_TRUE(equal(whole.narrow(1, width, width), right));
}

}  // namespace
}  // namespace okibi
