#include "checkpoint/formats/dcp_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "checkpoint/formats/zip_file.h"
#include "checkpoint/in_file.h"
#include "io/window.h"

namespace okibi::checkpoint {
namespace {

constexpr size_t objects_at_once = 256;  // archives whose pickles are in memory together

std::string numbered(size_t part, const std::string& key) { return fmt::format("{}/{}", part, key); }

// Elements lie once in their bytes. A part that is one element, expanded, would take any memory it likes.
void check_dense(const PlacedTensor& placed) {
  const TensorSpec& spec = placed.spec;
  const Tensor over = Tensor::over(Storage::borrow(nullptr, nullptr, placed.storage.nbytes), spec.dtype, spec.sizes,
                                   spec.strides, spec.storage_offset);
  if (over.nbytes() > placed.storage.nbytes) {
    throw Error(ErrorKind::bad_file, "the part has more elements than bytes for them")
        .expected(fmt::format("at least {} bytes", over.nbytes()))
        .found(placed.storage.nbytes);
  }
}

void check_stored(const zip::Reader& records) {
  for (const zip::Record& record : records.records()) {
    if (!record.deflated) continue;
    throw Error(ErrorKind::unsupported, "the part is compressed, which PyTorch never does").at("record", record.name);
  }
}

std::string_view kind_of_part(const Value& value) {
  return value.is_tensor() ? "a tensor of another layout, or with more than its elements" : name_of(value.kind());
}

}  // namespace

uint64_t DcpParts::Part::least() const {
  if (!chunk) return 0;
  return checked_mul(static_cast<uint64_t>(numel_of(chunk->sizes)), itemsize(item->dtype), "a chunk");
}

std::string DcpParts::Part::label() const {
  const std::string name = printable(item->name, 200);
  return chunk ? fmt::format("{} {}", name, to_string(chunk->offsets)) : name;
}

// Takes down where the one tensor of a part lies.
class DcpParts::Taker final : public TensorMaker {
 public:
  Tensor make(const StorageRef& storage, const TensorSpec& spec) override {
    taken = PlacedTensor{storage, spec};
    return last = empty_meta(spec.sizes, spec.dtype);
  }
  Tensor assemble(const Assembly&) override { throw Error(ErrorKind::internal, "a part of a part"); }

  std::optional<PlacedTensor> taken;
  Tensor last;
};

// Hands on what is made in a part, under the part's own keys.
class DcpParts::Renamer final : public ForwardingMaker {
 public:
  Renamer(const DcpParts& parts, size_t part, const OpenedFile& archive, TensorMaker& next)
      : ForwardingMaker(next), parts_(parts), part_(part), archive_(archive) {}

  Tensor make(const StorageRef& storage, const TensorSpec& spec) override {
    return next_.make(parts_.remember(part_, archive_, storage), spec);
  }

