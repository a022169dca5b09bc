// okibi/checkpoint.h: a file ⇄ a Value. Loading runs nothing, ever: what a global in a pickle may mean stands in one
// table (src/checkpoint/pickled/globals.def), and a file that names anything else is refused with all such names at
// once.
//
// Formats: formats.def lists them, and docs/formats.md says what of each is read and written. What is written, PyTorch
// reads: torch.load(weights_only=True) the files of torch.save, which are byte for byte as PyTorch 2.15 writes them.
//
// Where a path is taken, any URI that the Store knows is taken too, and for reading a folder, where a format is one.
// Saving to a path or URI commits: the file is replaced as a whole, or left as it was. Saving to a Sink never commits:
// its owner does.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/io.h>
#include <okibi/store.h>
#include <okibi/value.h>

namespace okibi {

enum class Format : uint8_t {
#define X(name, text, meaning, read, written) name,
#include <okibi/formats.def>
#undef X
};
std::string_view name_of(Format format) noexcept;  // "torch-zip"
std::optional<Format> format_named(std::string_view name) noexcept;

struct LoadOptions {
  Limits limits = {};
  // Map the file privately instead of reading it: the first tensor is usable at once, pages come when they are touched.
  // No CRC is checked then, unless check_mapped says so, which reads all that is mapped once. A file that is cut while
  // it is mapped ends the program (SIGBUS).
  bool mmap = false;
  bool check_mapped = false;
  // Check each record's CRC-32, where its writer computed one.
  bool check_crc = true;
  // Further globals to take as plain data (Objects), by full name: "my_models.Config", or "my_models.*" for all that
  // begins so. As torch's add_safe_globals.
  std::vector<std::string> allow = {};
  // Take every global as plain data. Still nothing is run; for looking at a file, and for whole models.
  bool any_class_as_data = false;
  Progress progress = {};
  std::stop_token stop = {};
};

struct SaveOptions {
  // Unless it is given, the name decides: *.safetensors is safetensors, anything else a zip archive of torch.save.
  std::optional<Format> format = {};
  uint64_t alignment = 64;  // torch-zip: of each record's first byte
  // torch-zip: the folder inside the archive; empty means as PyTorch names it: after the file, or "archive" for a Sink.
  std::string root = {};
  // safetensors: what the header says of the file as a whole, "format" → "pt". Empty means what the file had that the
  // value was loaded from (see load()).
  std::vector<std::pair<std::string, std::string>> metadata = {};
  // safetensors: above this many bytes of tensors, several files with an index instead of one, as Hugging Face names
  // them: "out/model.safetensors" becomes out/model-00001-of-00002.safetensors and so on, and the index beside them.
  uint64_t shard_size = 0;
  Progress progress = {};
  std::stop_token stop = {};
};

// The whole object with its tensors. Of safetensors, also in several files, an OrderedDict: name → tensor, with the
// header's `__metadata__` as an attribute of the dict (Dict::attributes), where save() finds it again. Errors name the
// file and the record: not_found, bad_file (damaged, truncated, no checkpoint at all), unsafe (globals that are not
// allowed), limit, io.
Value load(const std::string& uri, const LoadOptions& options = {});
Value load(std::shared_ptr<const io::Source> source, const LoadOptions& options = {});
Value load(const Buffer& buffer, const LoadOptions& options = {});

// The same for a file that is one state_dict, or a TorchScript program, which has one. A whole checkpoint is
// Error(mismatch) that lists its keys.
StateDict load_state_dict(const std::string& uri, const LoadOptions& options = {});
StateDict load_state_dict(std::shared_ptr<const io::Source> source, const LoadOptions& options = {});
StateDict load_state_dict(const Buffer& buffer, const LoadOptions& options = {});

// Any Value: state_dicts, resume checkpoints, any nesting. A StateDict converts. Tensors that share a storage share it
// in the file. Error(unsupported) for what PyTorch could not load, naming the place in the object.
void save(const Value& value, const std::string& uri, const SaveOptions& options = {});
void save(const Value& value, io::Sink& sink, const SaveOptions& options = {});

// One tensor of a file, as its index describes it.
struct TensorEntry {
  std::string name;         // the path through the object, joined by '.': "model_state_dict.mlp.0.weight"
  std::vector<Value> path;  // the same, step by step: keys (str) and positions (int)
  DType dtype = DType::float32;
  Layout layout = Layout::strided;
  Device device = {};
  Dims sizes = {};
  Dims strides = {};
  std::string storage = {};    // the record's key; entries with the same one share bytes
  int64_t storage_offset = 0;  // in elements
  uint64_t nbytes = 0;         // of its elements
  uint64_t storage_nbytes = 0;
  bool requires_grad = false;
};

// A tensor that is still in its file: reads just the bytes that are asked for.
class LazyTensor {
 public:
  const TensorEntry& entry() const noexcept { return *entry_; }
  Tensor load() const;                            // its elements, in storage of their own
  Tensor rows(int64_t begin, int64_t end) const;  // of the first dimension, Python's rules for ends
  Tensor slice(int64_t dim, int64_t begin, int64_t end) const;

 private:
  friend class Archive;
  LazyTensor(std::shared_ptr<const struct ArchiveBody> archive, const TensorEntry* entry)
      : archive_(std::move(archive)), entry_(entry) {}
  std::shared_ptr<const ArchiveBody> archive_;
  const TensorEntry* entry_;
};

// An opened file of which only the index and the pickle were read. A handle; copies share it. Thread-safe.
class Archive {
 public:
  Format format() const noexcept;
  std::string name() const;                                  // of the file
  const std::vector<TensorEntry>& tensors() const noexcept;  // in the order of the object
  LazyTensor tensor(std::string_view name) const;            // Error(not_found) with the nearest names
  // The one that this entry of tensors() is: names can be the same, where a key holds a dot ({"a": {"b"}}, {"a.b"}).
  LazyTensor tensor(const TensorEntry& entry) const;
  // The object, each tensor as a meta tensor: dtype and sizes, no bytes.
  const Value& skeleton() const noexcept;
  // The entry of a tensor of the skeleton, or nullptr.
  const TensorEntry* entry_of(const Tensor& in_skeleton) const noexcept;

 private:
  friend Archive open(std::shared_ptr<const io::Source> source, const LoadOptions& options);
  friend Archive open(const std::string& uri, const LoadOptions& options);
  explicit Archive(std::shared_ptr<const ArchiveBody> body) : body_(std::move(body)) {}
  std::shared_ptr<const ArchiveBody> body_;
};

Archive open(const std::string& uri, const LoadOptions& options = {});
Archive open(std::shared_ptr<const io::Source> source, const LoadOptions& options = {});

}  // namespace okibi
