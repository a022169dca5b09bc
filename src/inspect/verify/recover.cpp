#include "inspect/verify/recover.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <okibi/pickle.h>
#include <okibi/store.h>

#include "base/keyed_hash.h"
#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "checkpoint/opened_file.h"
#include "checkpoint/save.h"
#include "checkpoint/streamed_storages.h"
#include "inspect/bytes.h"
#include "zip/layout.h"

namespace okibi::inspect {
namespace {

using SourcePtr = std::shared_ptr<const io::Source>;

constexpr uint64_t block = 1 << 20;

using Records = std::map<std::string, zip::Record>;  // those with all their bytes, by name without the folder

// Walks from header to header, from the start of the file to where it breaks off.
class Walk {
 public:
  Walk(const io::Source& source, const std::stop_token& stop) : source_(source), stop_(stop) {}
  Records records();

 private:
  bool step(Records& records);
  bool end_by_descriptor(zip::Record& record);
  bool is_descriptor(const zip::Record& record, uint64_t at);
  uint32_t crc_of(const zip::Record& record) const;

  const io::Source& source_;
  const std::stop_token& stop_;
  uint64_t at_ = 0;
  bool is_intact_ = true;  // the record just found: its CRC-32 matches
};

Records Walk::records() {
  Records records;
  while (step(records)) throw_if_stopped(stop_);
  return records;
}

bool Walk::step(Records& records) {
  const uint64_t left = source_.size() - at_;
  if (left < zip::local_length) return false;
  const auto header = read_bytes(source_, at_, at_ + zip::local_length);
  const auto u16 = [&](size_t at) { return load_le<uint16_t>(&header[at]); };
  const auto u32 = [&](size_t at) { return load_le<uint32_t>(&header[at]); };
  const uint64_t more = uint64_t{u16(26)} + u16(28);
  if (u32(0) != zip::local_signature || u16(8) != zip::method_stored || more > left - zip::local_length) return false;
  const auto name = read_bytes(source_, at_ + zip::local_length, at_ + zip::local_length + u16(26));
  zip::Record record{.offset = at_ + zip::local_length + more, .size = u32(22)};
  if (u16(6) & zip::flag_descriptor) {
    if (!end_by_descriptor(record)) return false;
  } else {
    if (record.size > source_.size() - record.offset) return false;
    is_intact_ = record.size == 0 || crc_of(record) == u32(14);
    at_ = record.offset + record.size;
  }
  const std::string_view path = as_text(name);
  record.name = path.substr(path.find('/') + 1);
  record.stored_size = record.size;
  if (is_intact_) records.emplace(record.name, record);  // its CRC-32 need not be looked at again: it stays 0
  return true;
}

// The size of a record stands behind it: looked for is a descriptor that gives the distance to where it stands.
bool Walk::end_by_descriptor(zip::Record& record) {
  constexpr std::string_view signature = "PK\x07\x08";
  for (uint64_t from = record.offset; from < source_.size(); from += block) {
    throw_if_stopped(stop_);
    const auto bytes = read_bytes(source_, from, std::min(source_.size(), from + block + 3));
    const std::string_view text = as_text(bytes);
    for (size_t hit = text.find(signature); hit < block && hit != text.npos; hit = text.find(signature, hit + 1)) {
      record.size = from + hit - record.offset;
      if (is_descriptor(record, from + hit)) return true;
    }
  }
  return false;
}

// 16 bytes, or 24 where sizes or offsets do not fit 32 bits.
bool Walk::is_descriptor(const zip::Record& record, uint64_t at) {
  for (const uint64_t length : {uint64_t{16}, zip::longest_descriptor}) {
    if (length > source_.size() - at) return false;
    const auto bytes = read_bytes(source_, at, at + length);
    const uint64_t size = length == 16 ? load_le<uint32_t>(&bytes[8]) : load_le<uint64_t>(&bytes[8]);
    const uint64_t again = length == 16 ? load_le<uint32_t>(&bytes[12]) : load_le<uint64_t>(&bytes[16]);
    if (size != record.size || again != record.size) continue;
    const auto crc = load_le<uint32_t>(&bytes[4]);
    is_intact_ = crc == 0 || crc == crc_of(record);
    at_ = at + length;
    return true;
  }
  return false;
}

uint32_t Walk::crc_of(const zip::Record& record) const {
  return crc32_of(source_, record.offset, record.offset + record.size, [&](uint64_t) { throw_if_stopped(stop_); });
}

// A zip archive of torch.save without its end: the records that were found.
class CutZip final : public checkpoint::OpenedFile {
 public:
  CutZip(SourcePtr source, const LoadOptions& options);

  Format format() const noexcept override { return Format::torch_zip; }
  std::string name() const override { return source_->name(); }
  uint64_t index_bytes() const noexcept override { return graph_.end_offset(); }
  Value object(checkpoint::TensorMaker& tensors) const override {
    return checkpoint::resolve(graph_, tensors, options_);
  }
  checkpoint::Extent extent_of(const checkpoint::StorageRef& storage) const override {
    const auto found = records_.find("data/" + storage.key);
    if (found != records_.end() && found->second.size == storage.nbytes)
      return {source_.get(), &found->second, is_big_endian_};
    throw Error(ErrorKind::bad_file, "the record is not there as a whole").at("record", "data/" + storage.key);
  }

