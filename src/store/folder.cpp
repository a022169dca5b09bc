#include <fmt/format.h>
#include <okibi/store.h>

#include <algorithm>

namespace okibi::store {
namespace {

// A terminal obeys the others, wherever the name is printed.
bool is_forbidden(char letter) { return letter == '\\' || (letter >= 0 && letter < ' ') || letter == '\x7f'; }

bool is_plain_step(std::string_view step) { return !step.empty() && step != "." && step != ".."; }

// The empty step of an absolute path or of "https://" is refused with the others.
bool leads_down(std::string_view file) {
  if (std::ranges::any_of(file, is_forbidden)) return false;
  for (size_t slash = file.find('/'); slash != file.npos; slash = file.find('/')) {
    if (!is_plain_step(file.substr(0, slash))) return false;
    file.remove_prefix(slash + 1);
  }
  return is_plain_step(file);
}

void check_name(const std::string& file, const Folder& folder) {
  if (leads_down(file)) return;
  throw Error(ErrorKind::bad_file, "the name of a file is none of a file in its folder")
      .expected("a plain name, such as \"model-00001.bin\"")
      .found(fmt::format("\"{}\"", printable(file, 200)))
      .hint("Nothing outside the folder was opened. Whatever wrote the name may mean harm.")
      .at("", folder.name());
}

}  // namespace

bool Folder::has(const std::string& file) const {
  check_name(file, *this);
  return find(file);
}

std::shared_ptr<const io::Source> Folder::open(const std::string& file) const {
  check_name(file, *this);
  return open_file(file);
}

std::unique_ptr<io::Sink> Folder::create(const std::string& file) const {
  check_name(file, *this);
  return create_file(file);
}

void Folder::remove(const std::string& file) const {
  check_name(file, *this);
  remove_file(file);
}

}  // namespace okibi::store
