#include "base/keyed_hash.h"
#include "checkpoint/formats/safetensors.h"

namespace okibi::checkpoint {
namespace {

class SafetensorsFile final : public OpenedFile {
 public:
  SafetensorsFile(std::shared_ptr<const io::Source> source, const LoadOptions& options, Missing missing)
      : source_(std::move(source)),
        header_(missing == Missing::refused ? read_safetensors_header(*source_, options.limits)
                                            : read_cut_safetensors_header(*source_, options.limits)) {
    for (const SafetensorsEntry& entry : header_.tensors) by_name_.emplace(entry.record.name, &entry.record);
  }

  Format format() const noexcept override { return Format::safetensors; }
  std::string name() const override { return source_->name(); }
  uint64_t index_bytes() const noexcept override { return header_.nbytes; }
  Value object(TensorMaker& tensors) const override;
  // The header was checked: each storage is as long as its tensor.
  Extent extent_of(const StorageRef& storage) const override {
    const zip::Record& record = *by_name_.at(storage.key);
    io::check_range(*source_, record.offset, record.size);
    return {source_.get(), &record};
  }

 private:
  const std::shared_ptr<const io::Source> source_;
  const SafetensorsHeader header_;
  KeyedMap<std::string_view, const zip::Record*> by_name_;  // views into header_
};

Tensor make(const SafetensorsEntry& entry, TensorMaker& tensors) {
  const uint64_t nbytes = entry.record.size;
  const StorageRef storage{.key = entry.record.name,
                           .location = "cpu",
                           .dtype = entry.dtype,
                           .numel = static_cast<int64_t>(nbytes / itemsize(entry.dtype)),
                           .nbytes = nbytes};
  return tensors.make(storage,
                      {.dtype = entry.dtype, .sizes = entry.sizes, .strides = contiguous_strides(entry.sizes)});
}

Value SafetensorsFile::object(TensorMaker& tensors) const {
  const Dict object(DictKind::ordered_dict);
  for (const SafetensorsEntry& entry : header_.tensors) {
    object.set(entry.record.name, in_context("tensor", entry.record.name, [&] { return make(entry, tensors); }));
  }
  if (header_.metadata.empty()) return object;
  const Dict metadata;
  for (const auto& [key, text] : header_.metadata) metadata.set(key, text);
  object.set_attributes(Dict{{safetensors_metadata, metadata}});
  return object;
}

}  // namespace

std::unique_ptr<const OpenedFile> open_safetensors(std::shared_ptr<const io::Source> source,
                                                   const LoadOptions& options, Missing missing) {
  return std::make_unique<const SafetensorsFile>(std::move(source), options, missing);
}

}  // namespace okibi::checkpoint
