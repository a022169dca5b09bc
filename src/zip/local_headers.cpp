#include "zip/local_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "zip/fault.h"
#include "zip/layout.h"

namespace okibi::zip {
namespace {

constexpr size_t batch_size = 4096;    // headers that are read at once: enough for latency, little memory
constexpr uint64_t near_enough = 512;  // between two headers: reading what lies there costs less than a read of its own

// The local header of one record, and the bytes before it, which may be the descriptor of the record before.
struct Window {
  uint64_t begin = 0;
  uint64_t length = 0;
  uint64_t header = 0;  // position of the header in `bytes`
  std::span<const std::byte> bytes = {};

  uint64_t end() const { return begin + length; }
  std::span<const std::byte> before() const { return bytes.first(header); }
  const std::byte* fixed() const { return bytes.data() + header; }
  uint16_t u16(size_t at) const { return load_le<uint16_t>(fixed() + at); }
  uint32_t u32(size_t at) const { return load_le<uint32_t>(fixed() + at); }
  std::string_view name() const { return as_text(bytes.subspan(header + local_length)); }
};

// Windows that lie near each other, and the bytes that hold them all.
struct Windows {
  std::vector<Window> each;
  std::vector<std::vector<std::byte>> blocks;
};

std::string path_of(const Entry& entry) { return entry.record.name + (entry.is_folder ? "/" : ""); }
uint64_t path_length(const Entry& entry) { return entry.record.name.size() + entry.is_folder; }

bool is_path_of(const Entry& entry, std::string_view name) {
  return name.size() == path_length(entry) && name.starts_with(entry.record.name) &&
         (!entry.is_folder || name.ends_with('/'));
}

Error fault(const io::Source& source, const Entry& entry, std::string sentence) {
  return fault_in(source, path_of(entry), entry.header_offset, std::move(sentence));
}

Window window_for(const io::Source& source, const Entry& entry, uint64_t directory_offset) {
  const uint64_t length = local_length + path_length(entry);
  if (entry.header_offset > directory_offset || length > directory_offset - entry.header_offset) {
    throw fault(source, entry, "the local header does not lie before the directory").found(entry.header_offset);
  }
  Window window;
  window.header = std::min(entry.header_offset, longest_descriptor);
  window.begin = entry.header_offset - window.header;
  window.length = window.header + length;
  return window;
}

// How many of the windows, which are in the order of the file, one read should bring, and up to where.
std::pair<size_t, uint64_t> run_of(std::span<const Window> windows) {
  uint64_t end = windows.front().end();
  size_t count = 1;
  for (; count < windows.size() && windows[count].begin <= end + near_enough; ++count) {
    end = std::max(end, windows[count].end());
  }
  return {count, end};
}

Windows read_windows(const io::Source& source, std::span<Entry* const> entries, uint64_t directory_offset) {
  Windows windows;
  windows.each.reserve(entries.size());
  for (const Entry* entry : entries) windows.each.push_back(window_for(source, *entry, directory_offset));
  std::vector<io::Range> ranges;
  for (std::span<Window> rest = windows.each; !rest.empty();) {
    const uint64_t begin = rest.front().begin;
    const auto [count, end] = run_of(rest);
    ranges.push_back({begin, windows.blocks.emplace_back(end - begin)});
    for (Window& window : rest.first(count)) {
      window.bytes = std::span(windows.blocks.back()).subspan(window.begin - begin, window.length);
    }
    rest = rest.subspan(count);
  }
  source.read_many(ranges);
  return windows;
}

void check_number(const io::Source& source, const Entry& entry, const char* what, uint64_t found, uint64_t expected) {
  // A writer that streams does not know the number yet: it sets the descriptor's flag and leaves zero here.
  const bool left_open = (entry.flags & flag_descriptor) != 0 && found == 0;
  if (left_open || found == expected) return;
  throw fault(source, entry, fmt::format("the local header gives another {} than the directory", what))
      .expected(expected)
      .found(found);
}

// The marker says that the size stands in a zip64 field, which some writers add without need. It is not looked up: the
// directory has the size, and whether it is right shows in what comes after the record.
void check_size(const io::Source& source, const Entry& entry, const char* what, uint64_t found, uint64_t expected) {
  if (found != marker32) check_number(source, entry, what, found, expected);
}

void check_header(const io::Source& source, const Entry& entry, const Window& window) {
  if (window.u32(0) != local_signature) throw fault(source, entry, "no local header stands where the directory says");
  if (window.u16(26) != path_length(entry) || !is_path_of(entry, window.name())) {
    throw fault(source, entry, "the local header gives another name than the directory");
  }
  if ((window.u16(6) ^ entry.flags) & ~flag_deflate_level) {
    throw fault(source, entry, "the local header gives other flags than the directory")
        .expected(fmt::format("{:#06x}", entry.flags))
        .found(fmt::format("{:#06x}", window.u16(6)));
  }
  if (window.u16(8) != entry.method) {
    throw fault(source, entry, "the local header gives another method than the directory")
        .expected(entry.method)
        .found(window.u16(8));
  }
  check_number(source, entry, "CRC-32", window.u32(14), entry.record.crc32);
  check_size(source, entry, "stored size", window.u32(18), entry.record.stored_size);
  check_size(source, entry, "size", window.u32(22), entry.record.size);
}

void place(const io::Source& source, Entry& entry, const Window& window, uint64_t directory_offset) {
  entry.record.offset = entry.header_offset + local_length + window.u16(26) + window.u16(28);
  const uint64_t offset = entry.record.offset;
  if (offset <= directory_offset && entry.record.stored_size <= directory_offset - offset) return;
  throw fault(source, entry, "the record runs into the directory")
      .expected(fmt::format("at most {} bytes", offset <= directory_offset ? directory_offset - offset : 0))
      .found(entry.record.stored_size);
}

// A descriptor has an optional signature, the CRC, and the sizes in 4 or in 8 bytes each (APPNOTE 4.3.9).
bool is_descriptor_of(const Record& record, std::span<const std::byte> bytes) {
  const auto u32 = [&](size_t at) { return load_le<uint32_t>(bytes.data() + at); };
  const auto u64 = [&](size_t at) { return load_le<uint64_t>(bytes.data() + at); };
  const bool wide = bytes.size() >= 20;
  const size_t body = wide ? 20 : 12;
  const size_t start = bytes.size() - body;
  if (start != 0 && u32(0) != descriptor_signature) return false;
  if (u32(start) != record.crc32) return false;
  const uint64_t stored_size = wide ? u64(start + 4) : u32(start + 4);
  const uint64_t size = wide ? u64(start + 12) : u32(start + 8);
  return stored_size == record.stored_size && size == record.size;
}

// `before` are the bytes that lie before whatever comes next: the next header, or the directory.
void check_gap(const io::Source& source, const Entry& entry, uint64_t next, std::span<const std::byte> before) {
  const uint64_t end = entry.record.offset + entry.record.stored_size;
  if (end > next) throw fault(source, entry, "the record overlaps the next one").expected(next).found(end);
  const uint64_t gap = next - end;
  if ((entry.flags & flag_descriptor) == 0) {
    if (gap != 0) throw fault(source, entry, fmt::format("{} bytes that belong to no record follow it", gap));
    return;
  }
  const bool possible = gap == 12 || gap == 16 || gap == 20 || gap == 24;
  if (possible && is_descriptor_of(entry.record, before.last(gap))) return;
  throw fault(source, entry, "what follows the record is not the data descriptor that the directory asks for");
}

std::vector<Entry*> in_file_order(std::vector<Entry>& entries) {
  std::vector<Entry*> ordered(entries.size());
  std::transform(entries.begin(), entries.end(), ordered.begin(), [](Entry& entry) { return &entry; });
  std::sort(ordered.begin(), ordered.end(),
            [](const Entry* a, const Entry* b) { return a->header_offset < b->header_offset; });
  return ordered;
}

void check_start(const io::Source& source, std::span<Entry* const> ordered, uint64_t directory_offset) {
  const uint64_t first = ordered.empty() ? directory_offset : ordered.front()->header_offset;
  if (first != 0) throw fault_at(source, 0, fmt::format("{} bytes that belong to no record stand at the start", first));
}

}  // namespace

void place_records(const io::Source& source, std::vector<Entry>& entries, uint64_t directory_offset) {
  const std::vector<Entry*> ordered = in_file_order(entries);
  check_start(source, ordered, directory_offset);
  const Entry* previous = nullptr;
  for (size_t done = 0; done < ordered.size(); done += batch_size) {
    const auto batch = std::span(ordered).subspan(done, std::min(batch_size, ordered.size() - done));
    const Windows read = read_windows(source, batch, directory_offset);
    const std::vector<Window>& windows = read.each;
    for (size_t i = 0; i < batch.size(); ++i) {
      check_header(source, *batch[i], windows[i]);
      place(source, *batch[i], windows[i], directory_offset);
      if (previous != nullptr) check_gap(source, *previous, batch[i]->header_offset, windows[i].before());
      previous = batch[i];
    }
  }
  if (previous == nullptr) return;
  std::vector<std::byte> before(std::min(directory_offset, longest_descriptor));
  source.read(directory_offset - before.size(), before);
  check_gap(source, *previous, directory_offset, before);
}

}  // namespace okibi::zip
