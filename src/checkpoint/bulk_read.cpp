#include "checkpoint/bulk_read.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>

namespace okibi::checkpoint {
namespace {

constexpr uint64_t wave_bytes = uint64_t{256} << 20;   // what is in flight together, and between two looks at `stop`
constexpr uint64_t range_bytes = uint64_t{8} << 20;    // one request
constexpr uint64_t small_record = uint64_t{64} << 10;  // below it, copying is cheaper than a request of its own
constexpr uint64_t largest_gap = 4096;                 // headers and padding between two records

// A part of a record that one wave brings.
struct Part {
  size_t read;  // which RecordRead
  uint64_t begin, size;
};

// Several small records that lie side by side, read into one block.
struct Run {
  std::vector<std::byte> block;
  uint64_t offset;              // of the block, in the file
  std::span<const Part> parts;  // what it holds
};

class BulkReader {
 public:
  BulkReader(std::vector<RecordRead> reads, const LoadOptions& options)
      : reads_(std::move(reads)), crcs_(reads_.size(), 0), options_(options) {
    std::ranges::sort(reads_, {}, [](const RecordRead& read) {
      return std::pair(reinterpret_cast<uintptr_t>(read.source), read.record->offset + read.begin);
    });
    for (const RecordRead& read : reads_) total_ += read.into.size();
  }
  void run();

 private:
  std::vector<Part> next_wave();
  void read(std::span<const Part> parts);
  void read_ranges(const io::Source& source, const std::vector<io::Range>& ranges) const;
  std::span<const Part> of_one_source(std::span<const Part> parts) const;
  const io::Source& source_of(const Part& part) const { return *reads_[part.read].source; }
  bool is_small(const Part& part) const;
  uint64_t begin_of(const Part& part) const {  // in its source
    return reads_[part.read].record->offset + reads_[part.read].begin + part.begin;
  }
  std::span<std::byte> target_of(const Part& part) const {
    return reads_[part.read].into.subspan(part.begin, part.size);
  }
  std::span<const Part> run_at(std::span<const Part> parts) const;
  void scatter(const Run& run) const;
  void update_crcs(std::span<const Part> parts);
  void check_crcs() const;

  std::vector<RecordRead> reads_;
  std::vector<uint32_t> crcs_;  // of what has come so far
  const LoadOptions& options_;
  uint64_t total_ = 0, done_ = 0;
  size_t at_read_ = 0;     // where the next wave begins: this record,
  uint64_t at_begin_ = 0;  // this byte of it
};

void BulkReader::run() {
  if (options_.progress) options_.progress(0, total_);
  for (auto wave = next_wave(); !wave.empty(); wave = next_wave()) {
    throw_if_stopped(options_.stop);
    for (std::span<const Part> rest = wave; !rest.empty();) {
      const auto together = of_one_source(rest);
      read(together);
      rest = rest.subspan(together.size());
    }
    if (options_.check_crc) update_crcs(wave);
    for (const Part& part : wave) done_ += part.size;
    if (options_.progress) options_.progress(done_, total_);
  }
  if (options_.check_crc) check_crcs();
}

std::vector<Part> BulkReader::next_wave() {
  std::vector<Part> wave;
  for (uint64_t room = wave_bytes; room > 0 && at_read_ < reads_.size();) {
    const uint64_t size = std::min(room, reads_[at_read_].into.size() - at_begin_);
    if (size > 0) wave.push_back({at_read_, at_begin_, size});
    room -= size;
    at_begin_ += size;
    if (at_begin_ == reads_[at_read_].into.size()) ++at_read_, at_begin_ = 0;
  }
  return wave;
}

bool BulkReader::is_small(const Part& part) const { return part.size <= small_record; }

// The longest beginning of `parts` that one request should bring.
std::span<const Part> BulkReader::run_at(std::span<const Part> parts) const {
  if (!is_small(parts[0])) return parts.first(1);
  const uint64_t begin = begin_of(parts[0]);
  size_t count = 1;
  for (uint64_t end = begin + parts[0].size; count < parts.size(); ++count) {
    const Part& part = parts[count];
    const bool is_near = begin_of(part) >= end && begin_of(part) - end <= largest_gap;
    end = begin_of(part) + part.size;
    if (!is_near || !is_small(part) || end - begin > range_bytes) break;
  }
  return parts.first(count);
}

// The longest beginning of `parts` that lies in one source.
std::span<const Part> BulkReader::of_one_source(std::span<const Part> parts) const {
  const auto other = std::ranges::find_if(parts, [&](auto& part) { return &source_of(part) != &source_of(parts[0]); });
  return parts.first(static_cast<size_t>(other - parts.begin()));
}

void BulkReader::read(std::span<const Part> parts) {
  const io::Source& source = source_of(parts[0]);
  std::vector<Run> runs;
  std::vector<io::Range> ranges;
  while (!parts.empty()) {
    auto together = run_at(parts);
    parts = parts.subspan(together.size());
    const uint64_t offset = begin_of(together[0]);
    if (together.size() > 1) {
      const uint64_t length = begin_of(together.back()) + together.back().size - offset;
      runs.push_back({std::vector<std::byte>(length), offset, together});
      ranges.push_back({offset, runs.back().block});
      continue;
    }
    auto target = target_of(together[0]);
    for (uint64_t at = 0; at < target.size(); at += range_bytes) {
      ranges.push_back({offset + at, target.subspan(at, std::min(range_bytes, target.size() - at))});
    }
  }
  read_ranges(source, ranges);
  for (const Run& run : runs) scatter(run);
}

// A local source reads one range after the other, so several threads share them; a remote one has all that it is given
// in flight at once.
void BulkReader::read_ranges(const io::Source& source, const std::vector<io::Range>& ranges) const {
  parallel_for(0, static_cast<int64_t>(ranges.size()), 1,
               [&](int64_t first, int64_t last) { source.read_many(std::span(ranges).subspan(first, last - first)); });
}

void BulkReader::scatter(const Run& run) const {
  for (const Part& part : run.parts) {
    std::memcpy(target_of(part).data(), run.block.data() + (begin_of(part) - run.offset), part.size);
  }
}

void BulkReader::update_crcs(std::span<const Part> parts) {
  parallel_for(0, static_cast<int64_t>(parts.size()), 1, [&](int64_t first, int64_t last) {
    for (const Part& part : parts.subspan(first, last - first)) {
      auto bytes = target_of(part);
      crcs_[part.read] = libdeflate_crc32(crcs_[part.read], bytes.data(), bytes.size());
    }
  });
}

void BulkReader::check_crcs() const {
  for (size_t i = 0; i < reads_.size(); ++i) {
    const zip::Record& record = *reads_[i].record;
    if (record.crc32 == 0 || !reads_[i].is_whole() || record.crc32 == crcs_[i]) continue;  // 0: none was computed
    throw Error(ErrorKind::bad_file, "the CRC-32 of the record's bytes is not the one its writer computed")
        .expected(fmt::format("{:08x}", record.crc32))
        .found(fmt::format("{:08x}", crcs_[i]))
        .hint("The file was damaged after it was written; copy it again.")
        .at("record", record.name);
  }
}

}  // namespace

void read_records(std::vector<RecordRead> reads, const LoadOptions& options) {
  BulkReader(std::move(reads), options).run();
}

}  // namespace okibi::checkpoint
