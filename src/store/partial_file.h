// store/partial_file.h: a local file that is written in several runs of a program.
#pragma once

#include <memory>

#include <okibi/io.h>

#include "io/system.h"

namespace okibi::store {

// Writes ".<name>.okibi_part-<hash of identity>" beside its target, keeps it when it goes without commit(), and finds
// it again when it is made anew with the same identity, which says what the bytes are of. What was not yet flushed to
// the disk when the machine stopped is not trusted: a new run begins at a multiple of 64 MiB.
class PartialFile final : public io::Sink {
 public:
  PartialFile(const std::string& path, const std::string& identity);
  ~PartialFile() override;
  using Sink::write;
  void write(std::span<const std::byte> bytes) override;
  void commit() override;
  uint64_t position() const override { return position_; }  // at first: what an earlier run left
  std::string name() const override { return path_; }
  uint32_t crc32() const;  // of what is there; it is read again
  void clear();            // nothing is there any more

 private:
  void lock();
  bool is_at_its_name() const;
  void cut_at(uint64_t size);
  void flush();

  std::string path_, target_, part_;
  std::unique_ptr<io::Descriptor> file_;
  uint64_t position_ = 0, flushed_ = 0;
  bool is_in_place_ = false;
};

}  // namespace okibi::store
