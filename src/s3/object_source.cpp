#include "s3/object_source.h"

#include <algorithm>

#include "s3/objects.h"
#include "s3/urls.h"

namespace okibi::s3 {
namespace {

constexpr uint64_t tail_size = uint64_t{256} << 10;
constexpr uint64_t small_read = uint64_t{64} << 10;     // below it, what lies around is likely to be read next
constexpr uint64_t largest_gap = uint64_t{96} << 10;    // costs less to fetch than a round trip
constexpr uint64_t smallest_piece = uint64_t{1} << 20;  // costs about as much to fetch as a round trip

// In parts that are still in the cache when someone looks at them.
void take_in_parts(std::span<const std::byte> bytes, const Session::Take& take) {
  constexpr size_t largest = size_t{64} << 10;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(largest, bytes.size()))) {
    take(bytes.first(std::min(largest, bytes.size())));
  }
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------ blocks

struct BlockCache::Block {
  explicit Block(uint64_t at) : index(at) {}

  const uint64_t index;
  uint64_t last_use = 0;         // guarded by the table's mutex
  std::mutex mutex;              // held while it is fetched
  std::vector<std::byte> bytes;  // empty until then, and never changed after
};

// The block, which takes the place of the one that was not used for longest.
std::shared_ptr<BlockCache::Block> BlockCache::find(uint64_t index) {
  const std::lock_guard lock(mutex_);
  const auto age = [](const std::shared_ptr<Block>& block) { return block ? block->last_use : 0; };
  auto found = std::ranges::find_if(blocks_, [&](const auto& block) { return block && block->index == index; });
  if (found == blocks_.end()) {
    found = std::ranges::min_element(blocks_, {}, age);
    *found = std::make_shared<Block>(index);
  }
  (*found)->last_use = ++clock_;
  return *found;
}

std::span<const std::byte> BlockCache::bytes_of(Block& block) {
  const std::lock_guard lock(block.mutex);
  if (block.bytes.empty()) {
    const uint64_t begin = block.index * block_size;
    std::vector<std::byte> bytes(std::min(block_size, size_ - begin));
    fetch_(begin, bytes);
    block.bytes = std::move(bytes);
  }
  return block.bytes;
}

void BlockCache::read(uint64_t offset, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto block = find(offset / block_size);
    const auto from = bytes_of(*block).subspan(offset % block_size);
    const size_t size = std::min(from.size(), into.size());
    std::memcpy(into.data(), from.data(), size);
    into = into.subspan(size);
    offset += size;
  }
}

// ------------------------------------------------------------------------------------------------------------ source

struct ObjectSource::Target {
  uint64_t offset;
  std::span<std::byte> into;
  size_t index;  // of the range that it belongs to

  uint64_t end() const { return offset + into.size(); }
};

struct ObjectSource::Piece {
  std::span<const Target> targets;  // sorted, none over another

  uint64_t offset() const { return targets.front().offset; }
  uint64_t length() const { return targets.back().end() - offset(); }
};

// Puts the bytes of a piece where they belong, and drops those between.
class ObjectSource::Scatter {
 public:
  Scatter(const Piece& piece, const Arrived& arrived)
      : at_(piece.offset()), targets_(piece.targets), arrived_(arrived) {}

  void take(std::span<const std::byte> part) {
    while (!part.empty()) {
      const Target& target = targets_.front();
      const size_t size = at_ < target.offset ? std::min<uint64_t>(part.size(), target.offset - at_)
                                              : std::min<uint64_t>(part.size(), target.end() - at_);
      if (at_ >= target.offset) put(target, part.first(size));
      part = part.subspan(size);
      at_ += size;
      if (at_ == target.end()) targets_ = targets_.subspan(1);
    }
  }

 private:
  void put(const Target& target, std::span<const std::byte> part) const {
    const auto place = target.into.subspan(at_ - target.offset, part.size());
    std::memcpy(place.data(), part.data(), part.size());
    if (arrived_) arrived_(target.index, place);
  }

  uint64_t at_;
  std::span<const Target> targets_;
  const Arrived& arrived_;
};

ObjectSource::ObjectSource(std::shared_ptr<Session> session, Operation get)
    : session_(std::move(session)),
      get_(std::move(get)),
      tail_(session_->get_tail(get_, tail_size)),
      blocks_(tail_.version.size, [this](uint64_t offset, std::span<std::byte> into) { fill(offset, into); }),
      slots_(session_->options().max_concurrency) {}

std::string ObjectSource::name() const {
  if (!get_.url.empty()) return store::shown(get_.url);
  return "s3://" + get_.where.bucket + "/" + get_.where.key;
}

