#include "script/sources.h"

#include <fmt/format.h>

#include <algorithm>

#include "script/syntax/file.h"
#include "script/syntax/lexer.h"

namespace okibi::script {
namespace {

constexpr std::string_view folder = "code/", extension = ".py";

bool is_source(std::string_view record) { return record.starts_with(folder) && record.ends_with(extension); }

// "code/__torch__/torch/nn.py" → "__torch__.torch.nn"
std::string qualifier_of(std::string_view record) {
  record.remove_prefix(folder.size());
  record.remove_suffix(extension.size());
  std::string qualifier(record);
  std::ranges::replace(qualifier, '/', '.');
  return qualifier;
}

std::string record_of(std::string qualifier) {
  std::ranges::replace(qualifier, '.', '/');
  return fmt::format("{}{}{}", folder, qualifier, extension);
}

// Two of one name would be two things to two readers.
template <class Item>
KeyedMap<std::string, const Item*> by_name(const std::vector<Item>& items) {
  KeyedMap<std::string, const Item*> map;
  for (const Item& item : items) {
    if (!map.emplace(item.name, &item).second) {
      throw syntax_error(item.place, fmt::format("{} is defined for the second time", item.name));
    }
  }
  return map;
}

struct Split {
  std::string_view qualifier, name;
};
Split split(std::string_view qualified) {
  const size_t dot = qualified.rfind('.');
  return dot == qualified.npos ? Split{{}, qualified} : Split{qualified.substr(0, dot), qualified.substr(dot + 1)};
}

template <class Map>
auto found_in(const Map& map, std::string_view name) -> typename Map::mapped_type {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

Sources::Sources(const zip::Reader& records, const Limits& limits) : records_(records), limits_(limits) {
  for (const zip::Record& record : records.records()) {
    if (!is_source(record.name)) continue;
    bytes_ = checked_add(bytes_, record.size, "the sources of the program");
    qualifiers_.push_back(qualifier_of(record.name));
  }
  std::ranges::sort(qualifiers_);
  if (bytes_ <= limits.max_script_bytes) return;
  throw Error(ErrorKind::limit, "the sources of the program are longer than those of any")
      .expected(fmt::format("at most Limits::max_script_bytes ({})", limits.max_script_bytes))
      .found(bytes_);
}

std::unique_ptr<const SourceFile> Sources::parse(const std::string& qualifier) const {
  const std::string record = record_of(qualifier);
  return in_context("record", record, [&] {
    auto parsed = std::make_unique<SourceFile>(SourceFile{record, qualifier, {}, {}, {}});
    parsed->file = parse_file(as_text(records_.read(record)), limits_);
    parsed->classes = by_name(parsed->file.classes);
    parsed->functions = by_name(parsed->file.functions);
    return parsed;
  });
}

const SourceFile* Sources::file(std::string_view qualifier) {
  if (const auto found = files_.find(qualifier); found != files_.end()) return found->second.get();
  if (!std::ranges::binary_search(qualifiers_, qualifier)) return nullptr;
  return files_.emplace(qualifier, parse(std::string(qualifier))).first->second.get();
}

const SourceFile* Sources::file_of(std::string_view name) { return file(split(name).qualifier); }

const Class* Sources::find_class(std::string_view name) {
  const SourceFile* in = file_of(name);
  return in ? found_in(in->classes, split(name).name) : nullptr;
}

const Function* Sources::find_function(std::string_view name) {
  const SourceFile* in = file_of(name);
  return in ? found_in(in->functions, split(name).name) : nullptr;
}

}  // namespace okibi::script
