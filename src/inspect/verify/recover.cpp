#include "inspect/verify/recover.h"

#include <fmt/format.h>

#include <map>

#include <okibi/pickle.h>

#include "checkpoint/archive_body.h"
#include "checkpoint/pickled/resolve.h"
#include "inspect/bytes.h"
#include "zip/layout.h"

namespace okibi::inspect {
namespace {

constexpr uint64_t block = 1 << 20;

// A record that is there with all its bytes.
struct Found {
  uint64_t begin = 0, size = 0;
};
using Records = std::map<std::string, Found>;  // by name, without the folder

// Walks from header to header, from the start of the file to where it breaks off.
class Walk {
 public:
  Walk(const io::Source& source, const std::stop_token& stop) : source_(source), stop_(stop) {}
  Records records();

 private:
  bool step(Records& records);
  bool end_by_descriptor(Found& record);
  bool is_descriptor(const Found& record, uint64_t at);
  uint32_t crc_of(const Found& record) const;

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
  Found record{at_ + zip::local_length + more, u32(22)};
  if (u16(6) & zip::flag_descriptor) {
    if (!end_by_descriptor(record)) return false;
  } else {
    if (record.size > source_.size() - record.begin) return false;
    is_intact_ = record.size == 0 || crc_of(record) == u32(14);
    at_ = record.begin + record.size;
  }
  const std::string_view path = as_text(name);
  if (is_intact_) records.emplace(path.substr(path.find('/') + 1), record);
  return true;
}

// The size of a record stands behind it: looked for is a descriptor that gives the distance to where it stands.
bool Walk::end_by_descriptor(Found& record) {
  constexpr std::string_view signature = "PK\x07\x08";
  for (uint64_t from = record.begin; from < source_.size(); from += block) {
    throw_if_stopped(stop_);
    const auto bytes = read_bytes(source_, from, std::min(source_.size(), from + block + 3));
    const std::string_view text = as_text(bytes);
    for (size_t hit = text.find(signature); hit < block && hit != text.npos; hit = text.find(signature, hit + 1)) {
      record.size = from + hit - record.begin;
      if (is_descriptor(record, from + hit)) return true;
    }
  }
  return false;
}

// 16 bytes, or 24 where sizes or offsets do not fit 32 bits.
bool Walk::is_descriptor(const Found& record, uint64_t at) {
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

uint32_t Walk::crc_of(const Found& record) const {
  return crc32_of(source_, record.begin, record.begin + record.size, [&](uint64_t) { throw_if_stopped(stop_); });
}

// Tensors over the storages that are there; meta tensors for the others.
class WholeOnly final : public checkpoint::TensorMaker {
 public:
  WholeOnly(const io::Source& source, const Records& records) : source_(source), records_(records) {}

  Tensor make(const checkpoint::StorageRef& ref, const checkpoint::TensorSpec& spec) override {
    const auto record = records_.find("data/" + ref.key);
    if (record == records_.end() || record->second.size != ref.nbytes) return empty_meta(spec.sizes, spec.dtype);
    auto& storage = storages_[ref.key];
    if (!storage) storage = storage_of(record->second, Device(ref.location));
    return Tensor::over(storage, spec.dtype, spec.sizes, spec.strides, spec.storage_offset);
  }
  Tensor assemble(const checkpoint::Assembly&) override {
    throw Error(ErrorKind::internal, "a single file has no tensors in parts");
  }

 private:
  std::shared_ptr<Storage> storage_of(const Found& record, const Device& device) {
    if (auto mapping = source_.map(record.begin, record.size)) {
      std::byte* const bytes = mapping.get();
      return Storage::borrow(std::move(mapping), bytes, record.size, device);
    }
    auto storage = Storage::allocate(record.size, device);
    source_.read(record.begin, {storage->data(), record.size});
    return storage;
  }

  const io::Source& source_;
  const Records& records_;
  std::map<std::string, std::shared_ptr<Storage>> storages_;
};

std::vector<checkpoint::NamedTensor> tensors_of(const io::Source& source, const Records& records,
                                                const VerifyOptions& options) {
  const Found& pickle = records.at("data.pkl");
  const LoadOptions load = {.limits = options.limits, .any_class_as_data = true, .stop = options.stop};
  const auto bytes = read_bytes(source, pickle.begin, pickle.begin + pickle.size);
  WholeOnly maker(source, records);
  const Value root = checkpoint::resolve(pickle::decode(bytes, options.limits), maker, load);
  return checkpoint::list_tensors(root, bytes.size());
}

bool is_big_endian(const io::Source& source, const Records& records) {
  const auto order = records.find("byteorder");
  if (order == records.end()) return false;
  return as_text(read_bytes(source, order->second.begin, order->second.begin + order->second.size)) == "big";
}

}  // namespace

std::optional<Recoverable> recoverable_of(const std::shared_ptr<const io::Source>& source,
                                          const VerifyOptions& options) {
  const Records records = Walk(*source, options.stop).records();
  if (!records.contains("data.pkl") || is_big_endian(*source, records)) return std::nullopt;
  Recoverable recoverable;
  for (auto& named : tensors_of(*source, records, options))
    (named.tensor.is_meta() ? recoverable.lost : recoverable.tensors).push_back(std::move(named.name));
  return recoverable;
}

Dict rescued_tensors(const std::shared_ptr<const io::Source>& source, const VerifyOptions& options) {
  const Records records = Walk(*source, options.stop).records();
  if (!records.contains("data.pkl")) {
    throw Error(ErrorKind::bad_file,
                "the file has no whole record data.pkl at its start, without which no tensor is known")
        .at("", source->name());
  }
  if (is_big_endian(*source, records)) throw Error(ErrorKind::unsupported, "a cut-off file of the other byte order");
  Dict whole;
  for (const auto& named : tensors_of(*source, records, options))
    if (!named.tensor.is_meta()) whole.set(named.name, named.tensor);
  return whole;
}

}  // namespace okibi::inspect
