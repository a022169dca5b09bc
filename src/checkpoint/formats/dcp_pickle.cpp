#include "checkpoint/formats/dcp_pickle.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/globals.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// Every global that PyTorch has written into .metadata since 2.0, beside dtypes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> known = {{
    {"collections", "OrderedDict"},
    {"pathlib", "Path"},
    {"pathlib", "PosixPath"},
    {"pathlib", "PurePosixPath"},
    {"pathlib", "WindowsPath"},
    {"pathlib._local", "Path"},
    {"pathlib._local", "PosixPath"},
    {"pathlib._local", "PurePosixPath"},
    {"pathlib._local", "WindowsPath"},
    {"torch", "Size"},
    {"torch.distributed._shard.sharded_tensor.metadata", "MEM_FORMAT_ENCODING"},
    {"torch.distributed._shard.sharded_tensor.metadata", "TensorProperties"},
    {"torch.distributed.checkpoint.filesystem", "_StorageInfo"},
    {"torch.distributed.checkpoint.metadata", "BytesStorageMetadata"},
    {"torch.distributed.checkpoint.metadata", "ChunkStorageMetadata"},
    {"torch.distributed.checkpoint.metadata", "Metadata"},
    {"torch.distributed.checkpoint.metadata", "MetadataIndex"},
    {"torch.distributed.checkpoint.metadata", "StorageMeta"},
    {"torch.distributed.checkpoint.metadata", "TensorProperties"},
    {"torch.distributed.checkpoint.metadata", "TensorStorageMetadata"},
    {"torch.distributed.checkpoint.metadata", "_MEM_FORMAT_ENCODING"},
    {"torch.serialization", "_get_layout"},
}};

constexpr size_t most_attributes = 64;  // of one object; the largest class of the format has six

bool is_allowed(const Graph& graph, NodeId id, const LoadOptions& options) {
  const std::pair name(graph.module(id), graph.text(id));
  if (options.any_class_as_data || std::ranges::find(known, name) != known.end()) return true;
  if (std::ranges::find(options.allow, fmt::format("{}.{}", name.first, name.second)) != options.allow.end()) {
    return true;
  }
  const auto global = find_global(name.first, name.second);
  return global && global->meaning == Meaning::dtype;
}

bool is_count(const Graph& graph, NodeId id) { return graph.kind(id) == Kind::integer && graph.integer(id) >= 0; }

// A torch.Size is the call torch.Size((2, 3)).
NodeId inside_size(const Graph& graph, NodeId id) {
  if (!is_dcp_object(graph, id, "Size")) return id;
  const NodeId arguments = graph.object(id).arguments;
  const bool is_one = graph.kind(arguments) == Kind::tuple && graph.children(arguments).size() == 1;
  return is_one ? graph.child(arguments, 0) : id;
}

}  // namespace

void check_dcp_globals(const Graph& graph, const LoadOptions& options) {
  std::set<std::string> refused;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const NodeId id{i};
    if (graph.kind(id) != Kind::global || is_allowed(graph, id, options)) continue;
    refused.insert(fmt::format("{}.{}", graph.module(id), graph.text(id)));
  }
  if (refused.empty()) return;
  throw Error(ErrorKind::unsafe,
              fmt::format("the metadata names a class or function that okibi does not allow there: {}; nothing of it "
                          "was run",
                          fmt::join(refused, ", ")))
      .hint("PyTorch would have run it. If the file is yours, take the names as plain data with LoadOptions::allow.");
}

bool is_dcp_object(const Graph& graph, NodeId id, std::string_view class_name) {
  if (graph.kind(id) != Kind::object) return false;
  const NodeId callable = graph.object(id).callable;
  return graph.kind(callable) == Kind::global && graph.text(callable) == class_name;
}

std::string what_is(const Graph& graph, NodeId id) {
  if (graph.kind(id) == Kind::integer) return std::to_string(graph.integer(id));
  if (graph.kind(id) == Kind::long_integer) return "an int of more than 63 bits";
  if (graph.kind(id) != Kind::object) return std::string(word_for(graph.kind(id)));
  const NodeId callable = graph.object(id).callable;
  return graph.kind(callable) == Kind::global ? printable(graph.text(callable), 200) : "an object";
}

