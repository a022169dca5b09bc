#include "checkpoint/formats/looks_like.h"

#include <algorithm>
#include <array>

namespace okibi::checkpoint {
namespace {

using namespace std::string_view_literals;

// A format and how its files begin.
struct Look {
  std::string_view magic;
  size_t offset;
  ErrorKind kind;
  std::string_view sentence, hint;
};

constexpr auto copy_hint = "The file was not copied whole; copy it again."sv;

constexpr std::array looks = {
    Look{"version https://git-lfs"sv, 0, ErrorKind::bad_file,
         "this is a pointer of git-lfs, not the file that it stands for", "Run `git lfs pull` in the repository."},
    Look{"PK\x03\x04"sv, 0, ErrorKind::bad_file, "the zip archive is damaged", copy_hint},
    Look{"PK\x05\x06"sv, 0, ErrorKind::bad_file, "the zip archive is empty", ""},
    Look{"\x1f\x8b"sv, 0, ErrorKind::bad_file, "this is compressed with gzip", "Decompress it first: gunzip."},
    Look{"\x28\xb5\x2f\xfd"sv, 0, ErrorKind::bad_file, "this is compressed with zstd", "Decompress it first: unzstd."},
    Look{"7z\xbc\xaf\x27\x1c"sv, 0, ErrorKind::bad_file, "this is a 7z archive", "Unpack it first."},
    Look{"\x89HDF"sv, 0, ErrorKind::unsupported, "this is an HDF5 file (Keras?), not one of PyTorch's", ""},
    Look{"\x93NUMPY"sv, 0, ErrorKind::unsupported, "this is a NumPy array (.npy), not one of PyTorch's files", ""},
    Look{"GGUF"sv, 0, ErrorKind::unsupported, "this is a GGUF file, not one of PyTorch's", ""},
    Look{"<!DOCTYPE"sv, 0, ErrorKind::bad_file, "this is an HTML page, not a checkpoint",
         "The download brought a page (a login, an error) instead of the file; look into it."},
    Look{"<html"sv, 0, ErrorKind::bad_file, "this is an HTML page, not a checkpoint",
         "The download brought a page (a login, an error) instead of the file; look into it."},
    Look{"<?xml"sv, 0, ErrorKind::bad_file, "this is an XML document, perhaps the error reply of an object store",
         "Look into it; it says what went wrong."},
    Look{"\x80"sv, 0, ErrorKind::unsupported, "this is a bare pickle, not a file of torch.save", ""},
};

bool is_text(std::string_view head) {
  return std::ranges::all_of(head, [](unsigned char c) { return c >= 32 || c == '\n' || c == '\r' || c == '\t'; });
}

std::string read_head(const io::Source& source) {
  std::string head(std::min<uint64_t>(source.size(), 512), '\0');
  source.read(0, {reinterpret_cast<std::byte*>(head.data()), head.size()});
  return head;
}

}  // namespace

void throw_no_checkpoint(const io::Source& source) {
  const std::string head = read_head(source);
  if (head.empty()) throw Error(ErrorKind::bad_file, "the file is empty").hint("Whatever wrote it did not finish.");
  for (const Look& look : looks) {
    if (head.size() < look.offset || !head.substr(look.offset).starts_with(look.magic)) continue;
    throw Error(look.kind, std::string(look.sentence)).hint(look.hint);
  }
  if (is_text(head)) throw Error(ErrorKind::bad_file, "this is a text file, not a checkpoint");
  throw Error(ErrorKind::bad_file, "this is no checkpoint: the file begins like none that okibi knows");
}

}  // namespace okibi::checkpoint
