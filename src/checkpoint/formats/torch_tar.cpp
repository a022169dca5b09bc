#include "checkpoint/formats/torch_tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/keyed_hash.h"
#include "checkpoint/formats/pickle_stream.h"
#include "checkpoint/formats/torch_tar_tables.h"
#include "checkpoint/pickled/class_ids.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// Says in a pickle's graph what the tables say: for each key, the node that makes its tensor or names its storage.
class TableNodes {
 public:
  TableNodes(Graph& graph, const TarTables& tables) : graph_(graph), tables_(tables) {}

  // What refers to a key in the object refers to the node of its tensor or storage afterwards.
  void link();

 private:
  NodeId node_of(TarKey key);
  NodeId storage(TarKey key);
  NodeId tensor(const TarTensor& tensor);
  NodeId empty_tensor(const TarTensor& tensor);
  NodeId ints(const Dims& dims);
  NodeId tuple(std::vector<NodeId> items) { return graph_.add_container(Kind::tuple, items); }
  NodeId call(const ClassName& callable, std::vector<NodeId> arguments) {
    const NodeId global = graph_.add_global(callable.module, callable.name);
    return graph_.add_object({.callable = global, .arguments = tuple(std::move(arguments))});
  }

  Graph& graph_;
  const TarTables& tables_;
  KeyedMap<TarKey, NodeId> made_;
};

void TableNodes::link() {
  std::unordered_map<NodeId, NodeId> meant;
  const size_t count = graph_.size();  // without those that are made here
  for (uint32_t i = 0; i < count; ++i) {
    const NodeId id{i};
    if (graph_.kind(id) != Kind::persistent || is_class_id(graph_, id)) continue;
    const auto key = tar_key(graph_, graph_.child(id, 0));
    if (!key) {
      throw Error(ErrorKind::bad_file, "a persistent id is no key").at("offset", graph_.offset(id));
    }
    meant.emplace(id, node_of(*key));
  }
  graph_.redirect(meant);
}

NodeId TableNodes::node_of(TarKey key) {
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  const auto found = tables_.tensors.find(key);
  const NodeId node = found == tables_.tensors.end() ? storage(key) : tensor(found->second);
  made_.emplace(key, node);
  return node;
}

// ("storage", torch.FloatStorage, key, location, numel, view)
NodeId TableNodes::storage(TarKey key) {
  const auto view = tables_.views.find(key);
  const TarKey root = view == tables_.views.end() ? key : view->second.root;
  const auto found = tables_.storages.find(root);
  if (found == tables_.storages.end()) {
    throw Error(ErrorKind::bad_file, "the file has no such tensor or storage").at("key", std::to_string(root));
  }
  const TarStorage& storage = found->second;
  NodeId part = graph_.add_none();
  if (root != key) {
    part = tuple({graph_.add_string(std::to_string(key)), graph_.add_integer(view->second.part.offset),
                  graph_.add_integer(view->second.part.numel)});
  }
  return graph_.add_persistent(
      tuple({graph_.add_string("storage"), graph_.add_global(storage.python_class.module, storage.python_class.name),
             graph_.add_string(storage.record.name), graph_.add_string(storage.location),
             graph_.add_integer(storage.numel), part}));
}

// There were no tensors without dimensions yet: such a one has no elements.
NodeId TableNodes::tensor(const TarTensor& tensor) {
  if (!tensor.storage || tensor.sizes.empty()) return empty_tensor(tensor);
  return call({"torch._utils", "_rebuild_tensor"}, {storage(*tensor.storage), graph_.add_integer(tensor.storage_offset),
                                                    ints(tensor.sizes), ints(tensor.strides)});
}

NodeId TableNodes::empty_tensor(const TarTensor& tensor) { return call(tensor.python_class, {}); }

NodeId TableNodes::ints(const Dims& dims) {
  std::vector<NodeId> nodes;
  for (int64_t size : dims) nodes.push_back(graph_.add_integer(size));
  return tuple(std::move(nodes));
}

const TarMember& member_of(const std::vector<TarMember>& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &TarMember::name);
  if (found != members.end()) return *found;
  throw Error(ErrorKind::bad_file, fmt::format("the tar archive is no checkpoint: it has no member \"{}\"", name))
      .hint("Unpack it, and look at what is in it.");
}

// Nothing is hidden beside what a checkpoint has.
void check_names(const std::vector<TarMember>& members) {
  constexpr std::array<std::string_view, 4> names = {"sys_info", "pickle", "tensors", "storages"};
  for (const TarMember& member : members) {
    if (std::ranges::find(names, member.name) != names.end()) continue;
    throw Error(ErrorKind::bad_file, "the tar archive has a member that no checkpoint has")
        .at("member", printable(member.name, 200));
  }
}

class TorchTar final : public OpenedFile {
 public:
  TorchTar(std::shared_ptr<const io::Source> source, const LoadOptions& options);

  Format format() const noexcept override { return Format::torch_tar; }
  std::string name() const override { return source_->name(); }
  uint64_t index_bytes() const noexcept override { return index_bytes_; }
  Value object(TensorMaker& tensors) const override { return resolve(graph_, tensors, options_); }
  Extent extent_of(const StorageRef& storage) const override;

 private:
  const std::shared_ptr<const io::Source> source_;
  const LoadOptions options_;
  TarTables tables_;
  Graph graph_;
  uint64_t index_bytes_ = 0;
};

TorchTar::TorchTar(std::shared_ptr<const io::Source> source, const LoadOptions& options)
    : source_(std::move(source)), options_(options) {
  const std::vector<TarMember> members = read_tar(*source_, options_.limits);
  const TarMember& object = member_of(members, "pickle");
  const TarMember& tensors = member_of(members, "tensors");
  const TarMember& storages = member_of(members, "storages");
  check_names(members);
  tables_ = read_tar_tables(*source_, storages, tensors, options_.limits);
  graph_ = PickleStream(*source_, object.offset, object.offset + object.size, options_.limits).next("the object");
  index_bytes_ = object.size + tensors.size;
  name_classes(graph_);
  TableNodes(graph_, tables_).link();
}

// The keys in the graph are those of the table.
Extent TorchTar::extent_of(const StorageRef& storage) const {
  return {source_.get(), &tables_.storages.at(std::stoll(storage.key)).record};
}

}  // namespace

std::unique_ptr<const OpenedFile> open_torch_tar(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return std::make_unique<const TorchTar>(std::move(source), options);
}

}  // namespace okibi::checkpoint
