// Any bytes as a zip archive: reading the directory and each record ends in bytes or an Error. Records do not overlap,
// and lie in the file. What was read is written as an archive that gives the same bytes.
#include <okibi/zip.h>

#include <algorithm>
#include <cstdlib>

using namespace okibi;

namespace {

constexpr Limits limits = {.max_records = 1000};
constexpr uint64_t most_inflated = 1 << 20;

void check_ranges(const zip::Reader& archive) {
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const zip::Record& record : archive.records())
    ranges.emplace_back(record.offset, record.offset + record.stored_size);
  std::ranges::sort(ranges);
  for (size_t i = 0; i < ranges.size(); ++i) {
    const uint64_t end = i + 1 < ranges.size() ? ranges[i + 1].first : archive.source().size();
    if (ranges[i].second > end) std::abort();
  }
}

void check_written(const zip::Reader& archive, const std::string& name, const std::vector<std::byte>& bytes) {
  const auto file = std::make_shared<Buffer>();
  try {
    zip::Writer writer(*file, "again");
    writer.add(name, bytes);
    writer.finish();
  } catch (const Error&) {
    return;  // a name that the writer gives to a record of its own
  }
  const zip::Reader again(file, limits);
  if (!again.find(name) || again.read(name) != bytes || archive.at(name).size != bytes.size()) std::abort();
}

void check_record(const zip::Reader& archive, const zip::Record& record) {
  if (record.size > most_inflated) return;
  try {
    check_written(archive, record.name, archive.read(record.name));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const zip::Reader archive(std::make_shared<const Buffer>(std::span(reinterpret_cast<const std::byte*>(data), size)),
                              limits);
    check_ranges(archive);
    for (const zip::Record& record : archive.records()) check_record(archive, record);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
  }
  return 0;
}
