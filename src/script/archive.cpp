#include "script/archive.h"

#include <fmt/format.h>

#include <charconv>

#include "checkpoint/formats/torchscript.h"
#include "checkpoint/storages.h"

namespace okibi::script {
namespace {

Error no_program(Format format) {
  return Error(ErrorKind::unsupported,
               fmt::format("this is no TorchScript program, but of the format {}", name_of(format)))
      .hint("`okibi ls` and `okibi show` tell what it holds, and okibi::load() reads it.");
}

Archive open_program(const std::shared_ptr<const io::Source>& file, const Limits& limits) {
  Archive archive = open(file, {.limits = limits, .any_class_as_data = true});
  if (archive.format() != Format::torchscript) throw no_program(archive.format()).at("", file->name());
  return archive;
}

// It was checked when the archive was opened.
int64_t version_of(const zip::Reader& records) {
  const auto bytes = records.read(records.find("version") ? "version" : ".data/version");
  const std::string_view text = as_text(bytes);
  int64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::string class_of(const Value& root) {
  if (root.is_object()) return root.to_object().python_class();
  throw Error(ErrorKind::bad_file, "the program is no module")
      .expected("an object")
      .found(name_of(root.kind()))
      .at("record", "data.pkl");
}

}  // namespace

ScriptArchive::ScriptArchive(std::shared_ptr<const io::Source> file, const Limits& limits, bool mmap)
    : file_(file),
      options_{.limits = limits, .mmap = mmap, .check_mapped = mmap, .any_class_as_data = true},
      root_class_(class_of(open_program(file, limits).skeleton())),
      records_(file, limits),
      version_(version_of(records_)),
      sources_(records_, limits) {}

ScriptArchive::ScriptArchive(std::shared_ptr<const io::Source> file, const Object& root, const Limits& limits)
    : file_(file),
      options_{.limits = limits, .any_class_as_data = true},
      root_(root),
      root_class_(root.python_class()),
      records_(file, limits),
      version_(version_of(records_)),
      sources_(records_, limits) {}

std::vector<Value> ScriptArchive::constants() const {
  return in_context("record", "constants.pkl", [&] {
    const auto opened = checkpoint::open_torchscript_constants(records_, options_);
    checkpoint::WholeStorages tensors(*opened, options_);
    const Value all = opened->object(tensors);
    tensors.read_now();
    return all.to_tuple().items();
  });
}

Value ScriptArchive::root() const { return root_ ? Value(*root_) : load(file_, options_); }

std::vector<std::pair<std::string, uint64_t>> ScriptArchive::extra_files() const {
  std::vector<std::pair<std::string, uint64_t>> files;
  for (const zip::Record& record : records_.records()) {
    if (record.name.starts_with(extra_folder)) files.emplace_back(record.name.substr(extra_folder.size()), record.size);
  }
  return files;
}

std::unique_ptr<ScriptArchive> open_script(const std::string& uri, const Limits& limits) {
  const store::Store& store = store::default_store();
  if (store.is_folder(uri))
    throw no_program(open(uri, {.limits = limits, .any_class_as_data = true}).format()).at("", uri);
  return std::make_unique<ScriptArchive>(store.open(uri), limits);
}

}  // namespace okibi::script
