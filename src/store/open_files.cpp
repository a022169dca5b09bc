#include "store/open_files.h"

namespace okibi::store {

class OpenFiles::Reopened final : public io::Source {
 public:
  Reopened(OpenFiles& files, std::string file, const io::Source& now)
      : files_(files), file_(std::move(file)), name_(now.name()), size_(now.size()) {}

  uint64_t size() const override { return size_; }
  std::string name() const override { return name_; }
  void read(uint64_t offset, std::span<std::byte> into) const override { file()->read(offset, into); }
  void read_many(std::span<const io::Range> ranges, const Arrived& arrived) const override {
    file()->read_many(ranges, arrived);
  }
  std::shared_ptr<std::byte> map(uint64_t offset, uint64_t length) const override {
    return file()->map(offset, length);
  }

 private:
  std::shared_ptr<const io::Source> file() const {
    auto found = files_.open(file_);
    if (found->size() == size_) return found;
    throw Error(ErrorKind::io, "the file has another length than when the checkpoint was opened")
        .expected(size_)
        .found(found->size())
        .hint("Something else writes to it: wait until that has ended, and try again.")
        .at("", name_);
  }

  OpenFiles& files_;
  std::string file_, name_;
  uint64_t size_;
};

std::shared_ptr<const io::Source> OpenFiles::source(const std::string& file) {
  const auto now = open(file);
  const std::lock_guard lock(mutex_);
  auto& known = sources_[file];
  if (!known) known = std::make_shared<const Reopened>(*this, file, *now);
  return known;
}

// Whoever reads from a file that is put out of the table still holds it.
std::shared_ptr<const io::Source> OpenFiles::open(const std::string& file) {
  const std::lock_guard lock(mutex_);
  if (const auto found = open_.find(file); found != open_.end()) return found->second;
  if (open_.size() >= most_) {
    open_.erase(order_.front());
    order_.pop_front();
  }
  auto opened = folder_->open(file);
  open_.emplace(file, opened);
  order_.push_back(file);
  return opened;
}

}  // namespace okibi::store
