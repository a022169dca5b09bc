#include <fmt/format.h>

#include <okibi/pickle.h>

#include "checkpoint/formats/zip_file.h"
#include "inspect/bytes.h"
#include "inspect/error_text.h"
#include "inspect/verify/checks.h"
#include "zip/inflated.h"

namespace okibi::inspect {
namespace {

constexpr uint64_t block = 1 << 20;

// Not by zip::Reader::read, which would take memory for the whole of it.
void check_stored(Verifier& verifier, const io::Source& source, const zip::Record& record) {
  const uint32_t crc =
      crc32_of(source, record.offset, record.offset + record.size, [&](uint64_t bytes) { verifier.read(bytes); });
  zip::check_crc(source, record, crc);
}

// In small steps, for what a record claims to inflate to may be much more than the file.
void check_deflated(Verifier& verifier, const io::Source& source, const zip::Record& record) {
  zip::Inflated inflated(source, record);
  std::vector<std::byte> piece;
  do {
    const uint64_t taken = inflated.taken();
    piece.resize(std::min(block, record.size - inflated.position()));
    inflated.read(piece);
    verifier.read(inflated.taken() - taken);
  } while (inflated.position() < record.size);
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
