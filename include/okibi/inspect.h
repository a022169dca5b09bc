// okibi/inspect.h: what the verbs of the command line do, as functions. They know files and values, never a terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <okibi/checkpoint.h>

namespace okibi::inspect {

// One line of `okibi ls`.
struct ListedTensor {
  TensorEntry entry;
  bool shares_storage = false;  // with another tensor of the file
  std::string sha256 = {};      // of the elements in row-major order, little-endian; only where asked for
};

struct Listing {
  std::string format;
  std::vector<ListedTensor> tensors;
  uint64_t total_nbytes = 0;   // sum over the tensors
  uint64_t unique_nbytes = 0;  // sum over the storages
};

enum class Order : uint8_t { file, size };

struct ListOptions {
  std::string glob = {};  // shell pattern over names; empty means all
  Order order = Order::file;
  bool hash = false;
};

// Lazy: reads the index and the pickle only (with `hash`, the tensors too).
Listing list(const Archive& archive, const ListOptions& options = {});

// The object as an indented tree for people: scalars with their values, tensors with dtype, shape and a few values.
// `path` picks a part: "optimizer_state_dict.state.0". Error(not_found) lists what is there.
std::string show(const Archive& archive, const std::string& path = {});

// The same as JSON, as the contract of the command line says: {"$tensor": …}, {"$object": …}, {"$tuple": […]} …
std::string show_json(const Archive& archive, const std::string& path = {});

// True when `name` matches the shell pattern (*, ?, [a-z]); * also crosses dots.
bool glob_match(std::string_view pattern, std::string_view name);

// ------------------------------------------------------------------------------------------------------ stats, diff

// The numbers of one tensor. NaN and infinities are counted, and left out of the rest: so one of them hides nothing.
struct TensorStats {
  TensorEntry entry;
  uint64_t numel = 0, zeros = 0, nans = 0, infinities = 0;
  Value min, max;  // int, float or bool, as the dtype is; None for complex numbers, and where there is no finite number
  Value mean;      // float; of complex numbers complex
  Value std;       // float, with n - 1 as torch.std has it; None for fewer than two numbers
  std::string note = {};  // why the numbers above are not there, or of what they are
};

struct StatsOptions {
  std::string glob = {};  // shell pattern over names; empty means all
  Progress progress = {};  // in bytes
  std::stop_token stop = {};
};

// Sums in float64, and in the same order on any machine. Large tensors are read in pieces.
std::vector<TensorStats> stats(const Archive& archive, const StatsOptions& options = {});

// A tensor that both files have, and that is not the same.
struct ChangedTensor {
  std::string name;
  TensorEntry a, b;
  std::string note = {};            // why the elements were not compared as numbers
  uint64_t numel = 0, differing = 0;   // elements beyond the tolerance; all of them when the shapes differ
  std::optional<double> max_abs = {};  // |a - b|, over numbers that are finite in both
  std::optional<double> max_rel = {};  // |a - b| / max(|a|, |b|): from 0 to 2
};
struct ChangedLeaf {
  std::string name;
  std::string a, b;  // as Python prints them; "" where the file has none
};
struct Difference {
  std::vector<TensorEntry> removed, added;  // only in the first, only in the second
  std::vector<ChangedTensor> changed;
  std::vector<ChangedLeaf> leaves;  // everything that is no tensor: scalars, texts, classes …
  uint64_t same = 0;                // tensors that are equal within the tolerance
  bool none() const noexcept { return removed.empty() && added.empty() && changed.empty() && leaves.empty(); }
};

struct DiffOptions {
  double rtol = 0, atol = 0;  // equal is |a - b| <= atol + rtol |b|
  Progress progress = {};     // in bytes of both
  std::stop_token stop = {};
};

// By name, whatever the formats: a .pth and the .safetensors made of it are compared by the names joined by '.'. NaN
// equals NaN. Strides, devices and sharing do not count. Large tensors are read in pieces.
Difference diff(const Archive& a, const Archive& b, const DiffOptions& options = {});

// ----------------------------------------------------------------------------------------------------------- verify

struct Problem {
  std::string record;              // of an archive, or the file of a folder; "" for the file itself
  std::optional<uint64_t> offset;  // in the file, where it is known
  std::string problem;
};

// What can be read of a damaged checkpoint.
struct Recoverable {
  std::vector<std::string> tensors;  // those whose bytes are all there, with their CRC-32 where they have one
  std::vector<std::string> lost;
};

// How much of a file could be compared with checksums. Only zip archives have them, as a CRC-32 of each record that its
// writer may leave out; elsewhere a changed number looks like any other.
enum class Checksums : uint8_t { none, some, all };
std::string_view name_of(Checksums checksums) noexcept;

struct VerifyReport {
  std::vector<Problem> problems;
  uint64_t checked_bytes = 0, unchecked_bytes = 0;  // read with a checksum, and without one
  Checksums checksums() const noexcept {
    if (checked_bytes == 0) return Checksums::none;
    return unchecked_bytes == 0 ? Checksums::all : Checksums::some;
  }
  std::optional<Recoverable> recoverable;  // only where something is wrong, and the index is whole
  bool ok() const noexcept { return problems.empty(); }
};

struct VerifyOptions {
  Limits limits = {};
  Progress progress = {};  // in bytes
  std::stop_token stop = {};
};

// Reads everything, and tells all that is wrong, not only the first: structure, each CRC-32, each pickle, each tensor
// within its storage, storages as long as they should be, the offsets of safetensors. A folder means all its files that
// hold weights, an index of shards those that it names.
VerifyReport verify(const std::string& uri, const VerifyOptions& options = {});

// Writes the tensors that are whole to `target`, a new file, as one dict of names, piece by piece: of a zip archive of
// torch.save without its end, of a stream or a safetensors file that was cut, of a folder or an index whose files are
// damaged or missing. Error(bad_file) when there are none, Error(unsupported) for formats whose index is at their end,
// Error(bad_argument) where the target exists.
Recoverable rescue(const std::string& uri, const std::string& target, const VerifyOptions& options = {});

// ------------------------------------------------------------------------------------------------------------- scan

// What a global means for whoever loads the file. Ordered: the later, the worse.
enum class Judgement : uint8_t {
  tensor,  // plain data: what okibi::load takes unasked
  known,   // a class of torch.nn, torch.optim, numpy …, as a whole name in a table; okibi reads it as data
  unsafe,  // anything else: in PyTorch, whatever it names could be called
};
enum class Verdict : uint8_t { safe, known, unsafe, malformed };
std::string_view name_of(Judgement judgement) noexcept;
std::string_view name_of(Verdict verdict) noexcept;

struct Finding {
  std::string name;  // "os.system", or what kind of program it is
  Judgement judgement = Judgement::unsafe;
  std::string where;  // "model/data.pkl, offset 123"; parts of parts are joined by " > "
};

struct ScanReport {
  std::vector<Finding> globals;   // each name once in each pickle, the worst first
  std::vector<Finding> programs;  // code that the file itself holds: TorchScript, torch.package, a native library
  std::vector<std::pair<std::string, std::string>> problems;  // where; what could not be parsed, or should not be there
  Verdict verdict = Verdict::safe;  // unsafe before malformed, malformed before known
};

struct ScanOptions {
  Limits limits = {};
  std::stop_token stop = {};
};

// Names every global of every pickle anywhere in a file: in zip archives, in archives within them or one behind the
// other (.distcp), in records that no tensor lies in, behind a STOP, in tar files, .npy arrays of objects, and in what
// remains of a damaged file. Goes by content, never by extension. The bytes of storages are no pickles and not read.
// Nothing is run, and it fails closed: what cannot be parsed to its last byte is a problem, so that it is never called
// clean. A URI that is a folder means all files in it; an index of shards, the shards too.
ScanReport scan(const std::string& uri, const ScanOptions& options = {});
ScanReport scan(std::shared_ptr<const io::Source> source, const ScanOptions& options = {});

}  // namespace okibi::inspect
