#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <okibi/pickle.h>

#include "checkpoint/formats/zip_file.h"
#include "inspect/bytes.h"
#include "inspect/error_text.h"
#include "inspect/verify/checks.h"

namespace okibi::inspect {
namespace {

constexpr uint64_t block = 1 << 20;

// Not by zip::Reader::read, which would take memory for the whole of it.
void check_stored(Verifier& verifier, const io::Source& source, const zip::Record& record) {
  const uint32_t crc =
      crc32_of(source, record.offset, record.offset + record.size, [&](uint64_t bytes) { verifier.read(bytes); });
  zip::check_crc(source, record, crc);
}

// Inflates in small steps, for what a record claims to inflate to may be much more than the file.
class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // False when the bytes are damaged, or go on behind the end.
  bool take(std::span<std::byte> deflated, uint64_t most) {
    stream_.next_in = reinterpret_cast<Bytef*>(deflated.data());
    stream_.avail_in = static_cast<uInt>(deflated.size());
    while (!ended_ && size_ <= most && !(stream_.avail_in == 0 && !is_full_)) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
      stream_.avail_out = static_cast<uInt>(piece_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return false;
      const size_t made = piece_.size() - stream_.avail_out;
      size_ += made;
      crc_ = libdeflate_crc32(crc_, piece_.data(), made);
      is_full_ = stream_.avail_out == 0;
      ended_ = result == Z_STREAM_END;
    }
    return stream_.avail_in == 0;
  }
  bool ended() const { return ended_; }
  uint64_t size() const { return size_; }
  uint32_t crc() const { return crc_; }

 private:
  z_stream stream_ = {};
  std::vector<std::byte> piece_ = std::vector<std::byte>(block);
  uint64_t size_ = 0;
  uint32_t crc_ = 0;
  bool ended_ = false, is_full_ = false;  // is_full_: there may be more to come out without more going in
};

void check_deflated(Verifier& verifier, const io::Source& source, const zip::Record& record) {
  Inflater inflater;
  bool is_whole = true;
  for (uint64_t at = 0; at < record.stored_size && is_whole; at += block) {
    auto bytes = read_bytes(source, record.offset + at, record.offset + std::min(record.stored_size, at + block));
    is_whole = inflater.take(bytes, record.size);
    verifier.read(bytes.size());
  }
  if (!is_whole || !inflater.ended() || inflater.size() != record.size) {
    verifier.add(record.name, record.offset,
                 fmt::format("the deflated bytes are damaged, or do not give the {} bytes promised", record.size));
    return;
  }
  zip::check_crc(source, record, inflater.crc());
}

void check_record(Verifier& verifier, const zip::Reader& records, const zip::Record& record) {
  try {
    if (!record.deflated) return check_stored(verifier, records.source(), record);
    check_deflated(verifier, records.source(), record);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::io) throw;  // says nothing of the file
    verifier.add(error);
  }
}

void check_pickle(Verifier& verifier, const zip::Reader& records, const zip::Record& record) {
  std::vector<std::byte> bytes;
  try {
    bytes = checkpoint::read_pickle_bytes(records, record.name, verifier.options.limits);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::limit) verifier.add(error);  // all others are told already
    return;
  }
  try {
    const uint64_t end = pickle::decode(bytes, verifier.options.limits).end_offset();
    if (end < bytes.size())
      verifier.add(record.name, record.offset + end, fmt::format("{} bytes follow the pickle", bytes.size() - end));
  } catch (const Error& error) {
    verifier.add(record.name, record.offset, text_without_file(error));
  }
}

}  // namespace

void verify_zip(Verifier& verifier, const SourcePtr& source) {
  const zip::Reader records(source, verifier.options.limits);
  for (const zip::Record& record : records.records()) {
    verifier.expect(record.stored_size);
    if (record.size > 0) verifier.count(record.stored_size, record.crc32 != 0);  // 0: its writer computed none
  }
  const auto& all = records.records();
  parallel_for(0, static_cast<int64_t>(all.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) check_record(verifier, records, all[static_cast<size_t>(i)]);
  });
  for (const zip::Record& record : all)
    if (record.name.ends_with(".pkl")) check_pickle(verifier, records, record);
}

}  // namespace okibi::inspect
