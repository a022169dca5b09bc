#include "checkpoint/formats/zip_file.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "checkpoint/formats/looks_like.h"
#include "checkpoint/formats/pt2.h"
#include "checkpoint/formats/torch_zip.h"
#include "checkpoint/formats/torchscript.h"
#include "zip/layout.h"

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

// As torch.save begins its archives: with that record, stored.
bool begins_with_pickle(const io::Source& source) {
  std::array<std::byte, zip::local_length + 512> head;
  if (source.size() < head.size()) return false;
  source.read(0, head);
  const auto length = load_le<uint16_t>(&head[26]);
  const bool is_stored = load_le<uint16_t>(&head[8]) == zip::method_stored;
  return is_stored && length <= 512 && as_text(head).substr(zip::local_length, length).ends_with("/data.pkl");
}

zip::Reader records_of(const std::shared_ptr<const io::Source>& source, const Limits& limits) {
  try {
    return zip::Reader(source, limits);
  } catch (Error& error) {
    const bool is_cut = error.sentence().starts_with("the end record of a zip archive is missing");
    if (is_cut && begins_with_pickle(*source)) error.hint(cut_hint);
    throw;
  }
}

}  // namespace

std::unique_ptr<const OpenedFile> open_zip_file(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return open_zip_file(records_of(source, options.limits), options);
}

// Every name and range in them was checked, and nothing allocated by trust.
std::unique_ptr<const OpenedFile> open_zip_file(zip::Reader records, const LoadOptions& options) {
  if (is_torchscript(records)) {
    check_version(records);
    return open_torchscript(std::move(records), options);
  }
  if (is_pt2(records)) return open_pt2(std::move(records), options);
  if (records.find("data.pkl")) {
    check_version(records);
    return open_torch_zip(std::move(records), options);
  }
  throw Error(ErrorKind::bad_file, "the zip archive is no checkpoint: it has no record \"data.pkl\"")
      .found(fmt::format("{} records", records.records().size()));
}

ZipFile::ZipFile(zip::Reader records, const LoadOptions& options)
    : records_(std::move(records)), options_(options), swapped_(is_swapped(records_)) {}

Extent ZipFile::extent_of(const StorageRef& storage) const {
  return {&records_.source(), &record_of("data/" + storage.key, storage), swapped_};
}

const zip::Record& ZipFile::record_of(const std::string& name, const StorageRef& storage) const {
  const zip::Record* record = records_.find(name);
  if (!record) {
    throw Error(ErrorKind::bad_file, "the file has no such record, though a tensor lies in it")
        .hint("The file is incomplete; copy it again, or save it again.")
        .at("record", name);
  }
  if (record->size != storage.nbytes) {
    throw Error(ErrorKind::bad_file, "the record is not as long as the pickle says")
        .expected(fmt::format("{} bytes ({} elements of {})", storage.nbytes, storage.numel, name_of(storage.dtype)))
        .found(record->size)
        .at("record", name);
  }
  return *record;
}

// A node of a graph takes some twenty bytes for each of the pickle: what inflates a thousandfold may not be one.
bool inflates_too_far(const zip::Record& record, const Limits& limits) noexcept {
  constexpr uint64_t always_fine = uint64_t{2} << 20;
  return record.deflated && record.size > always_fine && record.size / limits.max_pickle_ratio > record.stored_size;
}

std::vector<std::byte> read_pickle_bytes(const zip::Reader& records, std::string_view record, const Limits& limits) {
  const zip::Record& found = records.at(record);
  if (!inflates_too_far(found, limits)) return records.read(record);
  throw Error(ErrorKind::limit, "the pickle inflates to more than any that was written in good faith")
      .expected(fmt::format("at most Limits::max_pickle_ratio ({}) times its {} bytes", limits.max_pickle_ratio,
                            found.stored_size))
      .found(fmt::format("{} bytes", found.size))
      .at("record", record);
}

pickle::Graph ZipFile::read_pickle(std::string_view record) const {
  const auto bytes = read_pickle_bytes(records_, record, options_.limits);
  return in_context("record", record, [&] { return pickle::decode(bytes, options_.limits); });
}

}  // namespace okibi::checkpoint
