#include <algorithm>
#include <array>
#include <numeric>

#include "checkpoint/formats/torch_legacy.h"
#include "checkpoint/pickled/build.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

void write_number(io::Sink& sink, int64_t number) {
  std::array<std::byte, sizeof number> bytes;
  store_le(bytes.data(), number);
  sink.write(bytes);
}

void write_pickle(io::Sink& sink, Graph& graph, NodeId root) {
  graph.set_root(root);
  pickle::encode(graph, sink);
}

void write_magic_and_version(io::Sink& sink) {
  Graph magic, version;
  write_pickle(sink, magic, magic.add_long(as_bytes(legacy_magic)));
  write_pickle(sink, version, version.add_integer(legacy_version));
}

// What every PyTorch since 0.4 says, on whatever machine.
void write_sys_info(io::Sink& sink) {
  Graph graph;
  const auto text = [&](std::string_view word) { return graph.add_string(word); };
  const auto integer = [&](int64_t number) { return graph.add_integer(number); };
  const std::array sizes = {text("short"), integer(2), text("int"), integer(4), text("long"), integer(4)};
  const std::array info = {text("protocol_version"), integer(legacy_version), text("little_endian"),
                           graph.add_boolean(true),  text("type_sizes"),      graph.add_container(Kind::dict, sizes)};
  write_pickle(sink, graph, graph.add_container(Kind::dict, info));
}

// PyTorch sorts keys as texts: "10" comes before "2".
std::vector<size_t> order_of_keys(size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [](size_t key) { return std::to_string(key); });
  return order;
}

void write_keys(io::Sink& sink, const std::vector<size_t>& order) {
  Graph graph;
  std::vector<NodeId> keys;
  for (size_t key : order) keys.push_back(graph.add_string(std::to_string(key)));
  write_pickle(sink, graph, graph.add_container(Kind::list, keys));
}

void write_storages(io::Sink& sink, const Built& object, const std::vector<size_t>& order, const SaveOptions& options,
                    const StorageBytes& bytes) {
  uint64_t total = 0, done = 0;
  for (const auto& storage : object.storages) total += storage->nbytes();
  for (size_t key : order) {
    const Storage& storage = *object.storages[key];
    write_number(sink, object.numels[key]);
    bytes.read(storage, 0, storage.nbytes(), [&](std::span<const std::byte> piece) {
      throw_if_stopped(options.stop);
      sink.write(piece);
      done += piece.size();
      if (options.progress) options.progress(done, total);
    });
  }
}

}  // namespace

void save_torch_legacy(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes) {
  const Built object = build(value, options.stop, StorageIds::of_stream);
  const std::vector<size_t> order = order_of_keys(object.storages.size());
  write_magic_and_version(sink);
  write_sys_info(sink);
  pickle::encode(object.graph, sink);
  write_keys(sink, order);
  write_storages(sink, object, order, options, bytes);
}

}  // namespace okibi::checkpoint
