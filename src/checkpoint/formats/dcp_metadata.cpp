#include "checkpoint/formats/dcp_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "checkpoint/formats/dcp_pickle.h"
#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/globals.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// A MetadataIndex: the name of an item, and of a tensor where the box begins.
struct Index {
  std::string_view name;
  std::optional<Dims> offsets;
  bool operator==(const Index&) const = default;
};

struct IndexHash {
  size_t operator()(const Index& index) const noexcept {
    uint64_t hash = KeyedHash()(index.name);
    if (!index.offsets) return hash;
    for (int64_t offset : *index.offsets) hash = keyed_hash({hash, static_cast<uint64_t>(offset)});
    return hash;
  }
};

constexpr size_t usual_file_name = 64;  // bytes; a longer one costs as many nodes as it has such pieces

class MetadataReader {
 public:
  MetadataReader(const Graph& graph, const LoadOptions& options)
      : graph_(graph), options_(options), metadata_(graph, graph.root(), "Metadata"), budget_(graph.size()) {}
  std::vector<DcpItem> read();

 private:
  void read_storage_data();
  void read_item(NodeId name, NodeId what);
  void read_tensor(DcpItem& item, const DcpObject& tensor);
  void read_properties(DcpItem& item, NodeId properties) const;
  DcpExtent extent_of(const Index& index);
  std::vector<DcpItem> in_order_of_paths();
  std::vector<Value> path_of(NodeId name, NodeId path);
  const Value& shared(NodeId text);
  void spend(size_t nodes);

  const Graph& graph_;
  const LoadOptions& options_;
  const DcpObject metadata_;
  // What is shared in the pickle is read again at each place. An honest one shares next to nothing but the names of
  // files, so that it has fewer chunks with their dimensions, and steps of paths, than nodes.
  size_t budget_;
  std::unordered_map<Index, NodeId, IndexHash> storage_data_;
  std::vector<DcpItem> items_;
  KeyedMap<std::string_view, size_t> by_name_;  // names in the graph → positions
  std::unordered_map<uint32_t, Value> texts_;   // a str of the pickle is one Value
};

std::vector<DcpItem> MetadataReader::read() {
  read_storage_data();
  const auto entries = metadata_.children("state_dict_metadata", Kind::dict);
  for (size_t i = 0; i + 1 < entries.size(); i += 2) read_item(entries[i], entries[i + 1]);
  return in_order_of_paths();
}

void MetadataReader::read_storage_data() {
  const auto entries = metadata_.children("storage_data", Kind::dict);
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    const DcpObject index(graph_, entries[i], "MetadataIndex");
    const std::string_view name = index.text("fqn");
    in_context("item", printable(name, 200), [&] {
      Index key{name, std::nullopt};
      if (index.find("offset")) key.offsets = index.dims("offset", options_.limits);
      if (storage_data_.emplace(std::move(key), entries[i + 1]).second) return;
      throw Error(ErrorKind::bad_file, "the metadata says twice where one part lies");
    });
  }
}

void MetadataReader::read_item(NodeId name, NodeId what) {
  DcpItem item;
  const std::string_view text = short_text(graph_, name, "the name of an item");
  item.name = text;
  in_context("item", printable(text, 200), [&] {
    if (!by_name_.emplace(text, items_.size()).second) {
      throw Error(ErrorKind::bad_file, "the metadata describes an item twice");
    }
    item.is_tensor = !is_dcp_object(graph_, what, "BytesStorageMetadata");
    if (item.is_tensor) {
      read_tensor(item, DcpObject(graph_, what, "TensorStorageMetadata"));
    } else {
      item.extent = extent_of({text, std::nullopt});
    }
    item.path = {shared(name)};
  });
  items_.push_back(std::move(item));
}

void MetadataReader::read_tensor(DcpItem& item, const DcpObject& tensor) {
  read_properties(item, tensor.at("properties"));
  item.sizes = tensor.dims("size", options_.limits);
  const auto chunks = tensor.children("chunks", Kind::list);
  for (NodeId id : chunks) {
    const DcpObject object(graph_, id, "ChunkStorageMetadata");
    DcpChunk chunk{object.dims("offsets", options_.limits), object.dims("sizes", options_.limits), {}};
    spend(1 + chunk.offsets.size() + chunk.sizes.size());
    // Ranks beyond the end of a small tensor have boxes without elements, all in one place.
    if (std::ranges::find(chunk.sizes, 0) != chunk.sizes.end()) continue;
    chunk.extent = extent_of({item.name, chunk.offsets});
    item.chunks.push_back(std::move(chunk));
  }
}

// (dtype, layout, requires_grad, memory format, pin_memory[, strides]): only the first three mean something in a file.
void MetadataReader::read_properties(DcpItem& item, NodeId properties) const {
  const bool is_good =
      is_dcp_object(graph_, properties, "TensorProperties") && graph_.object(properties).states.size() == 1;
  if (!is_good) throw Error(ErrorKind::bad_file, "the properties of the tensor are none of the format's");
  const Arguments state(graph_, "TensorProperties", graph_.object(properties).states[0], 5, 6);
  state.must_be(0, "dtype", Kind::global);
  const auto dtype = find_global(graph_.module(state[0]), graph_.text(state[0]));
  if (!dtype || dtype->meaning != Meaning::dtype) state.fail(0, "dtype", "a dtype");
  item.dtype = dtype->dtype;
  if (!is_dcp_object(graph_, state[1], "_get_layout")) state.fail(1, "layout", "a layout");
  const Arguments layout(graph_, "_get_layout", graph_.object(state[1]).arguments, 1, 1);
  if (layout.text(0, "the name") != "torch.strided") {
    throw Error(ErrorKind::unsupported, "okibi reads only dense tensors from a distributed checkpoint");
  }
  item.requires_grad = state.boolean(2, "requires_grad");
}

