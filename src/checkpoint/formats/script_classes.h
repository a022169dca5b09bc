// checkpoint/formats/script_classes.h: what the source of a TorchScript class says of its tensors.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include <okibi/zip.h>

#include "base/keyed_hash.h"

namespace okibi::checkpoint {

// The names in a class's two lines:
//
//   class Net(Module):
//     __parameters__ = ["weight", "bias", ]
//     __buffers__ = ["running_mean", ]
using ScriptNames = KeyedSet<std::string>;

// The classes of an archive, each file of source read when a class of it is asked for. Thread-safe.
class ScriptClasses {
 public:
  explicit ScriptClasses(const zip::Reader& records) : records_(records) {}

  // "__torch__.torch.nn.modules.linear", "Linear": nullptr where the archive has no source of it.
  const ScriptNames* names_of(const std::string& module, const std::string& name) const;

 private:
  using Classes = KeyedMap<std::string, ScriptNames>;
  const Classes& classes_of(const std::string& module) const;

  const zip::Reader& records_;
  mutable std::mutex mutex_;
  mutable KeyedMap<std::string, Classes> files_;
};

}  // namespace okibi::checkpoint
