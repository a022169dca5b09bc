#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include <okibi/store.h>

#include "checkpoint/formats/sharded.h"
#include "checkpoint/opened_file.h"
#include "inspect/scan/part.h"
#include "inspect/scan/zip_ends.h"
#include "inspect/verify/checks.h"
#include "inspect/verify/recover.h"

namespace okibi::inspect {

void Verifier::add(std::string record, std::optional<uint64_t> offset, std::string problem) {
  const std::lock_guard lock(mutex_);
  if (!file.empty()) record = record.empty() ? file : file + " > " + record;
  report.problems.push_back({std::move(record), offset, std::move(problem)});
}

// The step of a place: a record as it is, an item or a part as what it is, and the file where it is not known already.
std::string Verifier::step_of(const std::string& name, const std::string& value) const {
  if (name == "record") return value;
  if (name == "item" || name == "part") return fmt::format("{} {}", name, value);
  const bool is_inside = name.empty() && file.empty() && !folder.empty() && value.starts_with(folder);
  if (!is_inside) return "";
  const size_t begin = value.find_first_not_of('/', folder.size());
  return begin == std::string::npos ? "" : value.substr(begin);
}

void Verifier::add(const Error& error) {
  std::string in, where;  // the file, and what in it
  std::optional<uint64_t> offset;
  for (const auto& [name, value] : error.places()) {
    uint64_t number = 0;
    std::string& steps = name.empty() ? in : where;
    steps = join(step_of(name, value), steps);
    if (name == "offset" && std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc())
      offset = number;
  }
  // The rest of the message, with what was expected and found, stands behind the places.
  const std::string whole = error.what();
  const size_t sentence = whole.find(error.sentence());
  add(join(in, where), offset, sentence == std::string::npos ? error.sentence() : whole.substr(sentence));
}

void Verifier::read(uint64_t bytes) {
  throw_if_stopped(options.stop);
  const std::lock_guard lock(mutex_);
  done_ += bytes;
  if (options.progress) options.progress(done_, total_);
}

namespace {

// Runs a check that gives up at the first error; what it says is a problem like any other.
template <class Work>
bool is_told(Verifier& verifier, Work&& work) {
  try {
    work();
    return false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::io) throw;
    verifier.add(error);
    return true;
  }
}

void verify_zip_file(Verifier& verifier, const SourcePtr& source) {
  const bool is_open = !is_told(verifier, [&] { verify_zip(verifier, source); });
  if (is_open && verifier.report.ok()) is_told(verifier, [&] { verify_tensors(verifier, source); });
}

// One archive, or several behind each other; what is none is for the first check to tell.
void verify_archives(Verifier& verifier, const SourcePtr& source) {
  std::vector<uint64_t> begins;
  for (auto end = std::optional(source->size()); end && *end > 0; end = begin_of_archive(*source, *end))
    begins.push_back(*end);
  if (begins.size() < 2 || begin_of_archive(*source, begins.back()) != 0) return verify_zip_file(verifier, source);
  const std::string file = verifier.file;
  begins.push_back(0);
  for (size_t i = begins.size() - 1; i-- > 0;) {
    verifier.file = join(file, fmt::format("archive at {}", begins[i + 1]));
    verify_zip_file(verifier, part_of(source, begins[i + 1], begins[i]));
  }
}

// A model card, say, is none of a checkpoint's files; what says where the tensors are, open() has read.
bool holds_weights(const std::string& file, const io::Source& source) {
  constexpr std::array ends = {".distcp", ".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".th", ".tar", ".pt2"};
  return std::ranges::any_of(ends, [&](const char* end) { return file.ends_with(end); }) || zip::is_zip(source);
}
bool says_where(const std::string& file) { return file.ends_with(".index.json") || file.ends_with(".metadata"); }

void verify_folder(Verifier& verifier, const std::string& uri) {
  const auto folder = store::default_store().folder(uri);
  checkpoint::require_checkpoint(*folder);
  verifier.folder = folder->name();
  is_told(verifier, [&] { open(uri, {.limits = verifier.options.limits, .any_class_as_data = true}); });
  for (const std::string& file : folder->names()) {
    const SourcePtr source = folder->open(file);
    verifier.file = file;
    if (says_where(file)) {
      verifier.count(source->size(), false);
    } else if (holds_weights(file, *source)) {
      verify_source(verifier, source);
    }
  }
}

// Its shards are the first steps of what their storages are called.
void verify_index(Verifier& verifier, const std::string& uri) {
  std::set<std::string> files;
  is_told(verifier, [&] {
    const Archive archive = open(uri, {.limits = verifier.options.limits, .any_class_as_data = true});
    for (const TensorEntry& entry : archive.tensors()) files.insert(entry.storage.substr(0, entry.storage.find('/')));
  });
  const auto folder = store::default_store().folder(checkpoint::location_of(uri).folder);
  for (const std::string& file : files) {
    verifier.file = file;
    verify_source(verifier, folder->open(file));
  }
}

}  // namespace

void verify_source(Verifier& verifier, const SourcePtr& source) {
  const std::string head = read_head(*source, 9);
  if (head.starts_with("PK")) return verify_archives(verifier, source);
  const size_t told = verifier.report.problems.size();
  verifier.count(source->size(), false);
  if (head.size() == 9 && head[8] == '{') verify_safetensors(verifier, source);
  if (verifier.report.problems.size() == told) is_told(verifier, [&] { verify_tensors(verifier, source); });
}

std::string_view name_of(Checksums checksums) noexcept {
  constexpr std::string_view names[] = {"none", "some", "all"};
  return names[static_cast<size_t>(checksums)];
}

namespace {

void verify_at(Verifier& verifier, const std::string& uri) {
  if (store::default_store().is_folder(uri)) return verify_folder(verifier, uri);
  const SourcePtr source = store::default_store().open(uri);
  if (checkpoint::is_shard_index(*source)) {
    verifier.count(source->size(), false);
    verify_index(verifier, uri);
  } else {
    verify_source(verifier, source);
  }
}

// That nothing is left is no further problem of the file.
std::optional<Recoverable> recoverable_or_none(const std::string& uri, const VerifyOptions& options) {
  try {
    return recoverable_of(uri, options);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::io) throw;
    return std::nullopt;
  }
}

}  // namespace

VerifyReport verify(const std::string& uri, const VerifyOptions& options) {
  Verifier verifier(options);
  verify_at(verifier, uri);
  if (!verifier.report.ok()) verifier.report.recoverable = recoverable_or_none(uri, options);
  return std::move(verifier.report);
}

namespace {

// What is rescued is less than what there was: nothing may be replaced by it.
void require_new(const std::string& target) {
  std::error_code no_such_file;
  if (!std::filesystem::exists(target, no_such_file)) return;
  throw Error(ErrorKind::bad_argument, "there is a file of this name already, which would be lost")
      .hint("Name a new file.")
      .at("", store::shown(target));
}

}  // namespace

Recoverable rescue(const std::string& uri, const std::string& target, const VerifyOptions& options) {
  require_new(target);
  return write_rescued(uri, target, options);
}

}  // namespace okibi::inspect
