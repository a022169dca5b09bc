#include "checkpoint/save.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/formats/dcp.h"
#include "checkpoint/formats/safetensors.h"
#include "checkpoint/formats/sharded.h"
#include "checkpoint/formats/torch_legacy.h"
#include "checkpoint/formats/torch_zip.h"

namespace okibi::checkpoint {
namespace {

// The formats that are one file, and their writers.
struct Row {
  Format format;
  void (*save)(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes);
};

constexpr std::array rows = {
    Row{Format::torch_zip, save_torch_zip},
    Row{Format::safetensors, save_safetensors},
    Row{Format::torch_legacy, save_torch_legacy},
};

// Options that would do nothing are a mistake.
void require_no_shards(Format format, const SaveOptions& options) {
  if (options.shard_size == 0 || format == Format::sharded) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} is never written in shards", name_of(format)))
      .hint("Name the target model.safetensors, or a folder as sharded (--to sharded).");
}

SaveOptions named_after(const std::string& uri, SaveOptions options) {
  if (options.root.empty()) options.root = zip::root_for(uri);
  return options;
}

}  // namespace

Format format_for(const std::string& uri, const SaveOptions& options) {
  if (options.format) return *options.format;
  if (uri.ends_with(".safetensors.index.json")) return Format::sharded;
  if (!uri.ends_with(".safetensors")) return Format::torch_zip;
  return options.shard_size > 0 ? Format::sharded : Format::safetensors;
}

void save_to(io::Sink& sink, Format format, const Value& value, const SaveOptions& options, const StorageBytes& bytes) {
  require_no_shards(format, options);
  const auto row = std::ranges::find(rows, format, &Row::format);
  if (row != rows.end()) return row->save(value, sink, options, bytes);
  throw Error(ErrorKind::unsupported, fmt::format("okibi does not write {} into one file", name_of(format)))
      .hint("docs/formats.md says what is written.");
}

void save_at(const std::string& uri, const Value& value, const SaveOptions& options, const StorageBytes& bytes) {
  const Format format = format_for(uri, options);
  require_no_shards(format, options);
  if (format == Format::sharded) return save_sharded(value, uri, options, bytes);
  if (format == Format::dcp) return save_dcp(value, uri, options, bytes);
  const std::unique_ptr<io::Sink> sink = store::default_store().create(uri);
  save_to(*sink, format, value, named_after(uri, options), bytes);
  sink->commit();
}

}  // namespace okibi::checkpoint
