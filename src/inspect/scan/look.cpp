// Finds out of what kind some bytes are, by how they begin and end; never by a name.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "inspect/scan/looks.h"

namespace okibi::inspect {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t most_of_text = uint64_t{64} << 20;

// Things that hold others in a way that is not looked into.
struct Container {
  std::string_view magic, name;
};
constexpr std::array containers = {
    Container{"\x1f\x8b"sv, "gzip"},         Container{"7z\xbc\xaf\x27\x1c"sv, "7z"},
    Container{"\x28\xb5\x2f\xfd"sv, "zstd"}, Container{"BZh"sv, "bzip2"},
    Container{"\xfd\x37zXZ"sv, "xz"},        Container{"Rar!"sv, "RAR"},
    Container{"\x04\x22\x4d\x18"sv, "lz4"},  Container{"\x89HDF"sv, "HDF5"},
};

bool is_native_code(std::string_view head) {
  return head.starts_with("\x7f\x45LF"sv) || (head.starts_with("MZ") && head.find("PE\0\0"sv) != head.npos) ||
         head.starts_with("\xcf\xfa\xed\xfe"sv);
}

bool is_text(std::string_view bytes) {
  return std::ranges::all_of(
      bytes, [](unsigned char c) { return c >= 32 || c == '\n' || c == '\r' || c == '\t' || c == '\f'; });
}

bool is_damaged_zip(std::string_view head) {
  return head.starts_with("PK\x03\x04"sv) || head.starts_with("PK\x05\x06"sv) || head.starts_with("PK\x07\x08"sv) ||
         head.starts_with("PK\x01\x02"sv);
}

// What holds no pickle: text may be anything in an archive; alone, only JSON, which configures a model.
void look_at_rest(Scanner& scanner, const Part& part) {
  if (part.role == Role::fragment || part.role == Role::inner) return;
  const bool small = part.bytes->size() <= most_of_text;
  const std::string text = small ? read_head(*part.bytes, most_of_text) : "";
  if (small && is_text(text) && (part.role == Role::record || nlohmann::json::accept(text))) return;
  scanner.problem(part.where, small && is_text(text) ? "this is a text, not a checkpoint"
                                                     : "these bytes are of no kind that okibi can look into");
}

}  // namespace

void look_at(Scanner& scanner, const Part& part) {
  if (part.bytes->size() == 0) {
    if (part.role == Role::file) scanner.problem(part.where, "the file is empty");
    return;
  }
  if (look_at_archives(scanner, part)) return scanner.met_data();
  const std::string head = read_head(*part.bytes, 4096);
  if (is_damaged_zip(head)) {
    scanner.problem(part.where, "this begins as a zip archive, but does not end as one");
    return look_at_remains(scanner, part);
  }
  if (look_at_tar(scanner, part) || look_at_npy(scanner, part) || look_at_safetensors(scanner, part)) {
    return scanner.met_data();
  }
  for (const Container& container : containers)
    if (head.starts_with(container.magic))
      scanner.problem(part.where, fmt::format("okibi does not look into {} files", container.name));
  if (is_native_code(head)) return scanner.program("machine code", Judgement::unsafe, part.where);
  look_at_pickles(scanner, part) ? scanner.met_data() : look_at_rest(scanner, part);
}

}  // namespace okibi::inspect
