#include <fmt/format.h>

#include "base/keyed_hash.h"
#include "checkpoint/bulk_read.h"
#include "checkpoint/formats/looks_like.h"
#include "checkpoint/formats/pickle_stream.h"
#include "checkpoint/formats/torch_legacy.h"
#include "checkpoint/pickled/class_ids.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

constexpr uint64_t longest_magic = 64;  // the pickle of the magic number, in the protocol that takes most
constexpr uint64_t header_bytes = sizeof(int64_t);

bool is_magic(const Graph& graph) {
  return graph.kind(graph.root()) == Kind::long_integer && as_text(graph.bytes(graph.root())) == legacy_magic;
}

void check_version(const Graph& graph) {
  const bool is_number = graph.kind(graph.root()) == Kind::integer;
  if (is_number && graph.integer(graph.root()) == legacy_version) return;
  throw Error(ErrorKind::bad_file, "the version of the stream is none that PyTorch has written")
      .expected(legacy_version)
      .found(is_number ? std::to_string(graph.integer(graph.root())) : "no number");
}

std::vector<std::string> keys_of(const Graph& graph) {
  std::vector<std::string> keys;
  if (graph.kind(graph.root()) != Kind::list) {
    throw Error(ErrorKind::bad_file, "the keys of the storages are no list");
  }
  for (NodeId key : graph.children(graph.root())) {
    if (graph.kind(key) != Kind::string) throw Error(ErrorKind::bad_file, "the key of a storage is no str");
    keys.emplace_back(graph.text(key));
  }
  return keys;
}

class TorchLegacy final : public OpenedFile {
 public:
  TorchLegacy(std::shared_ptr<const io::Source> source, const LoadOptions& options, Missing missing);

  Format format() const noexcept override { return Format::torch_legacy; }
  std::string name() const override { return source_->name(); }
  uint64_t index_bytes() const noexcept override { return graph_.end_offset(); }
  Value object(TensorMaker& tensors) const override { return resolve(graph_, tensors, options_); }
  Extent extent_of(const StorageRef& storage) const override;

 private:
  void name_storages();
  void place_storages(const std::vector<std::string>& keys, uint64_t begin);
  uint64_t place_storage(const std::string& key, uint64_t begin);
  void check_headers() const;

  // A storage that the object names, and where its bytes lie.
  struct Placed {
    StorageRef ref;
    zip::Record record = {};
  };
  const std::shared_ptr<const io::Source> source_;
  const LoadOptions options_;
  const Missing missing_;
  Graph graph_;
  KeyedMap<std::string, Placed> storages_;
};

TorchLegacy::TorchLegacy(std::shared_ptr<const io::Source> source, const LoadOptions& options, Missing missing)
    : source_(std::move(source)), options_(options), missing_(missing) {
  PickleStream stream(*source_, 0, source_->size(), options_.limits);
  stream.next("the magic number");
  check_version(stream.next("the version"));
  const Globals nothing_hidden(stream.next("sys_info"), options_);
  graph_ = stream.next("the object");
  name_classes(graph_);
  name_storages();
  const std::vector<std::string> keys = keys_of(stream.next("the keys"));
  place_storages(keys, stream.offset());
  check_headers();
}

// Globals that are not allowed are told before anything else of the object is looked at.
void TorchLegacy::name_storages() {
  const Globals globals(graph_, options_);
  StorageRefs refs(graph_, globals);
  for (uint32_t i = 0; i < graph_.size(); ++i) {
    const NodeId id{i};
    if (graph_.kind(id) != Kind::persistent || is_class_id(graph_, id)) continue;
    const StorageRef& ref = in_context(
        "offset", std::to_string(graph_.offset(id)), [&]() -> auto& { return refs.of(id); });
    storages_.try_emplace(ref.key, Placed{ref});
  }
}

