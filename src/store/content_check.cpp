#include "store/content_check.h"

#include <fmt/format.h>

#include "base/crc32.h"
#include "store/partial_file.h"
#include "store/resumable.h"

namespace okibi::store {

ContentCheck::ContentCheck(const io::Source& from) : from_(from) {
  if (const auto* versioned = dynamic_cast<const Versioned*>(&from)) kept_ = versioned->crc32();
}

ContentCheck::ContentCheck(const io::Source& from, io::Sink& begun) : ContentCheck(from) {
  partial_ = dynamic_cast<PartialFile*>(&begun);
  if (!kept_ || begun.position() == 0) return;
  if (partial_ != nullptr) {
    found_ = partial_->crc32();
  } else {
    kept_.reset();  // what is in other sinks, nobody can read
  }
}

void ContentCheck::add(std::span<const std::byte> bytes) {
  if (kept_) found_ = extend_crc32(found_, bytes);
}

void ContentCheck::compare() {
  if (!kept_ || *kept_ == found_) return;
  if (partial_ != nullptr) partial_->clear();
  throw Error(ErrorKind::io, "the bytes that came do not have the checksum that the store keeps of the object")
      .expected(fmt::format("the CRC-32 {:08x}", *kept_))
      .found(fmt::format("{:08x}", found_))
      .hint("They were damaged on their way, or in the store: get them again.")
      .at("", from_.name());
}

}  // namespace okibi::store
