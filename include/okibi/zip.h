// okibi/zip.h: zip archives as PyTorch lays them out. A record name ⇄ a range of bytes, with every check.
//
// The format is PKWARE's APPNOTE 6.3 with PyTorch's habits (caffe2/serialize/inline_container): one folder for all
// records, stored, aligned to 64 bytes by padding in the extra field, sizes and CRC in data descriptors, and zip64 end
// records always. Reading is stricter than PyTorch, so that no two programs can see different things in one file. The
// central directory is the authority, and all of these are Error(bad_file): a local header or data descriptor that
// disagrees with it; records that overlap or leave holes between them; bytes before the first record or after the end
// record; names that are absolute, climb, repeat (also by case alone) or do not lie in the one folder; spanned archives
// and symbolic links. Encryption and methods other than "stored" and "deflated" are Error(unsupported).
//
// Other formats are plain zip archives: .npz is one. Layout::plain lifts PyTorch's habits alone, none of the checks.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <okibi/base.h>
#include <okibi/io.h>

namespace okibi::zip {

// One entry of an archive. `offset` is where its bytes begin in the file.
struct Record {
  std::string name;  // without the archive's root folder: "data/0"
  uint64_t offset = 0;
  uint64_t stored_size = 0;  // bytes in the file
  uint64_t size = 0;         // bytes after inflating; the same as stored_size for a stored record
  uint32_t crc32 = 0;        // of the inflated bytes; 0 is taken to mean that the writer computed none
  bool deflated = false;
};

// one_folder: PyTorch's, in which names that differ by case alone are the same. plain: records may lie anywhere, or be
// none at all, their names are whole, and case counts.
enum class Layout : uint8_t { one_folder, plain };

// True when the bytes at the start of `source` are those of a zip archive.
bool is_zip(const io::Source& source);

// Error(bad_file) unless `crc32`, of all the record's inflated bytes, is what its writer computed, if it did.
void check_crc(const io::Source& source, const Record& record, uint32_t crc32);

// A record's bytes, inflated, its size and CRC-32 checked (unless its writer computed none). Memory grows with what is
// there, not with what the record claims.
std::vector<std::byte> read_record(const io::Source& source, const Record& record);

// The same straight into memory of the caller, which must be exactly record.size bytes long. For a deflated record that
// size is only a claim until it is inflated: memory that is taken but not touched costs nothing until then.
void read_record_into(const io::Source& source, const Record& record, std::span<std::byte> into);

// An archive whose directory was read and checked. Thread-safe: everything is const.
class Reader {
 public:
  // Reads the end records, the central directory and the local headers; no record's bytes. Error(bad_file) or
  // Error(limit), with the record and the offset.
  explicit Reader(std::shared_ptr<const io::Source> source, Limits limits = {}, Layout layout = Layout::one_folder);

  const io::Source& source() const noexcept { return *source_; }
  // The folder that all records lie in: "model". "" in a plain archive.
  const std::string& root() const noexcept { return root_; }
  const std::vector<Record>& records() const noexcept { return records_; }  // in the order of the directory

  const Record* find(std::string_view name) const noexcept;  // nullptr when there is none
  const Record& at(std::string_view name) const;             // Error(not_found) naming the archive

  std::vector<std::byte> read(std::string_view name) const { return read_record(*source_, at(name)); }

  // As read_record_into.
  void read_into(const Record& record, std::span<std::byte> into) const;

  // [offset, offset + into.size()) of a stored record. No CRC can be checked. A deflated one is Error(unsupported).
  void read_part(const Record& record, uint64_t offset, std::span<std::byte> into) const;

 private:
  std::shared_ptr<const io::Source> source_;
  Limits limits_;
  std::string root_;
  std::vector<Record> records_;
  void order_by_name();
  bool is_before(std::string_view name, std::string_view other) const;

  struct Name {
    uint64_t hash;  // of it, without regard to case
    uint32_t record;
  };
  std::vector<Name> by_name_;  // in the order of the hashes, and of the names where those are the same
};

// Writes an archive in one pass, byte for byte as PyTorch 2.15 lays it out, or a plain one. Nothing is sought, so any
// Sink will do.
class Writer {
 public:
  // `root` is the folder that every record gets: PyTorch takes the file's name without its last extension, and
  // "archive" for a buffer. Each record's bytes begin at a multiple of `alignment`, 1 to 32768, counted from where the
  // sink stands now. The sink must outlive the writer; it is never committed here.
  Writer(io::Sink& sink, std::string root, uint64_t alignment = 64);
  // A plain archive, with the records that it is given and no others.
  explicit Writer(io::Sink& sink);
  ~Writer();

  // Adds a record whole. A name that was used before (case does not count, but in a plain archive) or that Reader would
  // refuse is Error(bad_argument). Returns its CRC-32. Large bytes go to the sink from where they lie.
  uint32_t add(std::string_view name, std::span<const std::byte> bytes);

  // The same record in pieces, for bytes that never lie in memory together: begin() with the size of them all, write()
  // until that many have come, end() for the CRC-32. Too many or too few, or another record meanwhile:
  // Error(bad_argument).
  void begin(std::string_view name, uint64_t size);
  void write(std::span<const std::byte> piece);
  uint32_t end();
  // A piece that is lent to the sink (io::Sink::write_lent).
  void write_lent(std::span<const std::byte> piece, const std::shared_ptr<const void>& owner);

  // Writes the serialization id record (none in a plain archive), the directory and the end records. To be called once,
  // at the end.
  void finish();

 private:
  Writer(io::Sink& sink, std::string root, uint64_t alignment, Layout layout);

  struct Entry {
    std::string path;  // with the root
    uint64_t size = 0;
    uint32_t crc32 = 0;
    uint64_t header_offset = 0;
  };

  void check_between_records() const;
  void check_new_name(std::string_view name);
  std::string path_of(std::string_view name) const;
  void start(std::string_view name, uint64_t size);
  void write_id();
  Entry& entry_for(std::span<const std::byte> piece);
  uint32_t write_data(uint32_t crc, std::span<const std::byte> bytes, const std::shared_ptr<const void>* owner);
  uint64_t cursor() const { return sink_.position() - start_; }
  void write_local_header(const Entry& entry);
  void write_descriptor(const Entry& entry);
  void write_directory_entry(const Entry& entry);
  void write_end_records(uint64_t directory_offset, uint64_t directory_size);
  std::string serialization_id() const;

  io::Sink& sink_;
  std::string root_;
  uint64_t alignment_;
  uint64_t start_;              // where the sink stood: offsets in the archive count from there
  std::vector<Entry> entries_;  // the last one is being written while is_open_
  bool is_open_ = false;
  uint64_t missing_ = 0;  // bytes that the open record still waits for
  std::unique_ptr<class UsedNames> names_;
  bool finished_ = false;
};

// The folder PyTorch would name for a file saved at `path`: "runs/my.model.pth" → "my.model"; "archive" where the path
// is not ASCII, or leaves no name.
std::string root_for(std::string_view path);

}  // namespace okibi::zip
