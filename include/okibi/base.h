// okibi/base.h: what every other module stands on. Errors, limits, checked arithmetic, byte order, progress and
// cancellation, and parallel loops.
#pragma once

#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace okibi {

std::string_view version() noexcept;  // of the library: "0.1.0"

// ---------------------------------------------------------------------------------------------------------- errors

enum class ErrorKind : uint8_t {
#define X(kind, exit_status, http_status, meaning) kind,
#include <okibi/error_kinds.def>
#undef X
};

std::string_view name_of(ErrorKind kind);
int exit_status_of(ErrorKind kind);  // as docs/cli.md promises
int http_status_of(ErrorKind kind);

// The one exception type of okibi. It is written for the person who must act:
//
//   throw Error(ErrorKind::bad_file, "the CRC-32 does not match").at("record", name).found(crc).expected(stored)
//       .hint("The file was damaged after it was written; copy it again.");
//
// what() puts the parts together as one or two sentences, outermost place first:
//
//   model.pth, record data/3: the CRC-32 does not match: expected 1234, found 5678. The file was damaged …
//
// Callers that know more (which file, which row) add it on the way up with `at` and rethrow, or use `in_context`.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string sentence);

  // Where: name and value of a place ("record", "data/3"), ("line", 7). A name of "" prints the value alone (a path).
  // A place added later stands further out, and prints first.
  Error& at(std::string_view name, std::string_view value) &;
  Error& at(std::string_view name, uint64_t value) & { return at(name, std::to_string(value)); }
  Error& expected(std::string_view what) &;
  Error& expected(uint64_t what) & { return expected(std::to_string(what)); }
  Error& found(std::string_view what) &;
  Error& found(uint64_t what) & { return found(std::to_string(what)); }
  Error& hint(std::string_view what_to_do_next) &;  // a whole sentence, with its full stop

  // The same on a temporary, so that a whole error can be said in one throw expression.
  template <class Value>
  Error&& at(std::string_view name, const Value& value) && {
    return std::move(at(name, value));
  }
  template <class Value>
  Error&& expected(const Value& what) && {
    return std::move(expected(what));
  }
  template <class Value>
  Error&& found(const Value& what) && {
    return std::move(found(what));
  }
  Error&& hint(std::string_view what_to_do_next) && { return std::move(hint(what_to_do_next)); }

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& sentence() const noexcept { return sentence_; }
  const std::vector<std::pair<std::string, std::string>>& places() const noexcept {
    return places_;
  }  // innermost first
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  ErrorKind kind_;
  std::string sentence_, expected_, found_, hint_, text_;
  std::vector<std::pair<std::string, std::string>> places_;
};

// Runs `work`; an Error that leaves it has the place added.
template <class Work>
decltype(auto) in_context(std::string_view name, std::string_view value, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.at(name, value);
    throw;
  }
}

// ---------------------------------------------------------------------------------------------------------- limits

// Every cap on what a file may ask for, in one place, each with the attack it stops. The defaults let every file that
// PyTorch wrote in good faith pass. Exceeding one is Error(limit), which names the field.
struct Limits {
  uint64_t max_records = 16'000'000;              // a zip of countless tiny entries
  uint64_t max_record_name = 4096;                // names that exist to fill memory
  uint64_t max_pickle_bytes = uint64_t{4} << 30;  // a data.pkl larger than any honest one
  uint64_t max_pickle_nodes = 200'000'000;        // a pickle that says much with few bytes
  uint64_t max_inflated_ratio = 1100;             // sizes that lie: deflate itself cannot pass 1032:1
  // Deflate bombs: what all deflated records of an archive give, beside sixteen times the file itself. Weights hardly
  // deflate; zeros do, a thousandfold.
  uint64_t max_inflated_bytes = uint64_t{48} << 20;
  uint64_t max_tensor_dims = 64;            // PyTorch's own cap, above which shapes are only an attack
  uint64_t max_header_bytes = 100'000'000;  // JSON in a file: the header of safetensors, as its specification caps it
  uint64_t max_json_depth = 32;             // arrays in arrays in arrays, where no format has that many
  uint64_t max_printed_nodes = 1'000'000;   // walking a "billion laughs" graph as if it were a tree
  // One text, list or name, written once and asked for again and again: bytes that such copies may take, beyond four
  // times those of the pickle.
  uint64_t max_copied_bytes = uint64_t{8} << 20;
  uint64_t max_pickle_ratio = 64;                // a small deflated pickle of which nodes fill the memory
  uint64_t max_view_repeats = 64;                // views that show a few numbers so often that writing them never ends
  uint64_t max_name_bytes = uint64_t{16} << 20;  // a long key above many tensors, which each of their names repeats
  uint64_t max_scan_inflated = uint64_t{4} << 20;  // archives in archives of zeros; beside eight times the file itself
  uint64_t max_script_bytes = uint64_t{64} << 20;  // TorchScript: sources that deflate to nothing, all of an archive's
  uint64_t max_script_nodes = 16'000'000;          // ... and the trees that they are parsed into
  uint64_t max_script_depth = 256;                 // ... brackets in brackets, ifs in ifs, where no program has so many
};

// ------------------------------------------------------------------------------------- checked arithmetic, bytes

// Sums and products of sizes that came from outside. Overflow is Error(bad_file) naming `what`.
uint64_t checked_add(uint64_t a, uint64_t b, std::string_view what);
uint64_t checked_mul(uint64_t a, uint64_t b, std::string_view what);

// Little-endian integers and floats at any address. No alignment is needed.
template <class T>
T load_le(const std::byte* at) noexcept {
  static_assert(std::endian::native == std::endian::little, "big-endian hosts need a byte swap here");
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
void store_le(std::byte* at, T value) noexcept {
  static_assert(std::endian::native == std::endian::little, "big-endian hosts need a byte swap here");
  std::memcpy(at, &value, sizeof value);
}

// Text that came from outside, on one line that no terminal obeys: control characters, and those that turn the
// direction of writing, as Python's escapes. Beyond `most` bytes only its two ends.
std::string printable(std::string_view text, size_t most = 4000);

inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// -------------------------------------------------------------------------------------- progress and cancellation

// How far a long job is. `total` is 0 where it cannot be known. Called from one thread at a time, often: be quick.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

// Throws Error(cancelled) once a stop was asked for. Long loops call it every few milliseconds.
void throw_if_stopped(const std::stop_token& stop);

// ---------------------------------------------------------------------------------------------------- parallel loops

// How many threads parallel_for may use; at first the number of cores. Not to be changed while a loop runs.
void set_num_threads(int threads);
int num_threads();

// Calls work(first, last) for pieces that cover [begin, end) exactly once, on several threads when there are more than
// `grain` items for each. How the range is cut depends on its length, the grain and num_threads() alone, so that sums
// made piece by piece are the same in every run. An exception in a piece is rethrown here once all pieces have ended;
// nested calls run on the calling thread.
void parallel_for(int64_t begin, int64_t end, int64_t grain, const std::function<void(int64_t, int64_t)>& work);

}  // namespace okibi
