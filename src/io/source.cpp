#include <fmt/format.h>
#include <okibi/io.h>

namespace okibi::io {

void Source::read_many(std::span<const Range> ranges) const {
  for (const Range& range : ranges) read(range.offset, range.into);
}

std::shared_ptr<std::byte> Source::map(uint64_t, uint64_t) const { return nullptr; }

void check_range(const Source& source, uint64_t offset, uint64_t length) {
  const uint64_t size = source.size();
  if (offset <= size && length <= size - offset) return;
  throw Error(ErrorKind::bad_file, fmt::format("{} bytes at offset {} lie beyond the end, at {}", length, offset, size))
      .hint("The file is cut short, or its index is wrong.")
      .at("", source.name());
}

}  // namespace okibi::io
