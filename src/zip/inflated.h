// zip/inflated.h: a deflated record from its first byte to its last, in pieces, for what should not lie in memory
// whole.
#pragma once

#include <okibi/zip.h>

#include <memory>
#include <span>
#include <vector>

struct z_stream_s;

namespace okibi::zip {

// Goes forward only. Takes little memory, whatever the record claims to be.
class Inflated {
 public:
  Inflated(const io::Source& source, const Record& record);  // both must outlive this
  ~Inflated();
  Inflated(const Inflated&) = delete;
  Inflated& operator=(const Inflated&) = delete;

  uint64_t position() const noexcept { return position_; }  // the inflated byte that comes next
  uint64_t taken() const noexcept { return taken_; }        // stored bytes that were read

  // The next into.size() bytes, which the record must claim to have. Error(bad_file) when the bytes are damaged, or
  // give fewer than that; and with the last one, when they give more, when something follows them, or when the CRC-32
  // is not what the record says.
  void read(std::span<std::byte> into);

 private:
  void fill(std::span<std::byte> into);
  void refill();
  void check_end();

  const io::Source& source_;
  const Record& record_;
  std::unique_ptr<z_stream_s> stream_;
  std::vector<std::byte> window_;  // of the stored bytes
  uint64_t taken_ = 0, position_ = 0;
  uint32_t crc_ = 0;
  bool ended_ = false;
};

}  // namespace okibi::zip
