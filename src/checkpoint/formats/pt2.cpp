#include "checkpoint/formats/pt2.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/formats/parts.h"
#include "checkpoint/formats/pt2_config.h"
#include "checkpoint/formats/torch_zip.h"
#include "checkpoint/formats/zip_file.h"
#include "io/window.h"

namespace okibi::checkpoint {
namespace {

// A record that is a file itself, as a source that must not outlive `file`. A stored one is read from where it lies.
std::shared_ptr<const io::Source> source_of(const io::Source& file, const zip::Record& record) {
  if (record.deflated) return std::make_shared<const Buffer>(zip::read_record(file, record), file.name());
  const std::shared_ptr<const io::Source> borrowed(std::shared_ptr<void>(), &file);
  return std::make_shared<const io::Window>(borrowed, record.offset, record.size);
}

// Spends of Limits::max_inflated_bytes what the archive inflates to, so that many small archives get no more than one
// large one. What was inflated once may not inflate again.
void spend(Limits& limits, const zip::Reader& records, bool inflated) {
  for (const zip::Record& record : records.records()) {
    if (!record.deflated) continue;
    if (inflated) {
      throw Error(ErrorKind::limit, "the archive in the record is deflated twice").at("its record", record.name);
    }
    limits.max_inflated_bytes -= std::min(limits.max_inflated_bytes, record.size);
  }
}

// Only what torch.export puts there: archives in archives in archives are no business of a .pt2.
std::unique_ptr<const OpenedFile> open_inner(const io::Source& file, const zip::Record& record, LoadOptions& options) {
  zip::Reader records(source_of(file, record), options.limits);
  spend(options.limits, records, record.deflated);
  if (records.find("data.pkl")) return open_torch_zip(std::move(records), options);
  throw Error(ErrorKind::bad_file, "the record is no file of torch.save");
}

// What an ExportedProgram keeps of tensors, and where a file has them.
struct Kind {
  std::string_view key;     // of the object
  std::string_view folder;  // of its records
  std::string_view config;  // ends the name of its config
  std::string_view old;     // the one record that held all, before 2.8
};
constexpr std::array kinds = {
    Kind{"state_dict", "data/weights/", "_weights_config.json", "serialized_state_dict.pt"},
    Kind{"constants", "data/constants/", "_constants_config.json", "serialized_constants.pt"},
};
constexpr std::string_view old_program = "serialized_exported_program.json";

// The weights or the constants of one program: entries of a config, or one file of torch.save.
struct Section {
  std::string key;
  std::string folder;
  std::vector<Pt2Entry> entries = {};
  std::string part = {};
};

// What the parts hold, each made once, though many entries may name it.
class PartObjects {
 public:
  PartObjects(const Parts& parts, TensorMaker& tensors) : parts_(parts), tensors_(tensors) {}

  TensorMaker& tensors() { return tensors_; }
  const Value& of(const std::string& part) {
    const auto made = made_.find(part);
    return made != made_.end() ? made->second : made_.emplace(part, parts_.object_of(part, tensors_)).first->second;
  }

 private:
  const Parts& parts_;
  TensorMaker& tensors_;
  std::map<std::string, Value> made_;
};

class Pt2File final : public ZipFile {
 public:
  Pt2File(zip::Reader records, const LoadOptions& options);

  Format format() const noexcept override { return Format::pt2; }
  uint64_t index_bytes() const noexcept override { return index_bytes_ + parts_.index_bytes(); }
  Value object(TensorMaker& tensors) const override;
  Extent extent_of(const StorageRef& storage) const override;

 private:
  std::vector<std::string> program_names() const;
  Section section_of(const Kind& kind, const std::string& program);
  void read_config(Section& section, const zip::Record& record);
  std::string open_part(const std::string& record);
  Value section_value(const Section& section, PartObjects& parts) const;
  Value value_of(const Section& section, const Pt2Entry& entry, PartObjects& parts) const;
  Value tensor_of(const Section& section, const Pt2Entry& entry, TensorMaker& tensors) const;