 private:
  const DcpParts& parts_;
  size_t part_;
  const OpenedFile& archive_;
};

template <class Work>
decltype(auto) DcpParts::in_part(size_t part, Work&& work) const {
  const Part& known = parts_[part];
  return in_file(fmt::format("{}/{}", folder_name_, known.extent().file),
                 [&] { return in_context("part", known.label(), std::forward<Work>(work)); });
}

size_t DcpParts::add(const DcpItem& item, const DcpChunk* chunk) {
  parts_.push_back({&item, chunk});
  return parts_.size() - 1;
}

void DcpParts::check() {
  for (Part& part : parts_) {
    try {
      check_within(part);
    } catch (const Error&) {
      if (missing_ == Missing::refused) throw;
      part.file.reset();
    }
  }
  check_disjoint();
}

void DcpParts::check_within(Part& part) {
  const DcpExtent& extent = part.extent();
  in_context("part", part.label(), [&] {
    part.file = in_part_of(folder_name_, [&] { return files_.source(extent.file); });
    io::check_range(*part.file, extent.offset, extent.length);
    if (part.least() <= extent.length) return;
    throw Error(ErrorKind::bad_file, "the part is too short for its elements")
        .expected(fmt::format("at least {} bytes", part.least()))
        .found(extent.length)
        .at("", part.file->name());
  });
}

void DcpParts::check_disjoint() const {
  std::vector<const Part*> sorted;
  for (const Part& part : parts_)
    if (part.file) sorted.push_back(&part);
  auto place = [](const Part* part) { return std::pair(part->file.get(), part->extent().offset); };
  std::ranges::sort(sorted, {}, place);
  for (size_t i = 1; i < sorted.size(); ++i) {
    const Part &before = *sorted[i - 1], &now = *sorted[i];
    if (before.file != now.file || before.extent().offset + before.extent().length <= now.extent().offset) continue;
    throw Error(ErrorKind::bad_file, "two parts of the checkpoint share bytes of a file")
        .found(fmt::format("{} and {}, at offset {}", before.label(), now.label(), now.extent().offset))
        .at("", now.file->name());
  }
}

std::unique_ptr<const OpenedFile> DcpParts::open(size_t part) const {
  const Part& known = parts_[part];
  if (!known.file) throw Error(ErrorKind::not_found, "the part is missing");
  zip::Reader records(std::make_shared<io::Window>(known.file, known.extent().offset, known.extent().length),
                      options_.limits);
  check_stored(records);
  auto archive = open_zip_file(std::move(records), options_);
  if (archive->format() == Format::torch_zip) return archive;
  throw Error(ErrorKind::bad_file, "the part is no archive of torch.save").found(name_of(archive->format()));
}

// The key that the storage has from here on.
StorageRef DcpParts::remember(size_t part, const OpenedFile& archive, const StorageRef& storage) const {
  const Part& known = parts_[part];
  const Extent extent = archive.extent_of(storage);
  Stored stored{*extent.record, known.file.get(), extent.swapped};
  stored.record.offset += known.extent().offset;
  stored.record.name = fmt::format("{} of {}", extent.record->name, known.label());
  StorageRef renamed = storage;
  renamed.key = numbered(part, storage.key);
  const std::lock_guard lock(mutex_);
  storages_.emplace(renamed.key, std::move(stored));
  return renamed;
}

// Whoever reads a box, or some rows of it, relies on its being what the metadata says.
void DcpParts::check_box(const Part& part, const PlacedTensor& placed) const {
  const TensorSpec& spec = placed.spec;
  if (spec.sizes == part.chunk->sizes && spec.dtype == part.item->dtype) return;
  throw Error(ErrorKind::bad_file, "the part is another one than the metadata says")
      .expected(fmt::format("{} of {}", to_string(part.chunk->sizes), name_of(part.item->dtype)))
      .found(fmt::format("{} of {}", to_string(spec.sizes), name_of(spec.dtype)));
}

PlacedTensor DcpParts::tensor(size_t part) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tensors_.find(part); found != tensors_.end()) return found->second;
  }
  return in_part(part, [&] {
    const auto archive = open(part);
    Taker taker;
    const Value value = archive->object(taker);
    if (!taker.taken || !value.is_tensor() || !value.to_tensor().is_same(taker.last)) {
      throw Error(ErrorKind::bad_file, "the part is no plain tensor, though the metadata says so")
          .found(kind_of_part(value));
    }
    PlacedTensor placed = *taker.taken;
    placed.storage = remember(part, *archive, placed.storage);
    check_box(parts_[part], placed);
    check_dense(placed);
    const std::lock_guard lock(mutex_);
    return tensors_.emplace(part, std::move(placed)).first->second;
  });
}

void DcpParts::open_tensors(std::span<const size_t> parts) const {
  parallel_for(0, static_cast<int64_t>(parts.size()), 16, [&](int64_t first, int64_t last) {
    for (size_t part : parts.subspan(first, last - first)) {
      throw_if_stopped(options_.stop);
      tensor(part);
    }
  });
}

Value DcpParts::object_in(size_t part, const OpenedFile& archive, TensorMaker& tensors) const {
  Renamer renamer(*this, part, archive, tensors);
  return in_part(part, [&] { return archive.object(renamer); });
}

std::vector<Value> DcpParts::objects(std::span<const size_t> parts, TensorMaker& tensors) const {
  std::vector<Value> values;
  while (!parts.empty()) {
    const auto now = parts.first(std::min(parts.size(), objects_at_once));
    std::vector<std::unique_ptr<const OpenedFile>> archives(now.size());
    parallel_for(0, static_cast<int64_t>(now.size()), 16, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        if (parts_[now[i]].file) archives[i] = in_part(now[i], [&] { return open(now[i]); });
      }
    });
    throw_if_stopped(options_.stop);
    for (size_t i = 0; i < now.size(); ++i)
      values.push_back(archives[i] ? object_in(now[i], *archives[i], tensors) : Value());
    parts = parts.subspan(now.size());
  }
  return values;
}

Extent DcpParts::extent_of(const StorageRef& storage) const {
  const std::lock_guard lock(mutex_);
  const auto found = storages_.find(storage.key);
  if (found == storages_.end()) throw Error(ErrorKind::internal, "a storage of no part").at("storage", storage.key);
  return {found->second.file, &found->second.record, found->second.swapped};
}

}  // namespace okibi::checkpoint