DcpObject::DcpObject(const Graph& graph, NodeId id, std::string_view class_name)
    : graph_(graph), class_name_(class_name) {
  if (!is_dcp_object(graph, id, class_name)) {
    throw Error(ErrorKind::bad_file, "the metadata has something else where the format has an object")
        .expected(class_name)
        .found(what_is(graph, id))
        .at("offset", graph.offset(id));
  }
  const pickle::Object& object = graph.object(id);
  if (object.states.empty()) return;  // all attributes have their defaults
  const NodeId state = object.states[0];
  const bool is_good = object.states.size() == 1 && graph.kind(state) == Kind::dict;
  if (!is_good || graph.children(state).size() > 2 * most_attributes) {
    throw Error(ErrorKind::bad_file,
                fmt::format("the attributes of a {} are not given as the format has it", class_name))
        .at("offset", graph.offset(id));
  }
  state_ = graph.children(state);
}

std::optional<NodeId> DcpObject::find(std::string_view attribute) const {
  std::optional<NodeId> found;
  for (size_t i = 0; i + 1 < state_.size(); i += 2) {
    if (graph_.kind(state_[i]) != Kind::string || graph_.text(state_[i]) != attribute) continue;
    if (found) {
      throw Error(ErrorKind::bad_file, fmt::format("a {} in the metadata has {} twice", class_name_, attribute));
    }
    found = state_[i + 1];
  }
  return found && graph_.kind(*found) == Kind::none ? std::nullopt : found;
}

NodeId DcpObject::at(std::string_view attribute) const {
  if (const auto found = find(attribute)) return *found;
  throw Error(ErrorKind::bad_file, fmt::format("a {} in the metadata has no {}", class_name_, attribute));
}

void DcpObject::fail(std::string_view attribute, std::string_view expected, NodeId found) const {
  throw Error(ErrorKind::bad_file,
              fmt::format("{} of a {} in the metadata is not what it must be", attribute, class_name_))
      .expected(expected)
      .found(what_is(graph_, found));
}

std::string_view DcpObject::text(std::string_view attribute) const {
  return short_text(graph_, at(attribute), fmt::format("{} of a {}", attribute, class_name_));
}

uint64_t DcpObject::count(std::string_view attribute) const {
  const NodeId id = at(attribute);
  if (!is_count(graph_, id)) fail(attribute, "an int that is not negative", id);
  return static_cast<uint64_t>(graph_.integer(id));
}

Dims DcpObject::dims(std::string_view attribute, const Limits& limits) const {
  const NodeId list = inside_size(graph_, at(attribute));
  if (graph_.kind(list) != Kind::tuple && graph_.kind(list) != Kind::list)
    fail(attribute, "a torch.Size of one tuple", list);
  const auto children = graph_.children(list);
  if (children.size() > limits.max_tensor_dims) {
    throw Error(ErrorKind::limit,
                fmt::format("{} of a {} in the metadata has too many dimensions", attribute, class_name_))
        .expected(fmt::format("at most Limits::max_tensor_dims ({})", limits.max_tensor_dims))
        .found(children.size());
  }
  Dims dims(children.size(), 0);
  for (size_t i = 0; i < children.size(); ++i) {
    if (!is_count(graph_, children[i])) fail(attribute, "a torch.Size of ints that are not negative", children[i]);
    dims[i] = graph_.integer(children[i]);
  }
  return dims;
}

std::span<const NodeId> DcpObject::children(std::string_view attribute, Kind kind) const {
  const NodeId id = at(attribute);
  if (graph_.kind(id) != kind) fail(attribute, word_for(kind), id);
  return graph_.children(id);
}

std::string_view short_text(const Graph& graph, NodeId id, std::string_view what) {
  if (graph.kind(id) != Kind::string) {
    throw Error(ErrorKind::bad_file, fmt::format("{} in the metadata is not what it must be", what))
        .expected("str")
        .found(word_for(graph.kind(id)));
  }
  const std::string_view text = graph.text(id);
  if (text.size() <= longest_dcp_name) return text;
  throw Error(ErrorKind::limit, fmt::format("{} in the metadata is longer than any name", what))
      .expected(fmt::format("at most {} bytes", longest_dcp_name))
      .found(text.size());
}

}  // namespace okibi::checkpoint