  Parts parts_;                // records that are files of torch.save
  LoadOptions inner_options_;  // for them: what the file itself inflates to is no longer theirs
  std::vector<std::pair<std::string, std::vector<Section>>> programs_;
  uint64_t index_bytes_ = 0;
};

Pt2File::Pt2File(zip::Reader records, const LoadOptions& options)
    : ZipFile(std::move(records), options), inner_options_(options) {
  spend(inner_options_.limits, records_, false);
  for (const std::string& name : program_names()) {
    std::vector<Section> sections;
    for (const Kind& kind : kinds) sections.push_back(section_of(kind, name));
    programs_.emplace_back(name, std::move(sections));
  }
  if (!programs_.empty()) return;
  throw Error(ErrorKind::unsupported, "the .pt2 file holds no program with weights, only compiled code");
}

std::vector<std::string> Pt2File::program_names() const {
  constexpr std::string_view folder = "models/", end = ".json";
  if (records_.find(old_program)) return {""};
  std::vector<std::string> names;
  for (const zip::Record& record : records_.records()) {
    const std::string_view name = record.name;
    if (!name.starts_with(folder) || !name.ends_with(end) || name.size() < folder.size() + end.size()) continue;
    names.emplace_back(name.substr(folder.size(), name.size() - folder.size() - end.size()));
  }
  return names;
}

Section Pt2File::section_of(const Kind& kind, const std::string& program) {
  Section section{.key = std::string(kind.key), .folder = std::string(kind.folder)};
  const std::string config = section.folder + program + std::string(kind.config);
  const std::string whole = program.empty() ? std::string(kind.old) : section.folder + program + ".pt";
  if (const zip::Record* record = records_.find(config)) {
    in_context("record", config, [&] { read_config(section, *record); });
  } else if (records_.find(whole)) {
    section.part = open_part(whole);
  } else if (!program.empty()) {  // the oldest files had no constants
    throw Error(ErrorKind::bad_file, "the file has no such record, which says where the program's tensors lie")
        .at("record", config);
  }
  return section;
}

void Pt2File::read_config(Section& section, const zip::Record& record) {
  if (record.size > options_.limits.max_header_bytes) {
    throw Error(ErrorKind::limit, "the config is longer than Limits::max_header_bytes allows").found(record.size);
  }
  const auto text = zip::read_record(records_.source(), record);
  index_bytes_ += text.size();
  section.entries = read_pt2_config(as_text(text), options_.limits);
  for (const Pt2Entry& entry : section.entries) {
    if (entry.is_tensor && entry.use_pickle) open_part(section.folder + entry.path);
  }
}

// Parts are named without '/'.
std::string part_name(std::string record) {
  std::ranges::replace(record, '/', ':');
  return record;
}

std::string Pt2File::open_part(const std::string& record) {
  return in_context("record", record, [&] {
    const zip::Record* found = records_.find(record);
    if (!found) throw Error(ErrorKind::bad_file, "the file has no such record, though a tensor lies in it");
    if (parts_.has(part_name(record))) return part_name(record);  // tied weights; or one record named again and again
    parts_.add(part_name(record), open_inner(records_.source(), *found, inner_options_));
    return part_name(record);
  });
}

Value Pt2File::object(TensorMaker& tensors) const {
  PartObjects parts(parts_, tensors);
  std::vector<std::pair<std::string, Dict>> programs;
  for (const auto& [name, sections] : programs_) {
    const Dict& program = programs.emplace_back(name, Dict()).second;
    for (const Section& section : sections) program.set(section.key, section_value(section, parts));
  }
  if (programs.size() == 1) return programs[0].second;
  const Dict all;
  for (const auto& [name, program] : programs) all.set(name, program);
  return all;
}

Value Pt2File::section_value(const Section& section, PartObjects& parts) const {
  if (!section.part.empty()) return parts.of(section.part);
  const Dict dict;
  for (const Pt2Entry& entry : section.entries) {
    dict.set(entry.name, in_context("tensor", entry.name, [&] { return value_of(section, entry, parts); }));
  }
  return dict;
}

Value Pt2File::value_of(const Section& section, const Pt2Entry& entry, PartObjects& parts) const {
  if (!entry.is_tensor) return Dict{{"path_name", entry.path}, {"use_pickle", entry.use_pickle}};
  if (entry.use_pickle) return parts.of(part_name(section.folder + entry.path));
  return tensor_of(section, entry, parts.tensors());
}

Value Pt2File::tensor_of(const Section& section, const Pt2Entry& entry, TensorMaker& tensors) const {
  const std::string key = section.folder + entry.path;
  const zip::Record* record = records_.find(key);
  if (!record) {
    throw Error(ErrorKind::bad_file, "the file has no such record, though a tensor lies in it").at("record", key);
  }
  // A program that was exported without its weights has records of no bytes.
  if (record->size == 0 && numel_of(entry.sizes) > 0) return empty_meta(entry.sizes, entry.dtype);
  const StorageRef storage{.key = key,
                           .location = entry.device,
                           .dtype = entry.dtype,
                           .numel = static_cast<int64_t>(record->size / itemsize(entry.dtype)),
                           .nbytes = record->size};
  const Tensor tensor = tensors.make(storage, {entry.dtype, entry.storage_offset, entry.sizes, entry.strides});
  if (entry.requires_grad) tensor.requires_grad_();
  return tensor;
}

Extent Pt2File::extent_of(const StorageRef& storage) const {
  if (parts_.holds(storage)) return parts_.extent_of(storage);
  return {&records_.source(), &record_of(storage.key, storage), swapped_};
}

}  // namespace

bool is_pt2(const zip::Reader& records) {
  return records.find("archive_format") || records.find("models/model.json") || records.find(old_program);
}

std::unique_ptr<const OpenedFile> open_pt2(zip::Reader records, const LoadOptions& options) {
  return std::make_unique<const Pt2File>(std::move(records), options);
}

}  // namespace okibi::checkpoint
