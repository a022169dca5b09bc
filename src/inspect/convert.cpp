#include <okibi/convert.h>

#include <unordered_set>

#include "checkpoint/archive_body.h"
#include "checkpoint/in_file.h"
#include "checkpoint/save.h"
#include "checkpoint/streamed_storages.h"
#include "inspect/part.h"
#include "inspect/select.h"

namespace okibi {
namespace {

bool knows_only_tensors(Format format) { return format == Format::safetensors || format == Format::sharded; }

// Classes do not get into a file that knows only tensors, so that none needs to be allowed.
LoadOptions load_options(const ConvertOptions& options, Format to) {
  LoadOptions load = options.load;
  load.any_class_as_data |= knows_only_tensors(to);
  return load;
}

// safetensors files of PyTorch's say so, which Hugging Face's loaders look for, unless the source says something
// itself.
SaveOptions save_options(const ConvertOptions& options, const Value& object, Format to) {
  SaveOptions save = options.save;
  const auto attributes = object.is_dict() ? object.to_dict().attributes() : std::nullopt;
  const bool has_metadata = attributes && attributes->contains("__metadata__");
  if (to == Format::safetensors && save.metadata.empty() && !has_metadata) save.metadata = {{"format", "pt"}};
  return save;
}

constexpr std::string_view state_dict = "state_dict";

// What of the object is to be written, if nobody said so; Format::pt2 keeps weights and constants apart.
std::string part_for(const ConvertOptions& options, const ConvertReport& report) {
  if (options.part) return *options.part;
  return report.from == Format::pt2 && knows_only_tensors(report.to) ? std::string(state_dict) : "";
}

Value selected(Value object, const std::string& part, const ConvertOptions& options) {
  if (!part.empty()) object = inspect::part_of(object, part);
  if (!options.only.empty()) object = inspect::keep_only(object, options.only);
  if (!options.rename.empty()) object = inspect::rename_leaves(object, options.rename);
  return object;
}

void count_tensors(const Value& object, uint64_t index_bytes, ConvertReport& report) {
  std::unordered_set<const Storage*> storages;
  for (const auto& named : checkpoint::list_tensors(object, index_bytes)) {
    ++report.tensors;
    if (named.tensor.layout() != Layout::strided || named.tensor.is_meta()) continue;
    const Storage& storage = *named.tensor.storage();
    if (storages.insert(&storage).second) report.nbytes += storage.nbytes();
  }
}

}  // namespace

ConvertReport convert(const std::string& source, const std::string& target, const ConvertOptions& options) {
  ConvertReport report{.to = checkpoint::format_for(target, options.save)};
  const LoadOptions load = load_options(options, report.to);
  const auto file = checkpoint::open_file(source, load);
  report.from = file->format();
  checkpoint::StreamedStorages tensors(*file, load, options.dtype);
  const Value object = checkpoint::in_file(file->name(), [&] {
    Value whole = file->object(tensors);
    // Of a whole model, its state_dict; of a program always, whose classes nobody else has.
    const bool has_no_classes = knows_only_tensors(report.to) || report.from == Format::torchscript;
    const bool is_model = has_no_classes && whole.is_object();
    if (is_model) whole = file->state_dict_of(whole);
    const std::string part = part_for(options, report);
    report.part = is_model && part.empty() ? state_dict : part;
    return selected(std::move(whole), part, options);
  });
  count_tensors(object, file->index_bytes(), report);
  checkpoint::save_at(target, object, save_options(options, object, report.to), tensors);
  return report;
}

}  // namespace okibi
