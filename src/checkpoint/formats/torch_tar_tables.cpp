#include "checkpoint/formats/torch_tar_tables.h"

#include <fmt/format.h>

#include <charconv>

#include "checkpoint/formats/pickle_stream.h"
#include "checkpoint/pickled/arguments.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

TarKey key_in(const Graph& graph, const Arguments& row, size_t index) {
  const auto key = tar_key(graph, row[index]);
  if (!key) row.fail(index, "key", "a number");
  return *key;
}

ClassName class_in(const Graph& graph, const Arguments& row, size_t index) {
  row.must_be(index, "class", Kind::global);
  const ClassName found{std::string(graph.module(row[index])), std::string(graph.text(row[index]))};
  if (!find_global(found.module, found.name)) row.fail(index, "class", "a class of tensors or storages");
  return found;
}

template <class Row>
void add_new(KeyedMap<TarKey, Row>& table, TarKey key, Row row, std::string_view what) {
  if (table.emplace(key, std::move(row)).second) return;
  throw Error(ErrorKind::bad_file, fmt::format("the file has a {} twice", what)).at("key", std::to_string(key));
}

class TableReader {
 public:
  TableReader(const io::Source& source, const TarMember& member, const Limits& limits)
      : stream_(source, member.offset, member.offset + member.size, limits), limits_(limits) {}

  void read_storages(TarTables& tables);
  void read_tensors(TarTables& tables);

 private:
  uint64_t count(std::string_view what);
  void read_storage(TarTables& tables);
  void read_views(TarTables& tables);
  void read_tensor(TarTables& tables);
  Dims dims(uint64_t count);
  void check_end(std::string_view member) const;

  PickleStream stream_;
  const Limits& limits_;
};

// Nothing is reserved by it: each row takes bytes of the file, or ends the reading.
uint64_t TableReader::count(std::string_view what) {
  const Graph graph = stream_.next(what);
  const bool is_count = graph.kind(graph.root()) == Kind::integer && graph.integer(graph.root()) >= 0;
  if (!is_count) throw Error(ErrorKind::bad_file, fmt::format("{} is no number", what));
  return static_cast<uint64_t>(graph.integer(graph.root()));
}

void TableReader::check_end(std::string_view member) const {
  if (stream_.left() == 0) return;
  throw Error(ErrorKind::bad_file, fmt::format("the member \"{}\" of the tar archive goes on behind its end", member))
      .found(fmt::format("{} more bytes", stream_.left()));
}

void TableReader::read_storages(TarTables& tables) {
  for (uint64_t left = count("the number of storages"); left > 0; --left) read_storage(tables);
  read_views(tables);
  check_end("storages");
}

void TableReader::read_storage(TarTables& tables) {
  const Graph graph = stream_.next("a storage");
  const Arguments row(graph, "a storage", graph.root(), 3, 3);
  const TarKey key = key_in(graph, row, 0);
  TarStorage storage{.python_class = class_in(graph, row, 2), .location = row.text(1, "location")};
  const auto global = find_global(storage.python_class.module, storage.python_class.name);
  if (!global || global->meaning != Meaning::storage) row.fail(2, "class", "a storage class");
  storage.numel = stream_.number<int64_t>("a storage");
  if (storage.numel < 0) throw Error(ErrorKind::bad_file, "a storage has a negative number of elements");
  const uint64_t size =
      checked_mul(static_cast<uint64_t>(storage.numel), itemsize(global->dtype), "the size of a storage");
  storage.record = {.name = std::to_string(key), .offset = stream_.offset(), .stored_size = size, .size = size};
  stream_.skip(size, fmt::format("storage {}", key));
  add_new(tables.storages, key, std::move(storage), "storage");
}

void TableReader::read_views(TarTables& tables) {
  const Graph graph = stream_.next("the views of storages");
  if (graph.kind(graph.root()) != Kind::list) throw Error(ErrorKind::bad_file, "the views of storages are no list");
  for (NodeId item : graph.children(graph.root())) {
    const Arguments row(graph, "a view of a storage", item, 4, 4);
    const TarKey key = key_in(graph, row, 0), root = key_in(graph, row, 1);
    const TarView view{root, {row.integer(2, "offset"), row.integer(3, "numel")}};
    if (tables.storages.contains(key)) throw Error(ErrorKind::bad_file, "a view of a storage is a storage as well");
    add_new(tables.views, key, view, "view of a storage");
  }
}

void TableReader::read_tensors(TarTables& tables) {
  for (uint64_t left = count("the number of tensors"); left > 0; --left) read_tensor(tables);
  check_end("tensors");
}

void TableReader::read_tensor(TarTables& tables) {
  const Graph graph = stream_.next("a tensor");
  const Arguments row(graph, "a tensor", graph.root(), 3, 3);
  TarTensor tensor{.python_class = class_in(graph, row, 2)};
  if (graph.kind(row[1]) != Kind::none) tensor.storage = key_in(graph, row, 1);
  const auto count = stream_.number<int32_t>("a tensor");
  stream_.skip(sizeof(int32_t), "a tensor");  // once the number of dimensions took 8 bytes
  if (count < 0) throw Error(ErrorKind::bad_file, "a tensor has a negative number of dimensions");
  tensor.sizes = dims(static_cast<uint64_t>(count));
  tensor.strides = dims(static_cast<uint64_t>(count));
  tensor.storage_offset = stream_.number<int64_t>("a tensor");
  add_new(tables.tensors, key_in(graph, row, 0), std::move(tensor), "tensor");
}

Dims TableReader::dims(uint64_t count) {
  if (count > limits_.max_tensor_dims) {
    throw Error(ErrorKind::limit, "a tensor has more dimensions than Limits::max_tensor_dims")
        .expected(fmt::format("at most {}", limits_.max_tensor_dims))
        .found(count);
  }
  Dims dims(count, 0);
  for (int64_t& dim : dims) dim = stream_.number<int64_t>("a tensor");
  return dims;
}

}  // namespace

std::optional<TarKey> tar_key(const Graph& graph, NodeId id) {
  if (graph.kind(id) == Kind::integer) return graph.integer(id);
  if (graph.kind(id) != Kind::string) return std::nullopt;
  const std::string_view text = graph.text(id);
  TarKey key = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), key);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return key;
}

TarTables read_tar_tables(const io::Source& source, const TarMember& storages, const TarMember& tensors,
                          const Limits& limits) {
  TarTables tables;
  in_context("member", storages.name, [&] { TableReader(source, storages, limits).read_storages(tables); });
  in_context("member", tensors.name, [&] { TableReader(source, tensors, limits).read_tensors(tables); });
  return tables;
}

}  // namespace okibi::checkpoint
