// Checkpoints that no PyTorch would write, put together piece by piece.
#pragma once

#include <okibi/checkpoint.h>
#include <okibi/pickle.h>
#include <okibi/zip.h>

namespace okibi {

using pickle::Kind;
using pickle::NodeId;

using Bytes = std::vector<std::byte>;

class Forged {
 public:
  pickle::Graph graph;

  NodeId text(std::string_view value) { return graph.add_string(value); }
  NodeId integer(int64_t value) { return graph.add_integer(value); }
  NodeId tuple(std::vector<NodeId> items) { return graph.add_container(Kind::tuple, items); }
  NodeId list(std::vector<NodeId> items) { return graph.add_container(Kind::list, items); }
  NodeId ints(std::vector<int64_t> values) {
    std::vector<NodeId> nodes;
    for (int64_t value : values) nodes.push_back(integer(value));
    return tuple(nodes);
  }
  NodeId call(std::string_view module, std::string_view name, std::vector<NodeId> arguments) {
    const NodeId callable = graph.add_global(module, name);
    return graph.add_object({.callable = callable, .arguments = tuple(std::move(arguments))});
  }
  NodeId storage(std::string_view key, int64_t numel, std::string_view storage_class = "FloatStorage") {
    const NodeId global = graph.add_global("torch", storage_class);
    return graph.add_persistent(tuple({text("storage"), global, text(key), text("cpu"), integer(numel)}));
  }
  NodeId tensor(NodeId storage, std::vector<int64_t> sizes, std::vector<int64_t> strides, int64_t offset = 0) {
    const NodeId hooks = call("collections", "OrderedDict", {});
    return call("torch._utils", "_rebuild_tensor_v2",
                {storage, integer(offset), ints(sizes), ints(strides), graph.add_boolean(false), hooks});
  }

  // The file whose object is `root`, with these bytes in data/0, data/1 …
  Bytes file(NodeId root, const std::vector<std::string>& storages = {}) {
    graph.set_root(root);
    Buffer pickle;
    pickle::encode(graph, pickle);
    return file_of({reinterpret_cast<const char*>(pickle.bytes().data()), pickle.bytes().size()}, storages);
  }

  static Bytes file_of(std::string_view pickle, const std::vector<std::string>& storages = {},
                       const std::vector<std::pair<std::string, std::string>>& more = {{"version", "3\n"}}) {
    Buffer file;
    zip::Writer archive(file, "archive");
    archive.add("data.pkl", as_bytes(pickle));
    for (size_t i = 0; i < storages.size(); ++i) archive.add("data/" + std::to_string(i), as_bytes(storages[i]));
    for (const auto& [name, text] : more) archive.add(name, as_bytes(text));
    archive.finish();
    return {file.bytes().begin(), file.bytes().end()};
  }
};

// What load() says of a file, or "" when it loads.
struct Refusal {
  ErrorKind kind = ErrorKind::internal;
  std::string text = {};
};
inline Refusal refusal_of(const Bytes& file, const LoadOptions& options = {}) {
  try {
    load(Buffer(file), options);
    return {};
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
}

}  // namespace okibi
