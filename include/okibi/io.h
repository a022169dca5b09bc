// okibi/io.h: bytes. A Source is read at any offset by any number of threads; a Sink is written in order by one, and
// then committed or abandoned. Neither knows what the bytes mean, nor what a URI is.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <okibi/base.h>

namespace okibi::io {

// One piece of a Source and where it goes.
struct Range {
  uint64_t offset = 0;
  std::span<std::byte> into = {};
};

// Bytes that can be read at any offset. Reading is const and thread-safe; the length is fixed at opening.
class Source {
 public:
  virtual ~Source() = default;
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  virtual uint64_t size() const = 0;
  virtual std::string name() const = 0;  // a path or a URI, for messages

  // Fills `into` with the bytes at `offset`. A range beyond size() is Error(bad_file) with both numbers; a file that
  // shrank or a medium that fails is Error(io).
  virtual void read(uint64_t offset, std::span<std::byte> into) const = 0;

  // Is given what came of the range ranges[index]: its parts in their order, and no two at once.
  using Arrived = std::function<void(size_t index, std::span<const std::byte> part)>;

  // Fills all ranges, in any order, possibly at once: a remote source has them in flight together, and calls `arrived`
  // for several ranges from several threads. Here: one by one. The parts are small enough that their bytes are still in
  // the cache when `arrived`, where it is given, looks at them. What it throws ends the reading.
  virtual void read_many(std::span<const Range> ranges, const Arrived& arrived = {}) const;

  // A private, writable mapping of [offset, offset + length) that lives as long as the pointer, or nullptr where the
  // source cannot map. `offset` need not be a multiple of the page size.
  virtual std::shared_ptr<std::byte> map(uint64_t offset, uint64_t length) const;
  // Error(io) where somebody has written to it since it was opened, as far as that can be seen: what was mapped is then
  // no longer what was read. Costs less than a microsecond.
  virtual void check_unchanged() const {}
};

// Bytes to write in order. What was written becomes visible at commit(), as a whole; a Sink destroyed without commit()
// leaves no trace, and whatever stood there before still does.
class Sink {
 public:
  virtual ~Sink() = default;
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  virtual void write(std::span<const std::byte> bytes) = 0;  // Error(io) on failure: the sink can then only be dropped
  virtual void commit() = 0;                                 // at most once; nothing may be written afterwards
  virtual uint64_t position() const = 0;                     // bytes written so far
  virtual std::string name() const = 0;

  void write(std::string_view text) { write(okibi::as_bytes(text)); }

  // The same with bytes that `owner` keeps alive, and that nobody changes until settle(): a sink that sends them later
  // need not copy them. Here they are written at once.
  virtual void write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner);
  // The same by a sink that computes the CRC-32 (zip's) of the bytes anyway, which whoever needs it need not compute
  // again. Without an owner they are copied. nullopt: this sink computes none, and has written nothing.
  virtual std::optional<uint32_t> write_summed(std::span<const std::byte> bytes,
                                               const std::shared_ptr<const void>& owner);
  // Waits until what was lent may change: it has been sent, or is copied now. So also where this throws.
  virtual void settle() {}
};

// A local file, read with pread. Error(not_found), Error(no_permission) or Error(io) with the system's words; a folder
// or a device is refused.
class FileSource final : public Source {
 public:
  explicit FileSource(const std::string& path);
  ~FileSource() override;
  uint64_t size() const override { return size_; }
  std::string name() const override { return path_; }
  void read(uint64_t offset, std::span<std::byte> into) const override;
  std::shared_ptr<std::byte> map(uint64_t offset, uint64_t length) const override;
  void check_unchanged() const override;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
  int64_t written_ = 0;  // when somebody last did, in nanoseconds
};

class TemporaryFile;

// Replaces a local file atomically: writes to a temporary file in the same folder (.<name>.okibi-<pid>-<random>, locked
// while its writer lives); commit() flushes it to the disk, renames it over the target and flushes the folder, in this
// order. A crash, a kill or a full disk at any moment leaves the old file or the new one, whole. The temporary file is
// removed when the sink goes without commit(); what a killed process left behind is removed by the next FileSink for
// the same target. Permissions of a file that is replaced are kept, a file that this process may not write is not
// replaced, and a symbolic link is followed, so that its target is replaced. A device, a pipe or a folder cannot be
// replaced and is Error(bad_argument).
class FileSink final : public Sink {
 public:
  explicit FileSink(const std::string& path);  // Error at once when the folder is missing or not writable
  ~FileSink() override;
  using Sink::write;
  void write(std::span<const std::byte> bytes) override;
  void commit() override;
  uint64_t position() const override { return position_; }
  std::string name() const override { return path_; }

 private:
  enum class State : uint8_t { open, failed, committed };

  void check_open() const;
  void write_through(std::span<const std::byte> bytes);

  std::string path_;                     // as it was given
  std::string target_;                   // absolute, links followed: another working directory later does not matter
  std::unique_ptr<TemporaryFile> file_;  // nullptr once committed
  State state_ = State::open;
  uint64_t position_ = 0;
  std::vector<std::byte> buffer_;  // small writes are gathered
};

// A growable block of bytes that is written as a Sink and read as a Source. Not to be read while it is written.
class Buffer final : public Source, public Sink {
 public:
  Buffer() = default;
  explicit Buffer(std::vector<std::byte> bytes, std::string name = "buffer");
  explicit Buffer(std::span<const std::byte> bytes, std::string name = "buffer");

  std::span<const std::byte> bytes() const noexcept { return bytes_; }

  uint64_t size() const override { return bytes_.size(); }
  std::string name() const override { return name_; }
  void read(uint64_t offset, std::span<std::byte> into) const override;

  using Sink::write;
  void write(std::span<const std::byte> bytes) override;
  void commit() override {}
  uint64_t position() const override { return bytes_.size(); }

 private:
  std::vector<std::byte> bytes_;
  std::string name_ = "buffer";
};

// Throws Error(bad_file) naming the source unless [offset, offset + length) lies within it.
void check_range(const Source& source, uint64_t offset, uint64_t length);

}  // namespace okibi::io

namespace okibi {
using io::Buffer;
}
