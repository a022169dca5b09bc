// Tar files, as PyTorch wrote them up to 0.1.9: the members `pickle` and `sys_info` are pickles, `storages` and
// `tensors` are pickles with numbers between them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "checkpoint/formats/tar.h"
#include "inspect/scan/looks.h"
#include "inspect/scan/pickle_window.h"

namespace okibi::inspect {
namespace {

using checkpoint::TarHeader;

constexpr uint64_t block = TarHeader::block;

bool is_sound(const TarHeader& header) { return header.checksum() == header.sum() && header.size(); }

// A member that has pickles with something else between them. `skip` says how many bytes follow a pickle, or nothing
// where none can.
template <class Skip>
void look_at_mixed(Scanner& scanner, const Part& part, Skip&& skip) {
  PickleWindow window(*part.bytes, scanner.limits().max_pickle_bytes);
  for (uint64_t at = 0; at < part.bytes->size();) {
    throw_if_stopped(scanner.stop());
    const PickleNames names = window.names_at(at);
    tell(scanner, part, names, at);
    at += names.size;
    const std::optional<uint64_t> between = names.end == PickleEnd::stop ? skip(names, at) : std::nullopt;
    if (!between || *between > part.bytes->size() - at)
      return scanner.problem(part.where,
                             fmt::format("the pickles and numbers of a tar checkpoint break off at offset {}", at));
    at += *between;
  }
}

// `storages`: a count; for each storage its class in a pickle, its length, its bytes; a list of views.
void look_at_storages(Scanner& scanner, const Part& part) {
  look_at_mixed(scanner, part, [&](const PickleNames& names, uint64_t at) -> std::optional<uint64_t> {
    if (names.globals.empty()) return 0;
    const auto dtype = dtype_of_storage(names.globals.back().name);
    if (!dtype || part.bytes->size() - at < 8) return std::nullopt;
    const auto numel = load_le<int64_t>(read_bytes(*part.bytes, at, at + 8).data());
    if (numel < 0) return std::nullopt;
    return checked_add(8, checked_mul(static_cast<uint64_t>(numel), itemsize(*dtype), "a storage"), "a storage");
  });
}

// `tensors`: a count; for each tensor its class in a pickle, the number of its dimensions, sizes, strides, its offset.
void look_at_tensors(Scanner& scanner, const Part& part) {
  bool is_count = true;
  look_at_mixed(scanner, part, [&](const PickleNames&, uint64_t at) -> std::optional<uint64_t> {
    if (std::exchange(is_count, false)) return 0;
    if (part.bytes->size() - at < 8) return std::nullopt;
    const auto dims = load_le<int32_t>(read_bytes(*part.bytes, at, at + 4).data());
    if (dims < 0) return std::nullopt;
    return 8 + 16 * static_cast<uint64_t>(dims) + 8;
  });
}

void look_at_member(Scanner& scanner, const Part& tar, const TarHeader& header, uint64_t begin, uint64_t end) {
  const std::string name = header.name();
  const Part part = {part_of(tar.bytes, begin, end), join(tar.where, printable(name, 200)),
                     name == "pickle" || name == "sys_info" ? Role::pickle : Role::record, tar.depth + 1};
  if (name == "storages") return look_at_storages(scanner, part);
  if (name == "tensors") return look_at_tensors(scanner, part);
  scanner.add(part);
}

// Headers of headers ("30 mtime=1700000000.5"), which Python's tarfile writes for times with fractions. One that says
// where or how long a member is would contradict the member's own header.
bool is_harmless_extension(const io::Source& source, const TarHeader& header, uint64_t begin, uint64_t length) {
  if ((header.type() != 'x' && header.type() != 'g') || length > block * 128) return false;
  const auto bytes = read_bytes(source, begin, begin + length);
  const std::string_view text = as_text(bytes);
  return std::ranges::none_of(std::array{"path=", "size=", "sparse", "linkpath="},
                              [&](const char* word) { return text.find(word) != text.npos; });
}

bool is_zero_to_end(const io::Source& source, uint64_t at) {
  for (; at < source.size(); at += block) {
    const auto bytes = read_bytes(source, at, std::min(source.size(), at + block));
    if (std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0}; })) return false;
  }
  return true;
}

}  // namespace

bool look_at_tar(Scanner& scanner, const Part& part) {
  const uint64_t size = part.bytes->size();
  if (size < block) return false;
  if (const TarHeader first(*part.bytes, 0); first.is_empty() || !is_sound(first)) return false;
  for (uint64_t at = 0; at < size;) {
    throw_if_stopped(scanner.stop());
    if (size - at < block) return scanner.problem(part.where, "the tar file breaks off in a header"), true;
    const TarHeader header(*part.bytes, at);
    if (header.is_empty()) {
      if (!is_zero_to_end(*part.bytes, at)) scanner.problem(part.where, "bytes follow the end of the tar file");
      return true;
    }
    const std::string where = join(part.where, fmt::format("tar header at {}", at));
    if (!is_sound(header)) return scanner.problem(where, "the header is damaged"), true;
    const uint64_t begin = at + block, length = *header.size();
    if (length > size - begin) return scanner.problem(where, "the member runs over the end of the file"), true;
    if (header.is_file()) look_at_member(scanner, part, header, begin, begin + length);
    const bool harmless = header.type() == '5' || is_harmless_extension(*part.bytes, header, begin, length);
    if (!header.is_file() && !harmless) scanner.problem(where, "the member is a link, or of another kind than a file");
    at = std::min(size, begin + (length + block - 1) / block * block);
  }
  return true;
}

}  // namespace okibi::inspect
