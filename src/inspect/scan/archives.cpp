// Zip archives, whose every record is looked at unless a pickle beside it says that it is a storage.
#include <fmt/format.h>

#include <algorithm>

#include "base/keyed_hash.h"
#include "checkpoint/formats/pt2_config.h"
#include "checkpoint/formats/zip_file.h"
#include "inspect/error_text.h"
#include "inspect/scan/looks.h"
#include "inspect/scan/zip_ends.h"
#include "zip/directory.h"
#include "zip/end_records.h"
#include "zip/inflate.h"
#include "zip/local_headers.h"
#include "zip/names.h"

namespace okibi::inspect {
namespace {

using zip::Record;

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

// None where the config cannot be read: then the records are looked at like any other.
std::vector<checkpoint::Pt2Entry> entries_of_config(const io::Source& config, const Limits& limits) {
  try {
    return checkpoint::read_pt2_config(read_head(config, limits.max_header_bytes), limits);
  } catch (const Error&) {
    return {};
  }
}

class ArchiveLook {
 public:
  ArchiveLook(Scanner& scanner, Part part) : scanner_(scanner), part_(std::move(part)) {}
  void look();

 private:
  bool read_directory();
  void check_names();
  void check_opens();
  void tell_programs();
  std::string inner_name(const Record& record) const;  // without the folder that all records share
  bool is_pickle(std::string_view name) const;
  bool is_storage(std::string_view name) const;
  void take_storages(const std::vector<NamedStorage>& storages, std::string_view pickle);
  void take_raw_weights();
  std::shared_ptr<const io::Source> bytes_of(const Record& record);
  std::shared_ptr<const io::Source> inflated(const Record& record);
  void check_crc(const Record& record, const io::Source& bytes);
  Part part_for(const Record& record, Role role);
  bool has(std::string_view name) const;

