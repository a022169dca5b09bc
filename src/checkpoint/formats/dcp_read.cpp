#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "checkpoint/formats/boxes.h"
#include "checkpoint/formats/dcp.h"
#include "checkpoint/formats/dcp_names.h"
#include "checkpoint/formats/dcp_parts.h"
#include "checkpoint/formats/nesting.h"
#include "checkpoint/in_file.h"

namespace okibi::checkpoint {
namespace {

// .metadata, or else that of each rank, in their order.
std::vector<std::string> metadata_files(const store::Folder& folder) {
  if (folder.has(std::string(dcp_metadata_name))) return {std::string(dcp_metadata_name)};
  std::vector<std::pair<uint64_t, std::string>> ranks;
  for (const std::string& file : folder.names()) {
    if (const auto rank = rank_of_dcp_metadata(file)) ranks.emplace_back(*rank, file);
  }
  std::ranges::sort(ranks);
  std::vector<std::string> files;
  for (auto& [rank, file] : ranks) files.push_back(std::move(file));
  return files;
}

// What has other first bytes is said to be so, rather than read as opcodes: a damaged file, or one of another kind.
void check_begin(const io::Source& file) {
  std::array<std::byte, 4> head = {};
  const auto begin = std::span(head).first(std::min<uint64_t>(file.size(), head.size()));
  file.read(0, begin);
  if (as_text(begin).starts_with('\x80')) return;
  throw Error(ErrorKind::bad_file, "the metadata is no pickle of PyTorch's")
      .expected("a file that begins with the byte 80")
      .found(begin.empty() ? "an empty file" : fmt::format("one that begins with \"{}\"", printable(as_text(begin))));
}

std::vector<std::byte> read_bytes(const io::Source& file, const Limits& limits) {
  check_begin(file);
  if (file.size() > limits.max_pickle_bytes) {
    throw Error(ErrorKind::limit, "the metadata is longer than Limits::max_pickle_bytes allows")
        .expected(fmt::format("at most {}", limits.max_pickle_bytes))
        .found(file.size());
  }
  std::vector<std::byte> bytes(file.size());
  file.read(0, bytes);
  return bytes;
}

// A rank that saved by itself left its metadata beside its parts. Without it, what that rank had would be missing
// silently.
void check_ranks(const std::vector<std::string>& metadata, const std::vector<std::string>& names) {
  std::set<std::optional<uint64_t>> ranks;
  for (const std::string& file : metadata) ranks.insert(rank_of_dcp_metadata(file));
  for (const std::string& file : names) {
    const auto rank = rank_of_dcp_part(file);
    if (!rank || ranks.contains(rank)) continue;
    throw Error(ErrorKind::bad_file, "the folder has parts of a rank, but not its metadata")
        .expected(fmt::format("__{}{}", *rank, dcp_metadata_name))
        .found(file)
        .hint("The file was not copied with the others, or the rank did not finish its save.");
  }
}

class DcpFolder final : public OpenedFile {
 public:
  DcpFolder(std::shared_ptr<const store::Folder> folder, const LoadOptions& options, Missing missing);

  Format format() const noexcept override { return Format::dcp; }
  std::string name() const override { return name_; }
  uint64_t index_bytes() const noexcept override { return index_bytes_; }
  Value object(TensorMaker& tensors) const override;
  Extent extent_of(const StorageRef& storage) const override { return parts_.extent_of(storage); }
  PlacedTensor piece(const std::string& name) const override { return parts_.tensor(std::stoull(name)); }

 private:
  void read_metadata(const store::Folder& folder, const LoadOptions& options, Missing missing);
  void add_parts(const DcpItem& item);
  Assembly assembly_of(const DcpItem& item);
  Value leaf_of(size_t item, const std::vector<Value>& objects, TensorMaker& tensors) const;

