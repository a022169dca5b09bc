#include <okibi/pickle.h>

#include <array>
#include <string_view>

#include "base/keyed_hash.h"
#include "checkpoint/formats/dcp_metadata.h"

namespace okibi::checkpoint {
namespace {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;
using Attribute = std::pair<std::string_view, NodeId>;

constexpr std::string_view classes = "torch.distributed.checkpoint.metadata";
constexpr std::string_view file_classes = "torch.distributed.checkpoint.filesystem";
constexpr std::string_view version = "1.0.0";  // PyTorch's CURRENT_DCP_VERSION

class MetadataWriter {
 public:
  Graph write(std::span<const DcpItem> items);

 private:
  NodeId text(std::string_view text);
  NodeId call(std::string_view module, std::string_view name, NodeId argument);
  NodeId instance(std::string_view module, std::string_view name);
  NodeId dataclass(std::string_view module, std::string_view name, std::initializer_list<Attribute> attributes);
  NodeId size(const Dims& dims) { return call("torch", "Size", tuple_of(dims)); }
  NodeId tuple_of(const Dims& dims);
  NodeId properties(const DcpItem& item);
  NodeId description(const DcpItem& item);
  NodeId chunk_list(const DcpItem& item);
  NodeId path(const DcpItem& item);
  NodeId index(std::string_view name, NodeId offset, NodeId hint);
  NodeId info(const DcpExtent& extent);
  void add_storage_data(const DcpItem& item);

  Graph graph_;
  KeyedMap<std::string, NodeId> texts_;             // names are everywhere, and the pickle has each once
  std::vector<NodeId> described_, paths_, stored_;  // keys and values
};

NodeId MetadataWriter::text(std::string_view text) {
  auto [place, is_new] = texts_.try_emplace(std::string(text));
  if (is_new) place->second = graph_.add_string(text);
  return place->second;
}

NodeId MetadataWriter::call(std::string_view module, std::string_view name, NodeId argument) {
  const NodeId callable = graph_.add_global(module, name);
  return graph_.add_object({.callable = callable, .arguments = graph_.add_container(Kind::tuple, {&argument, 1})});
}

NodeId MetadataWriter::instance(std::string_view module, std::string_view name) {
  const NodeId callable = graph_.add_global(module, name);
  return graph_.add_object(
      {.made = pickle::Made::newobj, .callable = callable, .arguments = graph_.add_container(Kind::tuple)});
}

NodeId MetadataWriter::dataclass(std::string_view module, std::string_view name,
                                 std::initializer_list<Attribute> attributes) {
  const NodeId made = instance(module, name);
  std::vector<NodeId> items;
  for (const auto& [attribute, value] : attributes) items.insert(items.end(), {text(attribute), value});
  if (items.empty()) return made;
  const NodeId state = graph_.add_container(Kind::dict, items);
  graph_.mutable_object(made).states.push_back(state);
  return made;
}

NodeId MetadataWriter::tuple_of(const Dims& dims) {
  std::vector<NodeId> numbers;
  for (int64_t dim : dims) numbers.push_back(graph_.add_integer(dim));
  return graph_.add_container(Kind::tuple, numbers);
}

// (dtype, layout, requires_grad, memory format, pin_memory, strides)
NodeId MetadataWriter::properties(const DcpItem& item) {
  const std::array state = {
      graph_.add_global("torch", name_of(item.dtype)),
      call("torch.serialization", "_get_layout", text("torch.strided")),
      graph_.add_boolean(item.requires_grad),
      call(classes, "_MEM_FORMAT_ENCODING", graph_.add_integer(0)),  // torch.contiguous_format
      graph_.add_boolean(false),
      tuple_of(contiguous_strides(item.sizes)),
  };
  const NodeId made = instance(classes, "TensorProperties");
  const NodeId tuple = graph_.add_container(Kind::tuple, state);
  graph_.mutable_object(made).states.push_back(tuple);
  return made;
}

NodeId MetadataWriter::chunk_list(const DcpItem& item) {
  std::vector<NodeId> chunks;
  for (const DcpChunk& chunk : item.chunks) {
    chunks.push_back(
        dataclass(classes, "ChunkStorageMetadata", {{"offsets", size(chunk.offsets)}, {"sizes", size(chunk.sizes)}}));
  }
  return graph_.add_container(Kind::list, chunks);
}

NodeId MetadataWriter::description(const DcpItem& item) {
  if (!item.is_tensor) return dataclass(classes, "BytesStorageMetadata", {});
  return dataclass(classes, "TensorStorageMetadata",
                   {{"properties", properties(item)}, {"size", size(item.sizes)}, {"chunks", chunk_list(item)}});
}

NodeId MetadataWriter::path(const DcpItem& item) {
  std::vector<NodeId> steps;
  for (const Value& step : item.path) {
    steps.push_back(step.is_int() ? graph_.add_integer(step.to_int()) : text(step.to_string()));
  }
  return graph_.add_container(Kind::tuple, steps);
}

NodeId MetadataWriter::index(std::string_view name, NodeId offset, NodeId hint) {
  return dataclass(classes, "MetadataIndex", {{"fqn", text(name)}, {"index", hint}, {"offset", offset}});
}

NodeId MetadataWriter::info(const DcpExtent& extent) {
  return dataclass(file_classes, "_StorageInfo",
                   {{"relative_path", text(extent.file)},
                    {"offset", graph_.add_integer(static_cast<int64_t>(extent.offset))},
                    {"length", graph_.add_integer(static_cast<int64_t>(extent.length))}});
}

void MetadataWriter::add_storage_data(const DcpItem& item) {
  if (!item.is_tensor) {
    const NodeId none = graph_.add_none();
    stored_.insert(stored_.end(), {index(item.name, none, none), info(item.extent)});
  }
  for (size_t i = 0; i < item.chunks.size(); ++i) {
    const NodeId hint = graph_.add_integer(static_cast<int64_t>(i));
    stored_.insert(stored_.end(), {index(item.name, size(item.chunks[i].offsets), hint), info(item.chunks[i].extent)});
  }
}

Graph MetadataWriter::write(std::span<const DcpItem> items) {
  for (const DcpItem& item : items) {
    const NodeId name = text(item.name);
    described_.insert(described_.end(), {name, description(item)});
    paths_.insert(paths_.end(), {name, path(item)});
    add_storage_data(item);
  }
  const NodeId root = dataclass(classes, "Metadata",
                                {{"state_dict_metadata", graph_.add_container(Kind::dict, described_)},
                                 {"planner_data", graph_.add_container(Kind::dict, paths_)},
                                 {"storage_data", graph_.add_container(Kind::dict, stored_)},
                                 {"storage_meta", graph_.add_none()},
                                 {"version", text(version)}});
  graph_.set_root(root);
  return std::move(graph_);
}

}  // namespace

void write_dcp_metadata(std::span<const DcpItem> items, io::Sink& sink) {
  pickle::encode(MetadataWriter().write(items), sink);
}

}  // namespace okibi::checkpoint
