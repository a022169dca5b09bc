#include <okibi/zip.h>

#include "script/npy_file.h"

namespace okibi {
namespace {

constexpr std::string_view suffix = ".npy";

std::string name_of_array(const zip::Record& record) {
  if (record.name.ends_with(suffix)) return record.name.substr(0, record.name.size() - suffix.size());
  throw Error(ErrorKind::bad_file, "the archive of NumPy arrays (.npz) holds a record that is none")
      .expected("records named as NAME.npy")
      .found(printable(record.name, 200))
      .hint("numpy.savez writes such archives; okibi reads files of PyTorch as .pt.");
}

Tensor array_in(const zip::Reader& archive, const zip::Record& record) {
  const std::vector<std::byte> bytes = archive.read(record.name);  // its errors name the file and the record
  return in_context("", archive.source().name(),
                    [&] { return in_context("record", record.name, [&] { return tensor_of_npy(bytes); }); });
}

void add(zip::Writer& archive, const std::string& name, const Tensor& array) {
  const NpyFile file = in_context("array", printable(name, 200), [&] { return npy_file_of(array); });
  archive.begin(name + std::string(suffix), file.size());
  archive.write(as_bytes(file.head));
  archive.write(file.body());
  archive.end();
}

}  // namespace

NamedArrays read_npz(std::shared_ptr<const io::Source> source, const Limits& limits) {
  const zip::Reader archive(std::move(source), limits, zip::Layout::plain);
  NamedArrays arrays;
  for (const zip::Record& record : archive.records()) {
    std::string name = in_context("", archive.source().name(), [&] { return name_of_array(record); });
    arrays.emplace_back(std::move(name), array_in(archive, record));
  }
  return arrays;
}

void write_npz(const NamedArrays& arrays, io::Sink& sink) {
  in_context("", sink.name(), [&] {
    zip::Writer archive(sink);
    for (const auto& [name, array] : arrays) add(archive, name, array);
    archive.finish();
  });
}

}  // namespace okibi