  Scanner& scanner_;
  Part part_;
  std::vector<Record> records_;
  std::string root_;
  KeyedSet<std::string> storages_;  // records, without the root
};

void ArchiveLook::look() {
  if (!read_directory()) return;
  check_names();
  tell_programs();
  take_raw_weights();
  for (const Record& record : records_) {
    throw_if_stopped(scanner_.stop());
    if (!is_pickle(inner_name(record))) continue;
    const Part pickle = part_for(record, Role::pickle);
    if (pickle.bytes) take_storages(look_at_pickle(scanner_, pickle), inner_name(record));
  }
  for (const Record& record : records_) {
    const std::string name = inner_name(record);
    if (record.size == 0 || is_pickle(name) || is_storage(name)) continue;
    throw_if_stopped(scanner_.stop());
    const Part part = part_for(record, Role::record);
    if (part.bytes) scanner_.add(part);
  }
  if (has("data.pkl")) check_opens();
}

// A tensor that does not lie in its storage runs nothing, but has been a way into other readers' memory.
void ArchiveLook::check_opens() {
  try {
    open(part_.bytes, {.limits = scanner_.limits(), .any_class_as_data = true, .stop = scanner_.stop()});
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;
    if (error.kind() != ErrorKind::unsupported) scanner_.problem(part_.where, text_without_file(error));
  }
}

bool ArchiveLook::read_directory() {
  try {
    const zip::DirectoryBytes directory = zip::read_directory(*part_.bytes, scanner_.limits());
    std::vector<zip::Entry> entries = zip::parse_directory(*part_.bytes, directory, scanner_.limits());
    zip::place_records(*part_.bytes, entries, directory.offset);
    for (zip::Entry& entry : entries)
      if (!entry.is_folder) records_.push_back(std::move(entry.record));
    return true;
  } catch (const Error& error) {
    scanner_.problem(part_.where, text_without_file(error));
    look_at_remains(scanner_, part_);
    return false;
  }
}

// The folder that all records lie in, and no two of one name: readers do not agree on which of them counts.
void ArchiveLook::check_names() {
  KeyedSet<std::string> names;
  for (const Record& record : records_)
    if (!names.insert(zip::lower_case(record.name)).second)
      scanner_.problem(join(part_.where, record.name), "the archive has two records of this name");
  if (records_.empty()) return;
  root_ = records_[0].name.substr(0, records_[0].name.find('/') + 1);
  if (!std::ranges::all_of(records_, [&](const Record& r) { return r.name.starts_with(root_); })) root_.clear();
}

void ArchiveLook::tell_programs() {
  const bool has_code =
      std::ranges::any_of(records_, [&](const Record& r) { return inner_name(r).starts_with("code/"); });
  if (has_code && (has("constants.pkl") || has("data.pkl")))
    scanner_.program("a TorchScript program", Judgement::known, join(part_.where, root_ + "code"));
  if (has(".data/extern_modules"))
    scanner_.program("a torch.package, which is Python code", Judgement::unsafe,
                     join(part_.where, root_ + ".data/extern_modules"));
}

std::string ArchiveLook::inner_name(const Record& record) const { return record.name.substr(root_.size()); }

bool ArchiveLook::has(std::string_view name) const {
  return std::ranges::any_of(records_, [&](const Record& record) { return inner_name(record) == name; });
}

bool ArchiveLook::is_pickle(std::string_view name) const {
  const std::string_view last = name.substr(name.rfind('/') + 1);
  return ends_with_any(last, {".pkl", ".pickle", ".debug_pkl"}) || last == ".metadata" ||
         (name.starts_with("data/constants/") && last.starts_with("opaque_obj_"));
}

bool ArchiveLook::is_storage(std::string_view name) const { return storages_.contains(std::string(name)); }

void ArchiveLook::take_storages(const std::vector<NamedStorage>& storages, std::string_view pickle) {
  const bool constants = pickle == "constants.pkl";
  for (const NamedStorage& storage : storages) {
    storages_.insert((constants ? "constants/" : "data/") + storage.key);
    storages_.insert(".data/" + storage.key + ".storage");  // of a torch.package
  }
}

// A .pt2 file names in JSON the records that hold nothing but a tensor's bytes.
void ArchiveLook::take_raw_weights() {
  for (const Record& record : records_) {
    const std::string name = inner_name(record);
    if (!name.ends_with("_config.json") || !name.starts_with("data/")) continue;
    const auto bytes = bytes_of(record);
    if (!bytes) continue;
    for (const checkpoint::Pt2Entry& entry : entries_of_config(*bytes, scanner_.limits())) {
      if (entry.is_tensor && !entry.use_pickle) storages_.insert(name.substr(0, name.rfind('/') + 1) + entry.path);
    }
  }
}

Part ArchiveLook::part_for(const Record& record, Role role) {
  return {bytes_of(record), join(part_.where, record.name), role, part_.depth + 1};
}

// Null where they cannot be had, which is told.
std::shared_ptr<const io::Source> ArchiveLook::bytes_of(const Record& record) {
  std::shared_ptr<const io::Source> bytes =
      record.deflated ? inflated(record) : part_of(part_.bytes, record.offset, record.offset + record.size);
  if (bytes) check_crc(record, *bytes);
  return bytes;
}

std::shared_ptr<const io::Source> ArchiveLook::inflated(const Record& record) {
  const std::string where = join(part_.where, record.name);
  if (checkpoint::inflates_too_far(record, scanner_.limits()) || !scanner_.may_inflate(record.size))
    return scanner_.problem(where, "the file inflates to more than okibi looks into"), nullptr;
  auto bytes = zip::inflate(read_bytes(*part_.bytes, record.offset, record.offset + record.stored_size), record.size);
  if (!bytes) return scanner_.problem(where, "the deflated bytes are damaged, or not as many as promised"), nullptr;
  return std::make_shared<Buffer>(std::move(*bytes), part_.bytes->name());
}

// A wrong one keeps nobody from loading the record: PyTorch does not look at it. So it is read all the same.
void ArchiveLook::check_crc(const Record& record, const io::Source& bytes) {
  if (record.crc32 == 0 || crc32_of(bytes, 0, bytes.size()) == record.crc32) return;
  scanner_.problem(join(part_.where, record.name), "the CRC-32 does not match");
}

}  // namespace

bool look_at_archives(Scanner& scanner, const Part& part) {
  uint64_t end = part.bytes->size();
  bool is_whole = true;
  while (end > 0) {
    const auto begin = begin_of_archive(*part.bytes, end);
    if (!begin) break;
    is_whole = *begin == 0 && end == part.bytes->size();
    const std::string where = is_whole ? part.where : join(part.where, fmt::format("archive at {}", *begin));
    const auto bytes = is_whole ? part.bytes : part_of(part.bytes, *begin, end);
    ArchiveLook(scanner, {bytes, where, part.role, part.depth}).look();
    end = *begin;
  }
  if (end == part.bytes->size()) return false;
  if (end == 0) return true;
  scanner.problem(part.where, fmt::format("{} bytes stand before the zip archive", end));
  scanner.add({part_of(part.bytes, 0, end), join(part.where, "bytes in front"), Role::fragment, part.depth + 1});
  return true;
}

}  // namespace okibi::inspect
