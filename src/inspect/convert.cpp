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

// What of the object is to be written.
Value selected(Value object, const ConvertOptions& options) {
  if (!options.part.empty()) object = inspect::part_of(object, options.part);
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
  const auto file = checkpoint::open_file(source, options.load);
  checkpoint::StreamedStorages tensors(*file, options.load, options.dtype);
  ConvertReport report{.from = file->format(), .to = checkpoint::format_for(target, options.save)};
  const Value object = checkpoint::in_file(file->name(), [&] { return selected(file->object(tensors), options); });
  count_tensors(object, file->index_bytes(), report);
  checkpoint::save_at(target, object, options.save, tensors);
  return report;
}

}  // namespace okibi
