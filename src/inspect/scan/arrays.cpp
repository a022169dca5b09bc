// Kinds of files that hold numbers: .npy, whose arrays of objects are pickles, and safetensors, which has none.
#include <fmt/format.h>

#include <algorithm>

#include "inspect/error_text.h"
#include "inspect/scan/looks.h"

namespace okibi::inspect {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t most_of_header = 1 << 20;

// The dtype of objects in a .npy header, alone or as a field of others: '|O', 'O', "O8".
bool has_objects(std::string_view header) {
  for (size_t at = header.find('O'); at != header.npos; at = header.find('O', at + 1)) {
    size_t before = at;
    while (before > 0 && "|<>="sv.find(header[before - 1]) != std::string_view::npos) --before;
    if (before > 0 && (header[before - 1] == '\'' || header[before - 1] == '"')) return true;
  }
  return false;
}

}  // namespace

// NumPy's lib/format.py: magic, version, length of the header in 2 bytes or (from version 2) in 4, header, data.
bool look_at_npy(Scanner& scanner, const Part& part) {
  const std::string head = read_head(*part.bytes, most_of_header);
  if (!head.starts_with("\x93NUMPY"sv) || head.size() < 12) return false;
  const bool wide = head[6] >= 2;
  const uint64_t begin = wide ? 12 : 10;
  const uint64_t length =
      wide ? load_le<uint32_t>(as_bytes(head).data() + 8) : load_le<uint16_t>(as_bytes(head).data() + 8);
  if (length > head.size() - begin) return scanner.problem(part.where, "the header of the .npy array is cut off"), true;
  if (!has_objects(std::string_view(head).substr(begin, length))) return true;
  scanner.add({part_of(part.bytes, begin + length, part.bytes->size()), join(part.where, "array of objects"),
               Role::pickle, part.depth + 1});
  return true;
}

// The loader checks that its header accounts for every byte, so that nothing else can hide in it.
bool look_at_safetensors(Scanner& scanner, const Part& part) {
  const std::string head = read_head(*part.bytes, 9);
  if (head.size() < 9 || head[8] != '{' || load_le<uint64_t>(as_bytes(head).data()) > part.bytes->size() - 8)
    return false;
  try {
    open(part.bytes, {.limits = scanner.limits()});
  } catch (const Error& error) {
    scanner.problem(part.where, text_without_file(error));
  }
  return true;
}

}  // namespace okibi::inspect
