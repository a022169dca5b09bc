#include "checkpoint/formats/script_classes.h"

#include <algorithm>

namespace okibi::checkpoint {
namespace {

constexpr uint64_t largest_source = uint64_t{16} << 20;  // deflated it may claim a thousand times its bytes

// "__torch__.torch.nn" → "code/__torch__/torch/nn.py"
std::string record_for(std::string module) {
  std::ranges::replace(module, '.', '/');
  return "code/" + module + ".py";
}

// The word after "class ", or nothing.
std::string_view class_begun(std::string_view line) {
  if (!line.starts_with("class ")) return {};
  line.remove_prefix(6);
  return line.substr(0, line.find_first_of("(:"));
}

bool names_tensors(std::string_view line) {
  return line.starts_with("  __parameters__ = [") || line.starts_with("  __buffers__ = [");
}

// What stands between quotation marks.
void add_quoted(std::string_view line, ScriptNames& names) {
  for (size_t begin = line.find('"'); begin != line.npos; begin = line.find('"', begin)) {
    const size_t end = line.find('"', begin + 1);
    if (end == line.npos) return;
    names.emplace(line.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
}

KeyedMap<std::string, ScriptNames> read_classes(std::string_view source) {
  KeyedMap<std::string, ScriptNames> classes;
  ScriptNames* current = nullptr;
  while (!source.empty()) {
    const size_t end = std::min(source.find('\n'), source.size());
    const std::string_view line = source.substr(0, end);
    if (const auto name = class_begun(line); !name.empty()) current = &classes[std::string(name)];
    if (current && names_tensors(line)) add_quoted(line, *current);
    source.remove_prefix(std::min(end + 1, source.size()));
  }
  return classes;
}

}  // namespace

const ScriptClasses::Classes& ScriptClasses::classes_of(const std::string& module) const {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = files_.try_emplace(module);
  const zip::Record* record = is_new ? records_.find(record_for(module)) : nullptr;
  if (record && record->size > largest_source) {
    throw Error(ErrorKind::limit, "a file of source is larger than any that PyTorch has written")
        .at("record", record->name);
  }
  if (record) {
    const auto source = zip::read_record(records_.source(), *record);
    place->second = read_classes(as_text(source));
  }
  return place->second;
}

const ScriptNames* ScriptClasses::names_of(const std::string& module, const std::string& name) const {
  const Classes& classes = classes_of(module);
  const auto found = classes.find(name);
  return found == classes.end() ? nullptr : &found->second;
}

}  // namespace okibi::checkpoint
