// okibi/inspect.h: what the verbs of the command line do, as functions. They know files and values, never a terminal.
#pragma once

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
