// Any bytes as the .metadata of a distributed checkpoint, beside parts that are whole: reading ends in a Value or an
// Error. Seeds: tests/golden/dcp/*/.metadata, whose parts have the names and nearly the places of those here.
#include <okibi/checkpoint.h>

#include <cstdlib>
#include <map>

#include "checkpoint/formats/dcp.h"
#include "checkpoint/storages.h"

using namespace okibi;

namespace {

// A folder in memory: one .metadata, and parts of any name.
class Memory final : public store::Folder {
 public:
  explicit Memory(std::span<const std::byte> metadata) : metadata_(std::make_shared<Buffer>(metadata, ".metadata")) {}
  std::string name() const override { return "memory"; }
  std::vector<std::string> names() const override { return {".metadata", "__0_0.distcp"}; }

 private:
  bool find(const std::string&) const override { return true; }
  std::shared_ptr<const io::Source> open_file(const std::string& file) const override {
    if (file == ".metadata") return metadata_;
    static const auto parts = std::make_shared<const Buffer>(some_parts());
    return parts;
  }
  std::unique_ptr<io::Sink> create_file(const std::string&) const override { std::abort(); }
  void remove_file(const std::string&) const override { std::abort(); }

  // Archives of 1261 bytes and more, as PyTorch's.
  static std::vector<std::byte> some_parts() {
    Buffer all;
    for (int i = 0; i < 8; ++i) save(Value(i), all);
    for (int64_t i = 0; i < 8; ++i) save(Value(arange(6).narrow(0, 0, i % 7)), all);
    return {all.bytes().begin(), all.bytes().end()};
  }

  std::shared_ptr<const Buffer> metadata_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const LoadOptions options{.limits = {.max_pickle_nodes = 1 << 16}};
    const auto file = checkpoint::open_dcp(std::make_shared<const Memory>(bytes), options);
    checkpoint::WholeStorages tensors(*file, options);
    const Value value = file->object(tensors);
    tensors.read_now();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
  }
  return 0;
}
