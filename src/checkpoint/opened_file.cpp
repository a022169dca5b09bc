#include "checkpoint/opened_file.h"

#include <fmt/format.h>

#include <array>

#include "checkpoint/formats/looks_like.h"
#include "checkpoint/formats/torch_legacy.h"
#include "checkpoint/formats/torch_tar.h"
#include "checkpoint/formats/zip_file.h"
#include "checkpoint/in_file.h"

namespace okibi {
namespace {

constexpr std::array format_names = {
#define X(name, text, meaning, read, written) std::string_view(text),
#include <okibi/formats.def>
#undef X
};

}  // namespace

std::string_view name_of(Format format) noexcept { return format_names[static_cast<size_t>(format)]; }

std::optional<Format> format_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(format_names, name);
  if (found == format_names.end()) return std::nullopt;
  return static_cast<Format>(found - format_names.begin());
}

}  // namespace okibi

namespace okibi::checkpoint {

PlacedTensor OpenedFile::piece(const std::string& name) const {
  throw Error(ErrorKind::internal, fmt::format("{} has no pieces, such as {}", name_of(format()), name));
}

std::vector<std::byte> read_whole(const Extent& extent) { return zip::read_record(*extent.source, *extent.record); }

namespace {

using Source = std::shared_ptr<const io::Source>;

// How a format's files begin, and its reader.
struct Row {
  bool (*is)(const io::Source& source);
  std::unique_ptr<const OpenedFile> (*open)(Source source, const LoadOptions& options);
};

constexpr std::array rows = {
    Row{zip::is_zip, open_zip_file},
    Row{is_torch_legacy, open_torch_legacy},
    Row{is_tar, open_torch_tar},
};

}  // namespace

std::unique_ptr<const OpenedFile> open_file(Source source, const LoadOptions& options) {
  return in_file(*source, [&] {
    for (const Row& row : rows) {
      if (row.is(*source)) return row.open(source, options);
    }
    throw_no_checkpoint(*source);
  });
}

std::unique_ptr<const OpenedFile> open_file(const std::string& uri, const LoadOptions& options) {
  return open_file(store::default_store().open(uri), options);
}

}  // namespace okibi::checkpoint
