#include "checkpoint/opened_file.h"

#include <fmt/format.h>

#include <array>

#include "checkpoint/formats/dcp.h"
#include "checkpoint/formats/looks_like.h"
#include "checkpoint/formats/safetensors.h"
#include "checkpoint/formats/sharded.h"
#include "checkpoint/formats/torch_legacy.h"
#include "checkpoint/formats/torch_tar.h"
#include "checkpoint/formats/zip_file.h"
#include "checkpoint/in_file.h"
#include "checkpoint/module_objects.h"

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

StateDict OpenedFile::state_dict_of(const Value& object) const {
  return members_of_module(object) ? state_dict_of_module(object) : StateDict(object);
}

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

template <auto open>
std::unique_ptr<const OpenedFile> open_whole(Source source, const LoadOptions& options) {
  return open(std::move(source), options, Missing::refused);
}

constexpr std::array rows = {
    Row{zip::is_zip, open_zip_file},
    Row{is_torch_legacy, open_whole<open_torch_legacy>},
    Row{is_tar, open_torch_tar},
    Row{is_safetensors, open_whole<open_safetensors>},
    Row{is_shard_index, refuse_index_alone},
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

std::unique_ptr<const OpenedFile> open_remains(Source source, const LoadOptions& options) {
  return in_file(*source, [&] {
    if (is_torch_legacy(*source)) return open_torch_legacy(source, options, Missing::left_out);
    if (is_safetensors(*source)) return open_safetensors(source, options, Missing::left_out);
    throw Error(ErrorKind::unsupported, "of a file of this kind nothing is found again once it is damaged");
  });
}

namespace {

using FolderPointer = std::shared_ptr<const store::Folder>;

bool is_weights_folder(const store::Folder& folder) { return !weights_in(folder).empty(); }

std::unique_ptr<const OpenedFile> open_weights(FolderPointer folder, const LoadOptions& options) {
  Source file = folder->open(weights_in(*folder));
  return is_shard_index(*file) ? open_sharded(*folder, file, options) : open_file(std::move(file), options);
}

// What a folder may be, and its reader; the first that fits is taken.
struct FolderRow {
  bool (*is)(const store::Folder& folder);
  std::unique_ptr<const OpenedFile> (*open)(FolderPointer folder, const LoadOptions& options);
};

std::unique_ptr<const OpenedFile> open_whole_dcp(FolderPointer folder, const LoadOptions& options) {
  return open_dcp(std::move(folder), options);
}

constexpr std::array folder_rows = {
    FolderRow{is_dcp, open_whole_dcp},
    FolderRow{is_weights_folder, open_weights},
};

std::unique_ptr<const OpenedFile> open_folder(const FolderPointer& folder, const LoadOptions& options) {
  for (const FolderRow& row : folder_rows) {
    if (row.is(*folder)) return in_file(folder->name(), [&] { return row.open(folder, options); });
  }
  require_checkpoint(*folder);
  throw Error(ErrorKind::bad_file, "the folder has parts of a distributed checkpoint, but no .metadata")
      .hint(
          "Copy that file, too: names that begin with a dot are easily left behind. Where there is none, the save did "
          "not finish.")
      .at("", folder->name());
}

}  // namespace

void require_checkpoint(const store::Folder& folder) {
  const bool is_whole = std::ranges::any_of(folder_rows, [&](const FolderRow& row) { return row.is(folder); });
  if (is_whole || has_dcp_parts(folder)) return;
  throw Error(ErrorKind::bad_file, "the folder holds no checkpoint that okibi knows")
      .expected(
          "model.safetensors, pytorch_model.bin, an index of either (….index.json), or .metadata of a distributed "
          "checkpoint")
      .hint("Name the file, if it is another one.")
      .at("", folder.name());
}

std::unique_ptr<const OpenedFile> open_file(const std::string& uri, const LoadOptions& options) {
  const store::Store& store = store::default_store();
  if (store.is_folder(uri)) return open_folder(store.folder(uri), options);
  Source file = store.open(uri);
  if (!is_shard_index(*file)) return open_file(std::move(file), options);
  return open_sharded(*store.folder(location_of(uri).folder), std::move(file), options);
}

std::unique_ptr<const OpenedFile> open_remains(const std::string& uri, const LoadOptions& options) {
  const store::Store& store = store::default_store();
  if (!store.is_folder(uri)) {
    Source file = store.open(uri);
    if (!is_shard_index(*file)) return open_remains(std::move(file), options);
    return open_sharded(*store.folder(location_of(uri).folder), std::move(file), options, Missing::left_out);
  }
  const FolderPointer folder = store.folder(uri);
  if (is_dcp(*folder)) return open_dcp(folder, options, Missing::left_out);
  const std::string weights = weights_in(*folder);
  if (weights.empty()) return open_folder(folder, options);  // which says what was looked for
  return open_remains(folder->name() + "/" + weights, options);
}

}  // namespace okibi::checkpoint
