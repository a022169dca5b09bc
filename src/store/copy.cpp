#include <okibi/copy.h>

#include <okibi/store.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "io/read_ahead.h"
#include "io/system.h"
#include "store/content_check.h"
#include "store/partial_file.h"
#include "store/resumable.h"

namespace okibi {
namespace {

constexpr uint64_t piece_bytes = uint64_t{32} << 20;  // several requests in flight, where the source is remote

// "s3://bucket/runs/last.pth?x=1" → "last.pth"
std::string last_step(std::string uri) {
  if (store::scheme_of(uri).starts_with("http")) uri = uri.substr(0, uri.find_first_of("?#"));
  while (uri.ends_with('/')) uri.pop_back();
  return uri.substr(uri.rfind('/') + 1);
}

// One that nobody can read without it appears last.
bool is_index(const std::string& file) { return file == ".metadata" || file.ends_with(".index.json"); }

std::vector<std::string> in_order(std::vector<std::string> files) {
  std::ranges::stable_partition(files, [](const std::string& file) { return !is_index(file); });
  return files;
}

// Progress over several files, of which only the one at hand is known to be as long as it is.
CopyOptions after(uint64_t done, const CopyOptions& options) {
  CopyOptions shifted = options;
  if (options.progress) {
    shifted.progress = [done, &options](uint64_t now, uint64_t total) { options.progress(done + now, done + total); };
  }
  return shifted;
}

// What an earlier copy of the same bytes left; nothing where they cannot be told from other ones.
std::unique_ptr<io::Sink> partial_file(const io::Source& from, const std::string& to) {
  const auto* versioned = dynamic_cast<const store::Versioned*>(&from);
  const std::string version = versioned ? versioned->version() : "";
  if (version.empty() || !store::scheme_of(to).empty()) return nullptr;
  auto partial = std::make_unique<store::PartialFile>(to, fmt::format("{}\n{}\n{}", from.name(), version, from.size()));
  if (partial->position() > from.size()) partial->clear();  // whoever wrote it, it is not of these bytes
  return partial;
}

std::unique_ptr<io::Sink> create(const io::Source& from, const std::string& to, const CopyOptions& options) {
  if (options.resume) {
    if (auto sink = partial_file(from, to)) return sink;
  }
  auto sink = store::default_store().create(to);
  auto* resumable = dynamic_cast<store::Resumable*>(sink.get());
  if (options.resume && resumable) resumable->resume();
  return sink;
}

void make_local_folder(const std::string& to) {
  if (!store::scheme_of(to).empty()) return;
  std::error_code error;
  std::filesystem::create_directories(to, error);
  if (error) throw io::system_error(error.value(), "cannot make the folder", to);
}

CopyReport copy_folder(const std::string& from, const std::string& to, const CopyOptions& options) {
  const auto source = store::default_store().folder(from), target = store::default_store().folder(to);
  if (source->has_folders()) {
    throw Error(ErrorKind::unsupported, "there are folders in the folder, of which none would be copied")
        .hint("Copy each of them by itself, and files by their names.")
        .at("", store::shown(from));
  }
  const std::vector<std::string> files = in_order(source->names());
  if (files.empty()) throw Error(ErrorKind::not_found, "the folder has no files").at("", store::shown(from));
  make_local_folder(to);
  CopyReport report{to};
  for (const std::string& file : files) {
    const auto bytes = source->open(file);
    const auto sink =
        options.resume ? create(*bytes, to + (to.ends_with('/') ? "" : "/") + file, options) : target->create(file);
    report.resumed_at += sink->position();
    copy(*bytes, *sink, after(report.nbytes, options));
    sink->commit();
    ++report.files, report.nbytes += bytes->size();
  }
  return report;
}

bool leads_into_folder(const std::string& to) { return to.ends_with('/') || store::default_store().is_folder(to); }

CopyReport copy_file(const std::string& from, const std::string& to, const CopyOptions& options) {
  const std::string file = leads_into_folder(to) ? last_step(from) : "";  // under its own name
  const std::string target = to + (file.empty() || to.ends_with('/') ? "" : "/") + file;
  if (from == target)
    throw Error(ErrorKind::bad_argument, "the file would be copied to itself").at("", store::shown(from));
  const auto source = store::default_store().open(from);
  if (to.ends_with('/')) make_local_folder(to);
  const auto sink = create(*source, target, options);
  const uint64_t resumed_at = sink->position();
  copy(*source, *sink, options);
  sink->commit();
  return {target, 1, source->size(), resumed_at};
}

}  // namespace

void copy(const io::Source& from, io::Sink& to, const CopyOptions& options) {
  store::ContentCheck check(from, to);
  io::ReadAhead pieces(from, to.position(), from.size() - to.position(), piece_bytes);
  for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
    throw_if_stopped(options.stop);
    check.add(piece);
    to.write(piece);
    if (options.progress) options.progress(to.position(), from.size());
  }
  check.compare();
}

CopyReport copy(const std::string& from, const std::string& to, const CopyOptions& options) {
  const bool is_folder = store::default_store().is_folder(from);
  return is_folder ? copy_folder(from, to, options) : copy_file(from, to, options);
}

}  // namespace okibi
