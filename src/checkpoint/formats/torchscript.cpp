#include "checkpoint/formats/torchscript.h"

#include "checkpoint/archive_body.h"
#include "checkpoint/formats/script_classes.h"
#include "checkpoint/formats/zip_file.h"

namespace okibi::checkpoint {
namespace {

// A program's classes exist in its archive alone, and are nothing but names here.
LoadOptions with_script_classes(LoadOptions options) {
  options.allow.push_back("__torch__.*");
  return options;
}

class TorchScript final : public ZipFile {
 public:
  // `pickle`.pkl, with its storages in the folder `pickle`.
  TorchScript(zip::Reader records, const LoadOptions& options, std::string pickle)
      : ZipFile(std::move(records), with_script_classes(options)),
        pickle_(std::move(pickle)),
        graph_(read_pickle(pickle_ + ".pkl")),
        classes_(records_) {}

  Format format() const noexcept override { return Format::torchscript; }
  uint64_t index_bytes() const noexcept override { return graph_.end_offset(); }
  Value object(TensorMaker& tensors) const override { return resolve(graph_, tensors, options_); }
  StateDict state_dict_of(const Value& object) const override;
  Extent extent_of(const StorageRef& storage) const override;

 private:
  bool is_in_state_dict(const Value& root, const std::vector<Value>& path) const;

  const std::string pickle_;
  const pickle::Graph graph_;
  const ScriptClasses classes_;
  const zip::Record nothing_ = {.name = "nothing"};
};

// A storage without elements may have no record.
Extent TorchScript::extent_of(const StorageRef& storage) const {
  const std::string record = pickle_ + '/' + storage.key;
  if (storage.nbytes == 0 && !records_.find(record)) return {&records_.source(), &nothing_};
  return {&records_.source(), &record_of(record, storage), swapped_};
}

// The parameters and buffers of the module and its submodules, which are its tensors but for plain attributes.
StateDict TorchScript::state_dict_of(const Value& object) const {
  StateDict state_dict;
  for (auto& named : list_tensors(object, index_bytes())) {
    if (is_in_state_dict(object, named.path)) state_dict.set(named.name, named.tensor);
  }
  return state_dict;
}

// Where the archive has no source of a class, all its tensors are taken for parameters and buffers.
bool TorchScript::is_in_state_dict(const Value& root, const std::vector<Value>& path) const {
  Value at = root;
  for (size_t i = 0; i < path.size(); ++i) {
    if (!at.is_object() || !path[i].is_string()) return false;
    const Object module = at.to_object();
    if (!module.has(path[i].to_string())) return false;
    if (i + 1 == path.size()) {
      const ScriptNames* names = classes_.names_of(module.parts().module, module.parts().name);
      return !names || names->contains(path[i].to_string());
    }
    at = module.attribute(path[i].to_string());
  }
  return false;
}

}  // namespace

bool is_torchscript(const zip::Reader& records) {
  if (records.find("model.json")) {
    throw Error(ErrorKind::unsupported, "this is a TorchScript program of PyTorch 1.0 or 1.1, which okibi cannot load")
        .hint("Load it in Python with torch.jit.load and save it again: since 1.2 programs hold a pickle.");
  }
  if (records.find(".data/extern_modules")) {
    throw Error(ErrorKind::unsupported, "this is a package of torch.package: Python code, which okibi does not run")
        .hint("Load it in Python and save model.state_dict() with torch.save.");
  }
  return records.find("constants.pkl") != nullptr && records.find("data.pkl") != nullptr;
}

std::unique_ptr<const OpenedFile> open_torchscript(zip::Reader records, const LoadOptions& options) {
  return std::make_unique<const TorchScript>(std::move(records), options, "data");
}

std::unique_ptr<const OpenedFile> open_torchscript_constants(zip::Reader records, const LoadOptions& options) {
  return std::make_unique<const TorchScript>(std::move(records), options, "constants");
}

}  // namespace okibi::checkpoint
