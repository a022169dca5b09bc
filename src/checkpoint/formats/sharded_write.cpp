#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "checkpoint/formats/safetensors.h"
#include "checkpoint/formats/sharded.h"

namespace okibi::checkpoint {
namespace {

constexpr uint64_t usual_shard_size = 5'000'000'000;  // of huggingface_hub
constexpr std::string_view suffix = ".safetensors", index_suffix = ".index.json";

// Where the files go, and how their names begin: {"out", "model"}.
struct Target {
  std::shared_ptr<const store::Folder> folder;
  std::string stem;

  std::string whole() const { return stem + std::string(suffix); }
  std::string index() const { return whole() + std::string(index_suffix); }
  std::string shard(size_t number, size_t count) const {
    return fmt::format("{}-{:05}-of-{:05}{}", stem, number, count, suffix);
  }
};

Target target_of(const std::string& uri) {
  const store::Store& store = store::default_store();
  std::string_view path = uri;
  if (path.ends_with(index_suffix)) path.remove_suffix(index_suffix.size());
  if (!path.ends_with(suffix)) {
    if (path.size() == uri.size()) return {store.folder(uri), "model"};
    throw Error(ErrorKind::unsupported, "okibi writes shards in safetensors alone")
        .hint("Name the index model.safetensors.index.json.")
        .at("", store::shown(uri));
  }
  path.remove_suffix(suffix.size());
  auto [folder, stem] = location_of(std::string(path));
  return {store.folder(folder), std::move(stem)};
}

// As huggingface_hub splits: in order, a new shard where the next tensor would be too much for the last one, and one of
// its own for a tensor that is too large for any, before the one that is being filled.
std::vector<NamedTensors> split(NamedTensors tensors, uint64_t most) {
  std::vector<NamedTensors> shards;
  NamedTensors filling;
  uint64_t size = 0;
  for (auto& named : tensors) {
    const uint64_t more = named.second.nbytes();
    if (more > most) {
      shards.push_back({std::move(named)});
      continue;
    }
    if (more > most - size) {
      shards.push_back(std::exchange(filling, {}));
      size = 0;
    }
    size += more;
    filling.push_back(std::move(named));
  }
  if (!filling.empty() || shards.empty()) shards.push_back(std::move(filling));
  return shards;
}

// transformers refuses a safetensors file that does not say this.
SafetensorsMetadata with_format(SafetensorsMetadata metadata) {
  const bool has_format = std::ranges::any_of(metadata, [](const auto& item) { return item.first == "format"; });
  if (!has_format) metadata.emplace_back("format", "pt");
  return metadata;
}

// The options for one shard of several: its progress is a part of the whole.
SaveOptions part_of(const SaveOptions& options, uint64_t before, uint64_t total) {
  SaveOptions part = options;
  if (options.progress)
    part.progress = [&, before, total](uint64_t done, uint64_t) { options.progress(before + done, total); };
  return part;
}

// As transformers writes it: json.dumps(index, indent=2, sort_keys=True) and a newline.
std::string index_text(uint64_t total, const std::vector<std::pair<std::string, std::string>>& weights) {
  nlohmann::json weight_map = nlohmann::json::object();
  for (const auto& [name, file] : weights) weight_map[name] = file;
  const nlohmann::json index = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(weight_map)}};
  return index.dump(2, ' ', true) + "\n";
}

void write_file(const store::Folder& folder, const std::string& name, std::string_view text) {
  const std::unique_ptr<io::Sink> sink = folder.create(name);
  sink->write(text);
  sink->commit();
}

}  // namespace

void save_sharded(const Value& value, const std::string& uri, const SaveOptions& options, const StorageBytes& bytes) {
  const Target target = target_of(uri);
  NamedTensors tensors = named_tensors(value);
  check_safetensors(tensors);
  const uint64_t total = total_nbytes(tensors);
  const SafetensorsMetadata metadata = with_format(metadata_for(value, options));
  const auto shards = split(std::move(tensors), options.shard_size ? options.shard_size : usual_shard_size);

  std::vector<std::pair<std::string, std::string>> weights;
  uint64_t done = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string file = shards.size() == 1 ? target.whole() : target.shard(i + 1, shards.size());
    const std::unique_ptr<io::Sink> sink = target.folder->create(file);
    save_safetensors(shards[i], metadata, *sink, part_of(options, done, total), bytes);
    // An index that is there would join new files and old ones to a checkpoint that never was.
    if (target.folder->has(file)) target.folder->remove(target.index());
    sink->commit();
    done += total_nbytes(shards[i]);
    for (const auto& [name, tensor] : shards[i]) weights.emplace_back(name, file);
  }
  if (shards.size() > 1) write_file(*target.folder, target.index(), index_text(total, weights));
  // What stood there before under the other name would be taken for the weights, too.
  target.folder->remove(shards.size() > 1 ? target.whole() : target.index());
}

}  // namespace okibi::checkpoint
