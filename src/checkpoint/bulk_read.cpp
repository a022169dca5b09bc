#include "checkpoint/bulk_read.h"

#include <algorithm>
#include <mutex>

#include "base/crc32.h"

namespace okibi::checkpoint {
namespace {

constexpr uint64_t wave_bytes = uint64_t{1} << 30;     // what is in flight together
constexpr uint64_t block_bytes = uint64_t{16} << 20;   // memory of a wave for small records on their way
constexpr uint64_t range_bytes = uint64_t{8} << 20;    // one request
constexpr uint64_t small_record = uint64_t{64} << 10;  // below it, copying is cheaper than a request of its own
constexpr uint64_t largest_gap = 4096;                 // headers and padding between two records

// A part of a record that one wave brings.
struct Part {
  size_t read;  // which RecordRead
  uint64_t begin, size;
};

bool is_small(const Part& part) { return part.size <= small_record; }

// What one request brings: a piece of one part, or several small parts that lie side by side, in a block from which
// they are copied.
struct Request {
  io::Range range;
  std::span<const Part> parts;
  std::vector<std::byte> block = {};
  uint32_t crc = 0;  // of a piece, as far as it has come
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
  std::span<const Part> of_one_source(std::span<const Part> parts) const;
  std::span<const Part> run_at(std::span<const Part> parts) const;
  std::vector<Request> requests_for(std::span<const Part> parts) const;
  Request block_of(std::span<const Part> parts) const;
  void read(std::span<const Part> parts);
  void fetch(const io::Source& source, std::span<Request> requests);
  void arrived(Request& request, std::span<const std::byte> bytes);
  void finish(const Request& request);
  void scatter(const Request& request);
  void check_crcs() const;

  const io::Source& source_of(const Part& part) const { return *reads_[part.read].source; }
  uint64_t begin_of(const Part& part) const {  // in its source
    return reads_[part.read].record->offset + reads_[part.read].begin + part.begin;
  }
  uint64_t end_of(const Part& part) const { return begin_of(part) + part.size; }
  std::span<std::byte> target_of(const Part& part) const {
    return reads_[part.read].into.subspan(part.begin, part.size);
  }

