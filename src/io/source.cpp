#include <fmt/format.h>
#include <okibi/io.h>

#include <algorithm>

namespace okibi::io {

namespace {

constexpr size_t largest_part = size_t{1} << 20;  // half a huge page, all of which stays in the cache

void read_in_parts(const Source& source, const Range& range, const std::function<void(std::span<std::byte>)>& arrived) {
  for (size_t at = 0; at < range.into.size(); at += largest_part) {
    const auto part = range.into.subspan(at, std::min(largest_part, range.into.size() - at));
    source.read(range.offset + at, part);
    arrived(part);
  }
}

}  // namespace

void Source::read_many(std::span<const Range> ranges, const Arrived& arrived) const {
  for (size_t index = 0; index < ranges.size(); ++index) {
    if (arrived) {
      read_in_parts(*this, ranges[index], [&](std::span<std::byte> part) { arrived(index, part); });
    } else {
      read(ranges[index].offset, ranges[index].into);
    }
  }
}

std::shared_ptr<std::byte> Source::map(uint64_t, uint64_t) const { return nullptr; }

void check_range(const Source& source, uint64_t offset, uint64_t length) {
  const uint64_t size = source.size();
  if (offset <= size && length <= size - offset) return;
  throw Error(ErrorKind::bad_file, fmt::format("{} bytes at offset {} lie beyond the end, at {}", length, offset, size))
      .hint("The file is cut short, or its index is wrong.")
      .at("", source.name());
}

void Sink::write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>&) { write(bytes); }

std::optional<uint32_t> Sink::write_summed(std::span<const std::byte>, const std::shared_ptr<const void>&) {
  return std::nullopt;
}

}  // namespace okibi::io
