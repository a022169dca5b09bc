// Any bytes as the .metadata of a distributed checkpoint, and any bytes written over a place in one that is whole, with
// parts that fit it: reading ends in a Value or an Error.
#include <okibi/checkpoint.h>

#include <algorithm>
#include <cstdlib>
#include <map>

using namespace okibi;

namespace {

using Bytes = std::vector<std::byte>;
using Files = std::map<std::string, std::shared_ptr<Buffer>>;

// A folder in memory.
class Memory final : public store::Folder {
 public:
  explicit Memory(Files& files) : files_(files) {}
  std::string name() const override { return "memory://"; }
  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, file] : files_) names.push_back(name);
    return names;
  }
  bool has_folders() const override { return false; }

 private:
  // What is written is there at once: nobody looks before it is whole.
  class Written final : public io::Sink {
   public:
    explicit Written(std::shared_ptr<Buffer> file) : file_(std::move(file)) {}
    void write(std::span<const std::byte> bytes) override { file_->write(bytes); }
    void commit() override {}
    uint64_t position() const override { return file_->position(); }
    std::string name() const override { return "memory"; }

   private:
    std::shared_ptr<Buffer> file_;
  };
  bool find(const std::string& file) const override { return files_.contains(file); }
  std::shared_ptr<const io::Source> open_file(const std::string& file) const override {
    const auto found = files_.find(file);
    if (found == files_.end()) throw Error(ErrorKind::not_found, "there is no such file").at("", file);
    return found->second;
  }
  std::unique_ptr<io::Sink> create_file(const std::string& file) const override {
    return std::make_unique<Written>(files_[file] = std::make_shared<Buffer>());
  }
  void remove_file(const std::string& file) const override { files_.erase(file); }

  Files& files_;
};

Value something() {
  return Dict{{"weight", arange(12).view({3, 4})},
              {"optim", Dict{{"state", List{Dict{{"step", 3}, {"mean", arange(2)}}, Dict{{"none", arange(0)}}}}}},
              {"pair", Tuple{1, arange(3)}},
              {"name", "run"}};
}

// memory:// with `something` in it.
Files& files() {
  static Files all;
  if (!all.empty()) return all;
  store::Scheme scheme;
  scheme.is_folder = [](const std::string&) { return true; };
  scheme.folder = [](const std::string&) { return std::make_shared<Memory>(all); };
  store::default_store().add("memory", scheme);
  save(something(), "memory://", {.format = Format::dcp});
  load("memory://");  // else there would be nothing to break
  return all;
}

void check(const Bytes& metadata) {
  files()[".metadata"] = std::make_shared<Buffer>(metadata, ".metadata");
  try {
    load("memory://", {.limits = {.max_pickle_nodes = 1 << 16}});
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
  }
}

// The first two bytes say where the others go.
Bytes patched(Bytes whole, std::span<const std::byte> patch) {
  if (patch.size() < 2) return whole;
  const size_t begin = load_le<uint16_t>(patch.data()) % whole.size();
  const auto bytes = patch.subspan(2, std::min(patch.size() - 2, whole.size() - begin));
  std::ranges::copy(bytes, whole.begin() + static_cast<std::ptrdiff_t>(begin));
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Bytes whole(files()[".metadata"]->bytes().begin(), files()[".metadata"]->bytes().end());
  const auto bytes = std::as_bytes(std::span(data, size));
  check({bytes.begin(), bytes.end()});
  check(patched(whole, bytes));
  return 0;
}
