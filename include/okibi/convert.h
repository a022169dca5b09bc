// okibi/convert.h: a checkpoint of one format → a checkpoint of another, or of the same with other contents. Tensors are
// read and written piece by piece and never all in memory: a checkpoint of 100 GB takes as little of it as a small one.
//
//   okibi::convert("pytorch_model.bin", "model.safetensors");
//   okibi::convert("last.pth", "model.safetensors", {.part = "model_state_dict", .dtype = okibi::bfloat16});
//
// What is written is what okibi::save would write of what okibi::load reads: from one zip archive of torch.save to another
// nothing is lost. safetensors, which knows only names and tensors, gets the names joined by '.', and of a whole model its
// state_dict; what it could not hold is Error(unsupported) that says so, before anything is written.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <okibi/checkpoint.h>

namespace okibi {

struct ConvertOptions {
  // Take this part of the object: "model_state_dict"; "" means all. Without it all, but of a program of torch.export the
  // `state_dict` where the target knows only tensors, whose names would all begin with that word.
  std::optional<std::string> part = {};
  std::vector<std::string> only = {};  // of that, keep what matches one of these shell patterns over names; empty means all
  // {"module.", ""}: names that begin with the first begin with the second instead. The result is then one flat dict.
  std::vector<std::pair<std::string, std::string>> rename = {};
  // Cast floating-point tensors that have dimensions: a step counter, which has none, would only lose by it.
  std::optional<DType> dtype = {};
  LoadOptions load = {};            // of the source
  SaveOptions save = {};            // of the target: its format, unless the name says it; shard_size; progress
};

struct ConvertReport {
  Format from = Format::torch_zip, to = Format::torch_zip;
  std::string part = {};  // that was written; `state_dict` also where a whole model or a program was made to one
  uint64_t tensors = 0;
  uint64_t nbytes = 0;  // of the storages that were written, each once
};

// The target is replaced as a whole or left as it was. Errors: those of load and save; Error(bad_argument) where `only`
// matches nothing, or where two tensors would get one name; Error(not_found) for a `part` that is not there.
ConvertReport convert(const std::string& source, const std::string& target, const ConvertOptions& options = {});

}  // namespace okibi
