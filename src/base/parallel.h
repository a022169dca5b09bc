// base/parallel.h: which threads parallel_for runs on. std::thread workers at first; `kernels` hands in OpenMP, so that
// a process that also computes with BLAS has one pool and not two that fight for the cores.
#pragma once

#include <cstdint>
#include <functional>

namespace okibi::parallel {

// Calls piece(0) … piece(pieces - 1), each exactly once, on any threads and in any order, and returns when all have
// ended. `piece` never throws: parallel_for has wrapped it. Several threads may call a backend at once.
using Backend = void (*)(int64_t pieces, const std::function<void(int64_t)>& piece);

// Not to be called while a loop runs. nullptr brings back the std::thread workers.
void set_backend(Backend backend);

// The backend of std::thread workers, started at their first use and kept until the process ends.
void run_on_workers(int64_t pieces, const std::function<void(int64_t)>& piece);

}  // namespace okibi::parallel
