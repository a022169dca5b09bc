#include <fmt/format.h>
#include <libdeflate.h>

#include <okibi/pickle.h>

#include "inspect/error_text.h"
#include "inspect/scan/part.h"
#include "inspect/verify/checks.h"

namespace okibi::inspect {
namespace {

constexpr uint64_t block = 1 << 20;

// Not by zip::Reader::read, which would take memory for the whole of it.
void check_stored(Verifier& verifier, const io::Source& source, const zip::Record& record) {
  uint32_t crc = 0;
  for (uint64_t at = 0; at < record.size; at += block) {
    const auto bytes = read_bytes(source, record.offset + at, record.offset + std::min(record.size, at + block));
    crc = libdeflate_crc32(crc, bytes.data(), bytes.size());
    verifier.read(bytes.size());
  }
  if (record.crc32 == 0 || crc == record.crc32) return;
  verifier.add(record.name, record.offset,
               fmt::format("the CRC-32 does not match: expected {:08x}, found {:08x}", record.crc32, crc));
}

void check_record(Verifier& verifier, const zip::Reader& records, const zip::Record& record) {
  try {
    if (!record.deflated) return check_stored(verifier, records.source(), record);
    records.read(record.name);
    verifier.read(record.stored_size);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;
    verifier.add(error);
  }
}

void check_pickle(Verifier& verifier, const zip::Reader& records, const zip::Record& record) {
  std::vector<std::byte> bytes;
  try {
    bytes = records.read(record.name);
  } catch (const Error&) {
    return;  // told already
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
  for (const zip::Record& record : records.records()) verifier.expect(record.stored_size);
  const auto& all = records.records();
  parallel_for(0, static_cast<int64_t>(all.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) check_record(verifier, records, all[static_cast<size_t>(i)]);
  });
  for (const zip::Record& record : all)
    if (record.name.ends_with(".pkl")) check_pickle(verifier, records, record);
}

}  // namespace okibi::inspect
