#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include <okibi/inspect.h>
#include <okibi/store.h>

#include "checkpoint/formats/json.h"
#include "inspect/scan/looks.h"

namespace okibi::inspect {

std::string_view name_of(Judgement judgement) noexcept {
  constexpr std::string_view names[] = {"tensor", "known", "unsafe"};
  return names[static_cast<size_t>(judgement)];
}

std::string_view name_of(Verdict verdict) noexcept {
  constexpr std::string_view names[] = {"safe", "known", "unsafe", "malformed"};
  return names[static_cast<size_t>(verdict)];
}

namespace {

namespace fs = std::filesystem;

// In the order of their names, so that two scans of one folder tell the same. Links to folders are not followed: they
// may lead back.
std::vector<fs::path> files_in(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (fs::recursive_directory_iterator at(folder, problem), end; at != end && !problem; at.increment(problem)) {
    std::error_code no_end;  // of a link that leads to itself
    if (!at->is_directory(no_end)) files.push_back(at->path());
  }
  if (problem) throw Error(ErrorKind::io, "cannot read the folder: " + problem.message()).at("", folder);
  std::ranges::sort(files);
  return files;
}

void add_folder(Scanner& scanner, const std::string& folder) {
  const std::vector<fs::path> files = files_in(folder);
  for (const fs::path& file : files) {
    const std::string where = file.lexically_relative(folder).string();
    std::error_code no_end;
    if (!fs::is_regular_file(file, no_end)) {
      scanner.problem(where, "this is a broken link, a device or a pipe");
    } else {
      scanner.add({std::make_shared<io::FileSource>(file.string()), where, Role::record, 0});
    }
  }
}

// Never clean where something was not looked at.
void add_remote_folder(Scanner& scanner, const store::Folder& folder) {
  if (folder.has_folders()) scanner.problem("", "folders within this one were not looked at: scan each of them");
  for (const std::string& file : folder.names()) scanner.add({folder.open(file), file, Role::record, 0});
}

// The files that an index of shards ({"weight_map": {tensor: file}}) names; nothing where it is none.
std::set<std::string> shards_of(const io::Source& source, const Limits& limits) {
  std::set<std::string> files;
  if (source.size() > limits.max_header_bytes || read_head(source, 1) != "{") return files;
  using namespace checkpoint;
  const auto take = [&](JsonPath path, const JsonValue& value) {
    if (path.size() == 2 && path[0].key == "weight_map" && value.kind == JsonValue::Kind::string)
      files.insert(value.text);
  };
  try {
    read_json(read_head(source, source.size()), limits, take);
  } catch (const Error&) {
    return files;  // what is no JSON is told when the file itself is looked at
  }
  return files;
}

void add_shards(Scanner& scanner, const std::string& uri, const std::set<std::string>& files) {
  const std::string folder = uri.substr(0, uri.rfind('/') + 1);
  for (const std::string& file : files) {
    if (file.empty() || file.find('/') != std::string::npos || file.starts_with('.')) {
      scanner.problem(
          "", fmt::format("the index names \"{}\", which is no plain name of a file beside it", printable(file, 200)));
    } else {
      scanner.add({store::default_store().open(folder + file), file, Role::file, 0});
    }
  }
}

}  // namespace

ScanReport scan(std::shared_ptr<const io::Source> source, const ScanOptions& options) {
  Scanner scanner(options);
  scanner.add({std::move(source), "", Role::file, 0});
  scanner.run();
  return std::move(scanner).report();
}

ScanReport scan(const std::string& uri, const ScanOptions& options) {
  Scanner scanner(options);
  const store::Store& store = store::default_store();
  if (store.is_folder(uri)) {
    const auto folder = store.folder(uri);
    const std::string scheme = store::scheme_of(uri);
    scheme.empty() || scheme == "file" ? add_folder(scanner, folder->name()) : add_remote_folder(scanner, *folder);
    scanner.run();
    if (!scanner.has_met_data()) scanner.problem("", "nothing in the folder is a checkpoint");
    return std::move(scanner).report();
  }
  const auto source = store.open(uri);
  add_shards(scanner, uri, shards_of(*source, options.limits));
  scanner.add({source, "", Role::file, 0});
  scanner.run();
  return std::move(scanner).report();
}

}  // namespace okibi::inspect