  std::vector<RecordRead> reads_;
  std::vector<uint32_t> crcs_;  // of what has come so far
  const LoadOptions& options_;
  std::mutex reporting_;
  uint64_t total_ = 0, done_ = 0;
  size_t at_read_ = 0;     // where the next wave begins: this record,
  uint64_t at_begin_ = 0;  // this byte of it
};

void BulkReader::run() {
  if (options_.progress) options_.progress(0, total_);
  for (auto wave = next_wave(); !wave.empty(); wave = next_wave()) {
    for (std::span<const Part> rest = wave; !rest.empty();) {
      const auto together = of_one_source(rest);
      read(together);
      rest = rest.subspan(together.size());
    }
  }
  if (options_.check_crc) check_crcs();
}

std::vector<Part> BulkReader::next_wave() {
  std::vector<Part> wave;
  uint64_t room = wave_bytes, block_room = block_bytes;
  while (room > 0 && block_room > 0 && at_read_ < reads_.size()) {
    const Part part{at_read_, at_begin_, std::min(room, reads_[at_read_].into.size() - at_begin_)};
    if (part.size > 0) wave.push_back(part);
    room -= part.size;
    if (is_small(part)) block_room -= std::min(block_room, part.size + largest_gap);
    at_begin_ += part.size;
    if (at_begin_ == reads_[at_read_].into.size()) ++at_read_, at_begin_ = 0;
  }
  return wave;
}

// The longest beginning of `parts` that lies in one source.
std::span<const Part> BulkReader::of_one_source(std::span<const Part> parts) const {
  const auto other = std::ranges::find_if(parts, [&](auto& part) { return &source_of(part) != &source_of(parts[0]); });
  return parts.first(static_cast<size_t>(other - parts.begin()));
}

// The longest beginning of `parts` that one request should bring.
std::span<const Part> BulkReader::run_at(std::span<const Part> parts) const {
  if (!is_small(parts[0])) return parts.first(1);
  const uint64_t begin = begin_of(parts[0]);
  size_t count = 1;
  for (uint64_t end = end_of(parts[0]); count < parts.size(); ++count) {
    const Part& part = parts[count];
    const bool is_near = begin_of(part) >= end && begin_of(part) - end <= largest_gap;
    end = end_of(part);
    if (!is_near || !is_small(part) || end - begin > range_bytes) break;
  }
  return parts.first(count);
}

Request BulkReader::block_of(std::span<const Part> parts) const {
  const uint64_t offset = begin_of(parts.front());
  Request request{.range = {}, .parts = parts, .block = std::vector<std::byte>(end_of(parts.back()) - offset)};
  request.range = {offset, request.block};
  return request;
}

std::vector<Request> BulkReader::requests_for(std::span<const Part> parts) const {
  std::vector<Request> requests;
  while (!parts.empty()) {
    const auto together = run_at(parts);
    parts = parts.subspan(together.size());
    if (together.size() > 1) {
      requests.push_back(block_of(together));
      continue;
    }
    const auto target = target_of(together[0]);
    for (uint64_t at = 0; at < target.size(); at += range_bytes) {
      const auto piece = target.subspan(at, std::min(range_bytes, target.size() - at));
      requests.push_back({.range = {begin_of(together[0]) + at, piece}, .parts = together});
    }
  }
  return requests;
}

// Where each of several threads begins, so that all have about as many bytes to bring.
std::vector<size_t> equal_shares(std::span<const Request> requests) {
  std::vector<uint64_t> ends;
  uint64_t total = 0;
  for (const Request& request : requests) ends.push_back(total += request.range.into.size());
  const auto threads = static_cast<uint64_t>(num_threads());
  std::vector<size_t> shares = {0};
  for (uint64_t share = 1; share < threads; ++share) {
    const auto place = std::ranges::lower_bound(ends, total / threads * share);
    shares.push_back(static_cast<size_t>(place - ends.begin()));
  }
  shares.push_back(requests.size());
  return shares;
}

// A local source reads one range after the other, so several threads share them; a remote one has all that it is given
// in flight at once.
void BulkReader::read(std::span<const Part> parts) {
  std::vector<Request> requests = requests_for(parts);
  const std::vector<size_t> shares = equal_shares(requests);
  parallel_for(0, static_cast<int64_t>(shares.size()) - 1, 1, [&](int64_t first, int64_t last) {
    fetch(source_of(parts[0]), std::span(requests).subspan(shares[first], shares[last] - shares[first]));
  });
  for (const Request& request : requests) finish(request);
}

void BulkReader::fetch(const io::Source& source, std::span<Request> requests) {
  std::vector<io::Range> ranges;
  for (const Request& request : requests) ranges.push_back(request.range);
  source.read_many(ranges, [&](size_t index, auto bytes) { arrived(requests[index], bytes); });
}

// The CRC is computed here, while the bytes are in the cache: reading them from memory again would cost as much as all
// the rest.
void BulkReader::arrived(Request& request, std::span<const std::byte> bytes) {
  throw_if_stopped(options_.stop);
  if (options_.check_crc && request.block.empty()) {
    request.crc = extend_crc32(request.crc, bytes);
  }
  if (!options_.progress || !request.block.empty()) return;
  const std::lock_guard lock(reporting_);
  options_.progress(done_ += bytes.size(), total_);
}

void BulkReader::finish(const Request& request) {
  if (!request.block.empty()) return scatter(request);
  uint32_t& crc = crcs_[request.parts[0].read];
  crc = join_crc32(crc, request.crc, request.range.into.size());
}

void BulkReader::scatter(const Request& request) {
  for (const Part& part : request.parts) {
    const std::byte* from = request.block.data() + (begin_of(part) - request.range.offset);
    std::memcpy(target_of(part).data(), from, part.size);
    if (options_.check_crc) crcs_[part.read] = extend_crc32(crcs_[part.read], {from, part.size});
    done_ += part.size;
  }
  if (options_.progress) options_.progress(done_, total_);
}

void BulkReader::check_crcs() const {
  for (size_t i = 0; i < reads_.size(); ++i) {
    if (reads_[i].is_whole()) zip::check_crc(*reads_[i].source, *reads_[i].record, crcs_[i]);
  }
}

}  // namespace

void read_records(std::vector<RecordRead> reads, const LoadOptions& options) {
  BulkReader(std::move(reads), options).run();
}

}  // namespace okibi::checkpoint
