// script/trace/trace_source.h: the logs of a forward, for several batch sizes, as one method in TorchScript.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "script/trace/trace_log.h"

namespace okibi::script {

// A forward that was logged, with what it gave.
struct TracedRun {
  int64_t batch = 0;
  std::unique_ptr<TraceLog> log;
  TracedValue result;
};

struct TracedSource {
  std::string forward;                          // "def forward(self, x: Tensor) -> Tensor:\n …"
  std::vector<nn::NamedTensor> constants = {};  // attributes of the module that it reads, "_constant_0"
};

// Ints that differ between the runs are written by the size of dimension `batch_dim` of the first input, of which they
// must be a sum and a multiple. Error(unsupported) where the runs differ in what they do.
TracedSource source_of(std::span<const TracedRun> runs, std::span<const nn::NamedTensor> weights, size_t inputs,
                       int64_t batch_dim, std::vector<std::string> taken);

}  // namespace okibi::script
