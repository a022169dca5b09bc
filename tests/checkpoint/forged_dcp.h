// Distributed checkpoints that no PyTorch would write. Parts are added, what .metadata says of them is changed, and the
// folder is written.
#pragma once

#include <sstream>

#include "checkpoint/forged_file.h"
#include "checkpoint/formats/dcp_metadata.h"
#include "io/scratch_folder.h"

namespace okibi {

class ForgedDcp {
 public:
  std::vector<checkpoint::DcpItem> items;

  // A part at the end of the file of parts.
  checkpoint::DcpExtent part(const Value& value) {
    Buffer archive;
    save(value, archive);
    return bytes(archive.bytes());
  }
  checkpoint::DcpExtent bytes(std::span<const std::byte> bytes) {
    const uint64_t begin = parts_.size();
    parts_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {part_file, begin, bytes.size()};
  }
  checkpoint::DcpItem& object(const std::string& name, const Value& value) {
    items.push_back({.name = name, .path = {Value(name)}, .extent = part(value)});
    return items.back();
  }
  // Ones in a chunk for each box {offsets, sizes}.
  using Boxes = std::vector<std::pair<Dims, Dims>>;
  checkpoint::DcpItem& tensor(const std::string& name, const Dims& sizes, const Boxes& boxes) {
    checkpoint::DcpItem item{.name = name, .path = {Value(name)}, .is_tensor = true, .sizes = sizes};
    for (const auto& [offsets, box] : boxes) item.chunks.push_back({offsets, box, part(ones(box))});
    items.push_back(std::move(item));
    return items.back();
  }

  std::string file(const std::string& name) const { return scratch_.path(name); }
  std::string folder() const { return scratch_.path(""); }

  // The folder, written.
  std::string written() const {
    Buffer metadata;
    checkpoint::write_dcp_metadata(items, metadata);
    put_bytes(".metadata", metadata.bytes());
    testing_help::put(file(part_file), parts_);
    return folder();
  }
  std::string written(const pickle::Graph& metadata) const {
    Buffer bytes;
    pickle::encode(metadata, bytes);
    put_bytes(".metadata", bytes.bytes());
    return folder();
  }

  static constexpr const char* part_file = "__0_0.distcp";

 private:
  void put_bytes(const std::string& name, std::span<const std::byte> bytes) const {
    testing_help::put(file(name), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  testing_help::ScratchFolder scratch_;
  std::string parts_;
};

inline Refusal refusal_of_folder(const std::string& folder) {
  try {
    load(folder);
    return {};
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
}

}  // namespace okibi