// The checksum of a whole object is told with its head, not with ranges of it. One that was replaced is another object.
std::optional<uint32_t> ObjectSource::crc32() const {
  if (!get_.url.empty()) return std::nullopt;
  return kept_crc(*session_, get_.where, version());
}

void ObjectSource::fetch(uint64_t offset, uint64_t length, const Session::Take& take,
                         const std::stop_token& stop) const {
  const uint64_t far = offset < tail_begin() ? std::min(length, tail_begin() - offset) : 0;
  if (far > 0) {
    const Slots::Held slot(slots_);
    throw_if_stopped(stop);
    Operation get = get_;
    get.stop = stop;
    session_->get_range(get, tail_.version, offset, far, take);
  }
  if (far < length) take_in_parts(std::span(tail_.bytes).subspan(offset + far - tail_begin(), length - far), take);
}

void ObjectSource::fill(uint64_t offset, std::span<std::byte> into) const {
  const Target target{offset, into, 0};
  const Arrived nobody;
  Scatter scatter({{&target, 1}}, nobody);
  fetch(
      offset, into.size(), [&](auto part) { scatter.take(part); }, session_->options().stop);
}

void ObjectSource::read(uint64_t offset, std::span<std::byte> into) const {
  io::check_range(*this, offset, into.size());
  if (into.empty()) return;
  if (offset >= tail_begin()) return fill(offset, into);
  const io::Range range{offset, into};
  read_many({&range, 1});
}

// Few bytes are spread over all connections, as far as that is worth a round trip.
uint64_t ObjectSource::piece_size(uint64_t total) const {
  const S3Options& options = session_->options();
  const uint64_t share = total / static_cast<uint64_t>(options.max_concurrency) + 1;
  return std::clamp(share, std::min(smallest_piece, options.part_size), options.part_size);
}

std::vector<ObjectSource::Target> ObjectSource::targets_of(std::span<const io::Range> ranges, uint64_t largest) const {
  std::vector<Target> targets;
  for (size_t index = 0; index < ranges.size(); ++index) {
    const auto [offset, into] = ranges[index];
    for (uint64_t at = 0; at < into.size(); at += largest) {
      targets.push_back({offset + at, into.subspan(at, std::min(largest, into.size() - at)), index});
    }
  }
  std::ranges::stable_sort(targets, {}, &Target::offset);
  return targets;
}

// The parts of one range must come in order: where someone looks at them, a range is never cut into several requests.
void ObjectSource::read_many(std::span<const io::Range> ranges, const Arrived& arrived) const {
  uint64_t total = 0;
  for (const io::Range& range : ranges) {
    io::check_range(*this, range.offset, range.into.size());
    total += range.into.size();
  }
  const uint64_t largest = piece_size(total);
  const std::vector<Target> targets = targets_of(ranges, arrived ? UINT64_MAX : largest);
  std::vector<Piece> pieces;
  for (const Target& target : targets) {
    const bool joins = !pieces.empty() && target.offset >= pieces.back().targets.back().end() &&
                       target.offset - pieces.back().targets.back().end() <= largest_gap &&
                       target.end() - pieces.back().offset() <= largest;
    if (joins) {
      pieces.back().targets = {pieces.back().targets.data(), pieces.back().targets.size() + 1};
    } else {
      pieces.push_back({{&target, 1}});
    }
  }
  const S3Options& options = session_->options();
  run_requests(pieces.size(), options.max_concurrency, options.stop,
               [&](size_t job, const std::stop_token& stop) { read_piece(pieces[job], arrived, stop); });
}

void ObjectSource::read_piece(const Piece& piece, const Arrived& arrived, const std::stop_token& stop) const {
  if (piece.targets.size() == 1 && piece.length() < small_read && piece.offset() < tail_begin()) {
    const Target& target = piece.targets.front();
    blocks_.read(target.offset, target.into);
    if (arrived) arrived(target.index, target.into);
    return;
  }
  Scatter scatter(piece, arrived);
  fetch(
      piece.offset(), piece.length(), [&](auto part) { scatter.take(part); }, stop);
}

std::shared_ptr<const ObjectSource> open_object(std::shared_ptr<Session> session, const S3Uri& where) {
  return std::make_shared<ObjectSource>(std::move(session), Operation{.name = "GetObject", .where = object_at(where)});
}

std::shared_ptr<const ObjectSource> open_url(std::shared_ptr<Session> session, const std::string& url) {
  static_cast<void>(split_url(url));  // refuses what is none
  return std::make_shared<ObjectSource>(std::move(session),
                                        Operation{.name = "GET", .url = url.substr(0, url.find('#'))});
}

}  // namespace okibi::s3
