// inspect/scan/part.h: something to look at: a file, a record, or a run of bytes in one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <okibi/io.h>

namespace okibi::inspect {

// What is expected of the bytes, which decides what is a problem. Whatever the role, every global found is told.
enum class Role : uint8_t {
  file,      // must be a file that can hold tensors
  record,    // of an archive or a folder: may be text, too
  pickle,    // must be one or more pickles to the last byte
  fragment,  // of something damaged, which was told already
  inner,     // bytes in a pickle that begin like another
};

struct Part {
  std::shared_ptr<const io::Source> bytes;
  std::string where;  // "" for the file itself
  Role role = Role::file;
  unsigned depth = 0;  // how many archives and pickles it lies in
};

std::string join(const std::string& where, const std::string& name);  // "a.zip > data.pkl"

// [begin, end) of a source that outlives it, as a source of its own.
class PartSource final : public io::Source {
 public:
  PartSource(std::shared_ptr<const io::Source> whole, uint64_t begin, uint64_t end)
      : whole_(std::move(whole)), begin_(begin), size_(end - begin) {}
  uint64_t size() const override { return size_; }
  std::string name() const override { return whole_->name(); }
  void read(uint64_t offset, std::span<std::byte> into) const override;

 private:
  std::shared_ptr<const io::Source> whole_;
  uint64_t begin_, size_;
};

std::vector<std::byte> read_bytes(const io::Source& source, uint64_t begin, uint64_t end);
std::string read_head(const io::Source& source, uint64_t most);

}  // namespace okibi::inspect
