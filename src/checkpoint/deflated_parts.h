// checkpoint/deflated_parts.h: parts of deflated records. Nothing inflates from the middle, so who asks for parts in
// any order asks for the same work again and again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "checkpoint/opened_file.h"
#include "zip/inflated.h"

namespace okibi::checkpoint {

// PyTorch stores its records as they are; deflated ones come from people who zipped a checkpoint again. Each record is
// mostly read once, from its begin to its end: then a piece of it is all that lies in memory. A record of up to 64 MiB
// is kept as a whole while it is the last one that was asked for, and so is a larger one that was twice asked for out
// of order. Thread-safe: one thread reads at a time.
class DeflatedParts {
 public:
  // Whether a caller may have records inflated as often as it likes, or only a few times as many bytes as they have:
  // then more is Error(limit). It is for those who follow what a file says.
  enum class Again : uint8_t { unbounded, bounded };
  using Take = std::function<void(std::span<std::byte>)>;  // may write into what it is given

  explicit DeflatedParts(Again again = Again::unbounded) : again_(again) {}

  // Hands bytes [begin, begin + size) to `take`, in order, in pieces of a multiple of every element's size (but the
  // last). The CRC-32 is checked where the record's end is reached.
  void read(const Extent& extent, uint64_t begin, uint64_t size, const Take& take);

 private:
  void turn_to(const Extent& extent, uint64_t begin);
  void forget();
  void account(const zip::Record& record);
  void skip_to(uint64_t begin);
  std::span<std::byte> next(uint64_t begin, uint64_t size);

  const Again again_;
  std::mutex mutex_;                       // guards all that follows
  const zip::Record* record_ = nullptr;    // that was asked for last
  std::unique_ptr<zip::Inflated> stream_;  // where it is not kept
  std::vector<std::byte> whole_;           // where it is
  std::vector<std::byte> piece_;
  int restarts_ = 0;  // of this record
  std::set<const zip::Record*> seen_;
  uint64_t seen_bytes_ = 0, inflated_bytes_ = 0;
};

}  // namespace okibi::checkpoint