DcpExtent MetadataReader::extent_of(const Index& index) {
  const auto found = storage_data_.find(index);
  if (found == storage_data_.end()) {
    throw Error(ErrorKind::bad_file, "the metadata does not say where a part lies")
        .at("part", index.offsets ? to_string(*index.offsets) : "all of it");
  }
  const DcpObject info(graph_, found->second, "_StorageInfo");
  const bool is_transformed =
      info.find("transform_descriptors") && !info.children("transform_descriptors", Kind::list).empty();
  if (is_transformed) {
    throw Error(ErrorKind::unsupported, "the part was compressed or encrypted by an extension when it was saved")
        .hint("Load the checkpoint in Python with that extension, and save it again without.");
  }
  const std::string_view file = info.text("relative_path");
  spend(file.size() / usual_file_name);
  return {std::string(file), info.count("offset"), info.count("length")};
}

// planner_data has the paths, in the order in which the object had them. Planners of one's own may leave it out: then
// the names are keys.
std::vector<DcpItem> MetadataReader::in_order_of_paths() {
  const auto data = metadata_.find("planner_data");
  if (!data || graph_.kind(*data) != Kind::dict) return std::move(items_);
  std::vector<DcpItem> ordered;
  const auto entries = graph_.children(*data);
  KeyedSet<std::string_view> told;
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    const std::string_view name = short_text(graph_, entries[i], "the name of an item");
    if (!told.insert(name).second) {
      throw Error(ErrorKind::bad_file, "the metadata gives an item two paths").at("item", printable(name, 200));
    }
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) continue;  // another rank's
    DcpItem& item = items_[found->second];
    item.path = path_of(entries[i], entries[i + 1]);
    ordered.push_back(std::move(item));
    by_name_.erase(found);
  }
  std::vector<size_t> rest;
  for (const auto& [name, at] : by_name_) rest.push_back(at);
  std::ranges::sort(rest);
  for (size_t at : rest) ordered.push_back(std::move(items_[at]));
  return ordered;
}

std::vector<Value> MetadataReader::path_of(NodeId name, NodeId path) {
  const auto fail = [&](std::string_view found) {
    throw Error(ErrorKind::bad_file, "what the metadata has for the path of an item is none")
        .expected("a tuple of str and int")
        .found(found)
        .at("item", printable(graph_.text(name), 200));
  };
  if (graph_.kind(path) != Kind::tuple) fail(what_is(graph_, path));
  if (graph_.children(path).empty()) fail("an empty tuple");
  spend(graph_.children(path).size());
  std::vector<Value> steps;
  for (NodeId step : graph_.children(path)) {
    if (graph_.kind(step) == Kind::integer) {
      steps.emplace_back(graph_.integer(step));
    } else if (graph_.kind(step) == Kind::string) {
      steps.push_back(shared(step));
    } else {
      fail(fmt::format("{} in it", what_is(graph_, step)));
    }
  }
  return steps;
}

const Value& MetadataReader::shared(NodeId text) {
  auto [place, is_new] = texts_.try_emplace(static_cast<uint32_t>(text));
  if (is_new) place->second = Value(short_text(graph_, text, "a key"));
  return place->second;
}

void MetadataReader::spend(size_t nodes) {
  if (nodes > budget_) {
    throw Error(ErrorKind::limit, "the metadata gives one list of chunks, one path or one long name to many items")
        .hint("PyTorch writes each item its own.");
  }
  budget_ -= nodes;
}

void merge_chunks(DcpItem& into, DcpItem& from) {
  if (into.is_tensor != from.is_tensor || into.dtype != from.dtype || into.sizes != from.sizes) {
    throw Error(ErrorKind::bad_file, "two ranks describe the item differently").at("item", printable(into.name, 200));
  }
  std::ranges::move(from.chunks, std::back_inserter(into.chunks));
}

// Boxes that several ranks saved: the first stays.
void drop_repeated_chunks(DcpItem& item) {
  auto less = [](const DcpChunk& a, const DcpChunk& b) {
    return std::ranges::lexicographical_compare(a.offsets, b.offsets);
  };
  std::ranges::stable_sort(item.chunks, less);
  const auto repeated = std::ranges::unique(
      item.chunks, [](const DcpChunk& a, const DcpChunk& b) { return a.offsets == b.offsets && a.sizes == b.sizes; });
  item.chunks.erase(repeated.begin(), repeated.end());
}

}  // namespace

std::vector<DcpItem> read_dcp_metadata(std::span<const std::byte> pickle, const LoadOptions& options) {
  const Graph graph = pickle::decode(pickle, options.limits);
  check_dcp_globals(graph, options);
  return MetadataReader(graph, options).read();
}

std::vector<DcpItem> merge_dcp(std::vector<std::vector<DcpItem>> ranks) {
  std::vector<DcpItem> all;
  KeyedMap<std::string, size_t> by_name;
  for (auto& rank : ranks) {
    for (DcpItem& item : rank) {
      const auto [place, is_new] = by_name.try_emplace(item.name, all.size());
      if (is_new) {
        all.push_back(std::move(item));
      } else {
        merge_chunks(all[place->second], item);
      }
    }
  }
  for (DcpItem& item : all) drop_repeated_chunks(item);
  return all;
}

}  // namespace okibi::checkpoint
