#include "checkpoint/formats/parts.h"

#include <fmt/format.h>

namespace okibi::checkpoint {
namespace {

// Puts the part's name in front of the keys.
class NamedAfterPart final : public ForwardingMaker {
 public:
  NamedAfterPart(const std::string& part, TensorMaker& next) : ForwardingMaker(next), part_(part) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override {
    StorageRef named = storage;
    named.key = part_ + "/" + storage.key;
    return next_.make(named, spec);
  }
  Tensor assemble(const Assembly&) override {
    throw Error(ErrorKind::unsupported, "a checkpoint in several parts cannot be a part of another").at("file", part_);
  }

 private:
  const std::string& part_;
};

std::pair<std::string_view, std::string_view> split(std::string_view key) {
  const size_t slash = key.find('/');
  if (slash == key.npos) return {key, {}};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace

void Parts::add(std::string name, std::unique_ptr<const OpenedFile> file) {
  index_bytes_ = checked_add(index_bytes_, file->index_bytes(), "the indexes of all parts");
  files_.emplace(std::move(name), std::move(file));
}

Value Parts::object_of(const std::string& name, TensorMaker& tensors) const {
  NamedAfterPart maker(name, tensors);
  return in_context("file", name, [&] { return files_.at(name)->object(maker); });
}

const OpenedFile* Parts::part_of(const StorageRef& storage) const {
  const auto found = files_.find(split(storage.key).first);
  return found == files_.end() ? nullptr : found->second.get();
}

Extent Parts::extent_of(const StorageRef& storage) const {
  StorageRef within = storage;
  within.key = split(storage.key).second;
  return in_context("file", split(storage.key).first, [&] { return part_of(storage)->extent_of(within); });
}

}  // namespace okibi::checkpoint
