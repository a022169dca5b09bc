#include <fmt/format.h>

#include <charconv>

#include "checkpoint/storages.h"
#include "checkpoint/formats/torch_zip.h"

namespace okibi::checkpoint {
namespace {

constexpr int lowest_version = 1, highest_version = 10;  // what PyTorch 2.15 accepts (caffe2/serialize/versions.h)

std::string read_text(const zip::Reader& records, std::string_view name) {
  const auto bytes = records.read(name);
  return std::string(as_text(bytes));
}

void check_version(const zip::Reader& records) {
  const bool is_old = records.find("version") != nullptr;
  if (!is_old && !records.find(".data/version")) {
    throw Error(ErrorKind::bad_file, "the archive has no record \"version\", which every file of PyTorch has")
        .hint("The file is incomplete, or no checkpoint.");
  }
  const std::string text = read_text(records, is_old ? "version" : ".data/version");
  int version = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), version);
  const bool is_number = end.ec == std::errc() && text.find_first_not_of("\r\n ", end.ptr - text.data()) == text.npos;
  if (is_number && version >= lowest_version && version <= highest_version) return;
  throw Error(ErrorKind::bad_file, "the version of the archive is none that PyTorch has written")
      .expected(fmt::format("{} to {}", lowest_version, highest_version))
      .found(fmt::format("\"{}\"", text.substr(0, 40)))
      .at("record", "version");
}

}  // namespace

Value load_torch_zip(std::shared_ptr<const io::Source> file, const LoadOptions& options) {
  zip::Reader records(std::move(file), options.limits);  // every name and range checked, nothing allocated by trust
  check_is_checkpoint(records);                          // a TorchScript program is a zip archive, too
  pickle::Graph graph = read_pickle(records, options.limits);
  WholeStorages storages(records, options, is_swapped(records));
  Value value = resolve(graph, storages, options);  // names looked up in one table; tensors own their storage
  storages.read_now();                              // all at once, straight to where they belong
  return value;
}

void check_is_checkpoint(const zip::Reader& records) {
  if (records.find("constants.pkl")) {
    throw Error(ErrorKind::unsupported, "this is a TorchScript program, which okibi cannot load yet")
        .hint("Save model.state_dict() with torch.save in Python.");
  }
  if (records.find("archive_format") || records.find("models/model.json")) {
    throw Error(ErrorKind::unsupported, "this is a program of torch.export (.pt2), which okibi cannot load")
        .hint("Save model.state_dict() with torch.save in Python.");
  }
  if (!records.find("data.pkl")) {
    throw Error(ErrorKind::bad_file, "the zip archive is no checkpoint: it has no record \"data.pkl\"")
        .found(fmt::format("{} records", records.records().size()));
  }
  check_version(records);
}

bool is_swapped(const zip::Reader& records) {
  if (!records.find("byteorder")) return false;  // before 2.1, files were little-endian
  const std::string order = read_text(records, "byteorder");
  if (order == "little") return false;
  if (order == "big") return true;
  throw Error(ErrorKind::bad_file, "the byte order of the archive is unknown")
      .expected("\"little\" or \"big\"")
      .found(fmt::format("\"{}\"", order.substr(0, 40)))
      .at("record", "byteorder");
}

pickle::Graph read_pickle(const zip::Reader& records, const Limits& limits) {
  const auto bytes = records.read("data.pkl");
  return in_context("record", "data.pkl", [&] { return pickle::decode(bytes, limits); });
}

}  // namespace okibi::checkpoint
