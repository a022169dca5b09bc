#include "checkpoint/deflated_parts.h"

#include <algorithm>

namespace okibi::checkpoint {
namespace {

constexpr uint64_t small = uint64_t{64} << 20;
constexpr uint64_t piece_bytes = uint64_t{8} << 20;  // a multiple of every element's size
constexpr int most_restarts = 2;
constexpr uint64_t always_inflated = uint64_t{256} << 20;  // beside four times what the records have

}  // namespace

void DeflatedParts::read(const Extent& extent, uint64_t begin, uint64_t size, const Take& take) {
  const std::lock_guard lock(mutex_);
  try {
    turn_to(extent, begin);
    for (const uint64_t end = begin + size; begin < end;) {
      const auto piece = next(begin, std::min(end - begin, piece_bytes));
      take(piece);
      begin += piece.size();
    }
  } catch (...) {
    forget();
    throw;
  }
}

// What an error left half inflated would give wrong bytes to the next call.
void DeflatedParts::forget() { record_ = nullptr, stream_ = nullptr, whole_ = {}; }

void DeflatedParts::turn_to(const Extent& extent, uint64_t begin) {
  const bool is_same = extent.record == record_;
  if (is_same && !stream_) return;
  if (is_same && begin >= stream_->position()) return skip_to(begin);
  restarts_ = is_same ? restarts_ + 1 : 0;
  forget();
  account(*extent.record);
  if (extent.record->size <= small || restarts_ == most_restarts) {
    whole_ = read_whole(extent);
  } else {
    stream_ = std::make_unique<zip::Inflated>(*extent.source, *extent.record);
    skip_to(begin);
  }
  record_ = extent.record;
}

void DeflatedParts::account(const zip::Record& record) {
  if (seen_.insert(&record).second) seen_bytes_ += record.size;
  inflated_bytes_ += record.size;
  if (again_ == Again::unbounded || inflated_bytes_ / 4 <= seen_bytes_ + always_inflated / 4) return;
  throw Error(ErrorKind::limit, "parts of deflated records are asked for in an order that inflates them too often")
      .hint("Unpack the archive and pack it again without compression (zip -0), as PyTorch does.")
      .at("record", record.name);
}

void DeflatedParts::skip_to(uint64_t begin) {
  while (stream_->position() < begin) {
    piece_.resize(std::min(begin - stream_->position(), piece_bytes));
    stream_->read(piece_);
  }
}

// The pieces are copies, for who takes them may turn their bytes round.
std::span<std::byte> DeflatedParts::next(uint64_t begin, uint64_t size) {
  piece_.resize(size);
  if (stream_) {
    stream_->read(piece_);
  } else {
    std::copy_n(whole_.begin() + static_cast<ptrdiff_t>(begin), size, piece_.begin());
  }
  return piece_;
}

}  // namespace okibi::checkpoint
