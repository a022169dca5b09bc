#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "checkpoint/formats/json.h"
#include "checkpoint/formats/parts.h"
#include "checkpoint/formats/safetensors_header.h"
#include "checkpoint/formats/sharded.h"
#include "checkpoint/in_file.h"

namespace okibi::checkpoint {
namespace {

// What the index says: the file of each tensor.
struct ShardIndex {
  std::vector<std::pair<std::string, std::string>> weights = {};  // in order
  std::set<std::string> files = {};
  uint64_t nbytes = 0;
};

class IndexReader {
 public:
  void take(JsonPath path, const JsonValue& value);
  ShardIndex finish(uint64_t nbytes);

 private:
  ShardIndex index_;
  bool has_weights_ = false;
};

// Whatever else the index says is for people.
void IndexReader::take(JsonPath path, const JsonValue& value) {
  if (path.empty()) return check_kind(path, value, JsonValue::Kind::object);
  if (path[0].key != "weight_map") return;
  if (path.size() == 1) {
    check_kind(path, value, JsonValue::Kind::object);
    has_weights_ = true;
    return;
  }
  const std::string& file = string_of(path, value);
  if (file.find('/') != file.npos) refuse_json(path, value, "the name of a file in the index's own folder");
  index_.files.insert(file);
  index_.weights.emplace_back(path[1].key, file);
}

ShardIndex IndexReader::finish(uint64_t nbytes) {
  if (!has_weights_) {
    throw Error(ErrorKind::bad_file, "this is JSON, but not the index of a checkpoint: it has no \"weight_map\"");
  }
  index_.nbytes = nbytes;
  return std::move(index_);
}

ShardIndex read_index(const io::Source& source, const Limits& limits) {
  if (source.size() > limits.max_header_bytes) {
    throw Error(ErrorKind::limit, "the index is longer than Limits::max_header_bytes allows")
        .expected(fmt::format("at most {} bytes", limits.max_header_bytes))
        .found(source.size());
  }
  std::string text(source.size(), '\0');
  source.read(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  IndexReader reader;
  read_json(text, limits, [&](JsonPath path, const JsonValue& value) { reader.take(path, value); });
  return reader.finish(text.size());
}

class ShardedFile final : public OpenedFile {
 public:
  ShardedFile(const store::Folder& folder, const io::Source& index, const LoadOptions& options, Missing missing)
      : name_(index.name()), index_(read_index(index, options.limits)), missing_(missing) {
    for (const std::string& file : index_.files) add(folder, file, options);
  }

  Format format() const noexcept override { return Format::sharded; }
  std::string name() const override { return name_; }
  uint64_t index_bytes() const noexcept override { return index_.nbytes + shards_.index_bytes(); }
  Value object(TensorMaker& tensors) const override;
  Extent extent_of(const StorageRef& storage) const override { return shards_.extent_of(storage); }

 private:
  void add(const store::Folder& folder, const std::string& file, const LoadOptions& options);
  Dict dict_of(const std::string& file, TensorMaker& tensors) const;

  const std::string name_;
  const ShardIndex index_;
  const Missing missing_;
  Parts shards_;
};

void ShardedFile::add(const store::Folder& folder, const std::string& file, const LoadOptions& options) {
  if (missing_ == Missing::refused) {
    const auto source = in_part_of(name_, [&] { return folder.open(file); });
    return shards_.add(file, open_file(source, options));
  }
  try {
    const auto source = folder.open(file);
    shards_.add(file, zip::is_zip(*source) ? open_file(source, options) : open_remains(source, options));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) throw;  // else the file is missing, or nothing of it is left
  }
}

Dict ShardedFile::dict_of(const std::string& file, TensorMaker& tensors) const {
  const Value object = shards_.object_of(file, tensors);
  if (object.is_dict()) return object.to_dict();
  throw Error(ErrorKind::bad_file, "a file that the index names is no dict of tensors")
      .found(name_of(object.kind()))
      .at("file", file);
}

const Value& weight_in(const Dict& shard, const std::string& name, const std::string& file) {
  const Value* found = shard.find(name);
  if (found && found->is_tensor()) return *found;
  throw Error(ErrorKind::bad_file,
              fmt::format("the file does not hold the tensor \"{}\", though the index says so", printable(name, 200)))
      .hint("The index and the files belong to different checkpoints, or not all of them were copied.")
      .at("file", file);
}

// The header of each safetensors file says the same of the whole.
void copy_metadata(const Dict& shard, const Dict& object) {
  const auto attributes = shard.attributes();
  const Value* metadata = attributes ? attributes->find(safetensors_metadata) : nullptr;
  if (metadata) object.set_attributes(Dict{{safetensors_metadata, *metadata}});
}

Value ShardedFile::object(TensorMaker& tensors) const {
  const Dict object(DictKind::ordered_dict);
  std::map<std::string_view, Dict> shards;
  for (const std::string& file : index_.files) {
    if (!shards_.has(file)) continue;
    copy_metadata(shards.emplace(file, dict_of(file, tensors)).first->second, object);
  }
  for (const auto& [name, file] : index_.weights) {
    const bool is_lost = missing_ == Missing::left_out && !(shards.contains(file) && shards.at(file).find(name));
    object.set(name, is_lost ? Value(empty_meta({0}, DType::uint8)) : weight_in(shards.at(file), name, file));
  }
  return object;
}

// Of the libraries transformers, diffusers and peft, in the order in which they look.
constexpr std::array weights_names = {
    "model.safetensors",           "pytorch_model.bin",         "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin",
};

}  // namespace

bool is_shard_index(const io::Source& source) {
  if (source.size() == 0) return false;
  std::byte first;
  source.read(0, {&first, 1});
  return first == std::byte{'{'};
}

std::unique_ptr<const OpenedFile> open_sharded(const store::Folder& folder, std::shared_ptr<const io::Source> index,
                                               const LoadOptions& options, Missing missing) {
  return in_file(*index, [&] { return std::make_unique<const ShardedFile>(folder, *index, options, missing); });
}

std::unique_ptr<const OpenedFile> refuse_index_alone(std::shared_ptr<const io::Source>, const LoadOptions&) {
  throw Error(ErrorKind::unsupported, "this is JSON, perhaps the index of a checkpoint in several files")
      .hint("Load the index by its path, or the folder that it lies in: the other files are looked for beside it.");
}

std::string weights_in(const store::Folder& folder) {
  for (const std::string name : weights_names) {
    if (folder.has(name)) return name;
    if (folder.has(name + ".index.json")) return name + ".index.json";
  }
  return "";
}

Location location_of(const std::string& uri) {
  const size_t slash = uri.rfind('/');
  if (slash == uri.npos) return {".", uri};
  return {slash == 0 ? "/" : uri.substr(0, slash), uri.substr(slash + 1)};
}

}  // namespace okibi::checkpoint
