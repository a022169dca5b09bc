// s3/process.h: a program that is run for what it prints.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace okibi::s3 {

struct ProcessLimits {
  size_t output = size_t{64} << 10;        // bytes; beyond it the program is ended: Error(limit)
  size_t complaints = 2000;                // bytes of its standard error that are kept; the rest is let go
  std::chrono::milliseconds time{60'000};  // beyond it the program is ended: Error(io)
};

struct ProcessResult {
  int status = 0;  // as a shell counts: 128 and above for a signal
  std::string output, complaints;
};

// Starts words[0], looked for in PATH, with nothing to read, and waits for its end. No shell. Error(not_found) and
// Error(no_permission) where it cannot be started; Error(cancelled) soon after a stop was asked for.
ProcessResult run_process(const std::vector<std::string>& words, const std::stop_token& stop,
                          const ProcessLimits& limits = {});

}  // namespace okibi::s3
