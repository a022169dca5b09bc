// s3/object_source.h: an object, or a file behind a URL, as a Source.
#pragma once

#include <array>

#include "s3/requests.h"
#include "s3/session.h"
#include "store/resumable.h"

namespace okibi::s3 {

// A few blocks of an object, for readers that look at a magic, then at a directory, then at a pickle in small steps.
// Thread-safe: threads that want the same block fetch it once, others do not wait for them.
class BlockCache {
 public:
  static constexpr uint64_t block_size = uint64_t{128} << 10;
  using Fetch = std::function<void(uint64_t offset, std::span<std::byte> into)>;

  BlockCache(uint64_t size, Fetch fetch) : size_(size), fetch_(std::move(fetch)) {}
  void read(uint64_t offset, std::span<std::byte> into);

 private:
  struct Block;
  std::shared_ptr<Block> find(uint64_t index);
  std::span<const std::byte> bytes_of(Block& block);

  const uint64_t size_;
  const Fetch fetch_;
  std::mutex mutex_;  // guards the table, not the blocks
  std::array<std::shared_ptr<Block>, 16> blocks_;
  uint64_t clock_ = 0;
};

// One version of an object. Opening it takes one request, which brings its length and its end, where zip keeps its
// directory. Small reads come out of a few blocks; large ones are requests for ranges, several at once, straight into
// their place.
class ObjectSource final : public io::Source, public store::Versioned {
 public:
  ObjectSource(std::shared_ptr<Session> session, Operation get);

  uint64_t size() const override { return tail_.version.size; }
  std::string name() const override;
  std::string version() const override { return tail_.version.etag; }
  std::optional<uint32_t> crc32() const override;  // not of a file behind a URL
  void read(uint64_t offset, std::span<std::byte> into) const override;
  // Ranges that lie close together are fetched with one request. At most max_concurrency requests are in flight,
  // however many threads read.
  void read_many(std::span<const io::Range> ranges, const Arrived& arrived = {}) const override;

 private:
  struct Target;  // a piece of memory to fill
  struct Piece;   // what one request brings
  class Scatter;

  std::vector<Target> targets_of(std::span<const io::Range> ranges, uint64_t largest) const;
  void read_piece(const Piece& piece, const Arrived& arrived, const std::stop_token& stop) const;
  void fetch(uint64_t offset, uint64_t length, const Session::Take& take, const std::stop_token& stop) const;
  void fill(uint64_t offset, std::span<std::byte> into) const;
  uint64_t piece_size(uint64_t total) const;
  uint64_t tail_begin() const { return tail_.version.size - tail_.bytes.size(); }

  std::shared_ptr<Session> session_;
  Operation get_;
  Tail tail_;
  mutable BlockCache blocks_;
  mutable Slots slots_;
};

std::shared_ptr<const ObjectSource> open_object(std::shared_ptr<Session> session, const S3Uri& where);
std::shared_ptr<const ObjectSource> open_url(std::shared_ptr<Session> session, const std::string& url);

}  // namespace okibi::s3