void TorchLegacy::place_storages(const std::vector<std::string>& keys, uint64_t begin) {
  for (const std::string& key : keys) {
    if (missing_ == Missing::left_out && begin > source_->size() - std::min(source_->size(), header_bytes)) return;
    begin = place_storage(key, begin);
  }
  if (missing_ == Missing::left_out) return;
  for (const auto& [key, placed] : storages_) {
    if (!placed.record.name.empty()) continue;
    throw Error(ErrorKind::bad_file, "the file has no bytes for a storage that a tensor lies in").at("storage", key);
  }
  if (begin == source_->size()) return;
  throw Error(ErrorKind::bad_file, "bytes that belong to nothing follow the last storage")
      .expected(fmt::format("the file to end at {}", begin))
      .found(fmt::format("{} bytes", source_->size()))
      .hint("If several objects were saved into one file, save each into its own.");
}

// → where the next one begins.
uint64_t TorchLegacy::place_storage(const std::string& key, uint64_t begin) {
  const auto found = storages_.find(key);
  if (found == storages_.end()) {
    throw Error(ErrorKind::bad_file, "the file has a storage that the object does not name").at("storage", key);
  }
  Placed& placed = found->second;
  if (!placed.record.name.empty()) throw Error(ErrorKind::bad_file, "the file has a storage twice").at("storage", key);
  const uint64_t size = placed.ref.nbytes;
  placed.record = {.name = key, .offset = begin + header_bytes, .stored_size = size, .size = size};
  const uint64_t end = checked_add(placed.record.offset, size, "the end of a storage");
  if (end <= source_->size()) return end;
  if (missing_ == Missing::left_out) return placed.record = {}, end;
  throw Error(ErrorKind::bad_file, "the file ends before its storages do")
      .expected(fmt::format("at least {} bytes", end))
      .found(source_->size())
      .hint(cut_hint)
      .at("storage", key);
}

// In front of each storage stands how many elements it has. It must be what the object says: PyTorch believed whichever
// came last.
void TorchLegacy::check_headers() const {
  std::vector<zip::Record> headers;
  for (const auto& [key, placed] : storages_) {
    if (placed.record.name.empty()) continue;
    headers.push_back({.name = key, .offset = placed.record.offset - header_bytes, .size = header_bytes});
  }
  std::vector<int64_t> numels(headers.size());
  std::vector<RecordRead> reads;
  for (size_t i = 0; i < headers.size(); ++i) {
    reads.push_back({source_.get(), &headers[i], std::as_writable_bytes(std::span(&numels[i], 1))});
  }
  read_records(std::move(reads), {.stop = options_.stop});
  for (size_t i = 0; i < headers.size(); ++i) {
    const int64_t expected = storages_.at(headers[i].name).ref.numel;
    if (numels[i] == expected) continue;
    throw Error(ErrorKind::bad_file, "a storage has another number of elements than the object says")
        .expected(std::to_string(expected))
        .found(std::to_string(numels[i]))
        .at("storage", headers[i].name)
        .at("offset", headers[i].offset);
  }
}

Extent TorchLegacy::extent_of(const StorageRef& storage) const {
  const zip::Record& record = storages_.at(storage.key).record;
  if (!record.name.empty()) return {source_.get(), &record};
  throw Error(ErrorKind::bad_file, "the file ends before the storage does").at("storage", storage.key);
}

}  // namespace

bool is_torch_legacy(const io::Source& source) {
  std::vector<std::byte> head(std::min(source.size(), longest_magic));
  source.read(0, head);
  if (head.empty() || (head[0] != std::byte{0x80} && head[0] != std::byte{'L'})) return false;
  try {
    return is_magic(pickle::decode(head));
  } catch (const Error&) {
    return false;  // some other file that begins with this byte
  }
}

std::unique_ptr<const OpenedFile> open_torch_legacy(std::shared_ptr<const io::Source> source,
                                                    const LoadOptions& options, Missing missing) {
  return std::make_unique<const TorchLegacy>(std::move(source), options, missing);
}

}  // namespace okibi::checkpoint