 private:
  const SourcePtr source_;
  const LoadOptions options_;
  Records records_;
  pickle::Graph graph_;
  bool is_big_endian_ = false;
};

CutZip::CutZip(SourcePtr source, const LoadOptions& options)
    : source_(std::move(source)), options_(options), records_(Walk(*source_, options.stop).records()) {
  const auto bytes_of = [&](const char* name) {
    const auto found = records_.find(name);
    if (found == records_.end()) return std::vector<std::byte>();
    return read_bytes(*source_, found->second.offset, found->second.offset + found->second.size);
  };
  const auto pickle = bytes_of("data.pkl");
  if (pickle.empty()) {
    throw Error(ErrorKind::bad_file,
                "the file has no whole record data.pkl at its start, without which no tensor is known")
        .at("", source_->name());
  }
  graph_ = pickle::decode(pickle, options.limits);
  is_big_endian_ = as_text(bytes_of("byteorder")) == "big";
}

std::unique_ptr<const checkpoint::OpenedFile> open_remains(const std::string& uri, const LoadOptions& options) {
  if (!store::default_store().is_folder(uri)) {
    SourcePtr source = store::default_store().open(uri);
    if (zip::is_zip(*source)) return std::make_unique<const CutZip>(std::move(source), options);
  }
  return checkpoint::open_remains(uri, options);
}

// Hands on the tensors whose bytes are all there; meta tensors stand for the others.
class WholeOnly final : public checkpoint::ForwardingMaker {
 public:
  WholeOnly(const checkpoint::OpenedFile& file, TensorMaker& next, const std::stop_token& stop)
      : ForwardingMaker(next), file_(file), stop_(stop) {}

  Tensor make(const checkpoint::StorageRef& ref, const checkpoint::TensorSpec& spec) override {
    return is_whole(ref) ? next_.make(ref, spec) : empty_meta(spec.sizes, spec.dtype);
  }
  Tensor assemble(const checkpoint::Assembly& assembly) override {
    const bool whole = std::ranges::all_of(assembly.boxes, [&](const auto& box) { return has_piece(box.piece); });
    return whole ? next_.assemble(assembly) : empty_meta(assembly.sizes, assembly.dtype);
  }
  Tensor with_numbers(const Tensor& tensor) override { return tensor.is_meta() ? tensor : next_.with_numbers(tensor); }

 private:
  bool is_whole(const checkpoint::StorageRef& ref) {
    const auto [known, is_new] = whole_.try_emplace(ref.key, false);
    if (is_new) known->second = is_there([&] { check(file_.extent_of(ref)); });
    return known->second;
  }
  bool has_piece(const std::string& name) {
    return is_there([&] { check(file_.extent_of(file_.piece(name).storage)); });
  }
  template <class Work>
  static bool is_there(Work&& work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::io) throw;
      return false;
    }
  }
  void check(const checkpoint::Extent& extent) const {
    if (extent.record->crc32 == 0) return;  // none was computed, or it was looked at already
    const auto bytes = checkpoint::read_whole(extent);
    throw_if_stopped(stop_);
  }

  const checkpoint::OpenedFile& file_;
  const std::stop_token& stop_;
  KeyedMap<std::string, bool> whole_;  // by key
};

// Whether all the tensors that it is made of are there.
bool is_whole(const Tensor& tensor) {
  const auto is_there = [](const Tensor& part) { return !part.defined() || !part.is_meta(); };
  if (tensor.is_sparse()) return is_there(tensor.indices()) && is_there(tensor.values());
  if (tensor.is_sparse_compressed())
    return is_there(tensor.compressed_indices()) && is_there(tensor.plain_indices()) && is_there(tensor.values());
  if (tensor.is_nested()) return is_there(tensor.values()) && is_there(tensor.nested_sizes());
  if (tensor.is_meta()) return false;
  return !tensor.is_quantized() || is_there(tensor.quantizer().scales);
}

// Calls `take` with the tensors of which it is known whether they are whole, and with where their bytes come from.
template <class Take>
void with_remains(const std::string& uri, const VerifyOptions& options, Take&& take) {
  const LoadOptions load = {.limits = options.limits, .any_class_as_data = true, .stop = options.stop};
  const auto file = open_remains(uri, load);
  checkpoint::StreamedStorages bytes(*file, load);
  WholeOnly whole_only(*file, bytes, options.stop);
  const Value root = checkpoint::in_file(file->name(), [&] { return file->object(whole_only); });
  take(checkpoint::list_tensors(root, file->index_bytes()), bytes);
}

Recoverable sorted(const std::vector<checkpoint::NamedTensor>& tensors) {
  Recoverable recoverable;
  for (const auto& named : tensors)
    (is_whole(named.tensor) ? recoverable.tensors : recoverable.lost).push_back(named.name);
  return recoverable;
}

}  // namespace

Recoverable recoverable_of(const std::string& uri, const VerifyOptions& options) {
  Recoverable recoverable;
  with_remains(uri, options, [&](const auto& tensors, const auto&) { recoverable = sorted(tensors); });
  return recoverable;
}

Recoverable write_rescued(const std::string& uri, const std::string& target, const VerifyOptions& options) {
  Recoverable recoverable;
  with_remains(uri, options, [&](const auto& tensors, const auto& bytes) {
    recoverable = sorted(tensors);
    Dict whole;
    for (const auto& named : tensors)
      if (is_whole(named.tensor)) whole.set(named.name, named.tensor);
    if (whole.size() == 0)
      throw Error(ErrorKind::bad_file, "nothing can be rescued: no tensor is whole").at("", store::shown(uri));
    checkpoint::save_at(target, whole, {.stop = options.stop}, bytes);
  });
  return recoverable;
}

}  // namespace okibi::inspect