  // What the parts of an item are: an object, or the boxes of a tensor.
  struct Leafage {
    size_t object = 0;
    Assembly tensor = {};
  };
  std::string name_;
  uint64_t index_bytes_ = 0;
  std::vector<DcpItem> items_;
  std::vector<Leafage> leaves_;           // for each item
  std::vector<size_t> objects_, chunks_;  // the parts that are no tensors, and the others
  BoxBudget box_budget_;
  DcpParts parts_;
};

DcpFolder::DcpFolder(std::shared_ptr<const store::Folder> folder, const LoadOptions& options, Missing missing)
    : name_(folder->name()), parts_(folder, options, missing) {
  read_metadata(*folder, options, missing);
  for (const DcpItem& item : items_) {
    in_context("item", printable(item.name, 200), [&] { add_parts(item); });
  }
  parts_.check();
}

void DcpFolder::read_metadata(const store::Folder& folder, const LoadOptions& options, Missing missing) {
  std::vector<std::vector<DcpItem>> ranks;
  const std::vector<std::string> files = metadata_files(folder);
  const bool is_by_rank = !folder.has(std::string(dcp_metadata_name));
  if (is_by_rank && missing == Missing::refused) check_ranks(files, folder.names());
  for (const std::string& name : files) {
    const auto file = folder.open(name);
    in_file(*file, [&] { ranks.push_back(read_dcp_metadata(read_bytes(*file, options.limits), options)); });
    index_bytes_ += file->size();
  }
  items_ = ranks.size() == 1 ? std::move(ranks[0]) : merge_dcp(std::move(ranks));
}

void DcpFolder::add_parts(const DcpItem& item) {
  leaves_.emplace_back();
  if (item.is_tensor) {
    leaves_.back().tensor = assembly_of(item);
  } else {
    leaves_.back().object = objects_.size();
    objects_.push_back(parts_.add(item));
  }
}

Assembly DcpFolder::assembly_of(const DcpItem& item) {
  std::vector<BoxView> boxes;
  for (const DcpChunk& chunk : item.chunks) boxes.push_back({chunk.offsets, chunk.sizes});
  check_boxes(item.sizes, boxes, box_budget_);
  Assembly tensor = {item.dtype, item.sizes, {}};
  for (const DcpChunk& chunk : item.chunks) {
    const size_t part = parts_.add(item, &chunk);
    chunks_.push_back(part);
    tensor.boxes.push_back({chunk.offsets, chunk.sizes, std::to_string(part)});
  }
  return tensor;
}

Value DcpFolder::leaf_of(size_t item, const std::vector<Value>& objects, TensorMaker& tensors) const {
  if (!items_[item].is_tensor) return objects[leaves_[item].object];
  const Tensor tensor = tensors.assemble(leaves_[item].tensor);
  if (items_[item].requires_grad) tensor.requires_grad_();
  return tensor;
}

Value DcpFolder::object(TensorMaker& tensors) const {
  if (tensors.has_numbers()) parts_.open_tensors(chunks_);
  const std::vector<Value> objects = parts_.objects(objects_, tensors);
  std::vector<Leaf> leaves;
  for (size_t i = 0; i < items_.size(); ++i) {
    in_context("item", printable(items_[i].name, 200), [&] {
      leaves.push_back({items_[i].path, leaf_of(i, objects, tensors)});
    });
  }
  return nested(leaves);
}

}  // namespace

bool is_dcp(const store::Folder& folder) { return !metadata_files(folder).empty(); }

bool has_dcp_parts(const store::Folder& folder) {
  return std::ranges::any_of(folder.names(),
                             [](const std::string& file) { return rank_of_dcp_part(file).has_value(); });
}

std::unique_ptr<const OpenedFile> open_dcp(std::shared_ptr<const store::Folder> folder, const LoadOptions& options,
                                           Missing missing) {
  return std::make_unique<const DcpFolder>(std::move(folder), options, missing);
}

}  // namespace okibi::checkpoint
