#include "checkpoint/formats/torch_zip.h"
#include "checkpoint/pickled/build.h"

namespace okibi::checkpoint {
namespace {

uint64_t total_of(std::span<const std::shared_ptr<Storage>> storages) {
  uint64_t total = 0;
  for (const auto& storage : storages) total += storage->nbytes();
  return total;
}

}  // namespace

void write_storages(zip::Writer& archive, std::span<const std::shared_ptr<Storage>> storages,
                    const SaveOptions& options, const StorageBytes& bytes) {
  const uint64_t total = total_of(storages);
  uint64_t done = 0;
  for (size_t key = 0; key < storages.size(); ++key) {
    const Storage& storage = *storages[key];
    archive.begin("data/" + std::to_string(key), storage.nbytes());
    bytes.read(storage, 0, storage.nbytes(), [&](std::span<const std::byte> piece) {
      throw_if_stopped(options.stop);
      bytes.lie_still() ? archive.write_lent(piece, storages[key]) : archive.write(piece);
      done += piece.size();
      if (options.progress) options.progress(done, total);
    });
    archive.end();
  }
}

void save_torch_zip(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes) {
  const Built object = build(value, options.stop);
  Buffer data_pkl;
  pickle::encode(object.graph, data_pkl);

  zip::Writer archive(sink, options.root.empty() ? "archive" : options.root, options.alignment);
  archive.add("data.pkl", data_pkl.bytes());
  archive.add(".format_version", as_bytes("1"));  // the records stand in the order of their keys
  archive.add(".storage_alignment", as_bytes(std::to_string(options.alignment)));
  archive.add("byteorder", as_bytes("little"));
  write_storages(archive, object.storages, options, bytes);
  archive.add("version", as_bytes("3\n"));
  archive.finish();
}

}  // namespace okibi::checkpoint
