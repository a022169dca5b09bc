// What people see: sizes and times in words, colour where it is wanted, and a progress bar on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include <okibi/base.h>

namespace okibi::app {

std::string human_bytes(uint64_t bytes);    // "1.4 KiB"
std::string human_seconds(double seconds);  // "2 m 05 s"
std::string human_rate(double per_second);  // "1.2 M"

bool is_terminal(int descriptor);
bool use_colour(int descriptor);  // a terminal, and no NO_COLOR
std::string bold(const std::string& text, int descriptor);
std::string dim(const std::string& text, int descriptor);

// One line on stderr that is drawn over itself, at most ten times a second, and only on a terminal.
class ProgressBar {
 public:
  ~ProgressBar() { clear(); }
  void update(double fraction, const std::string& text);
  void clear();  // before other lines are printed

 private:
  std::chrono::steady_clock::time_point last_ = {};
  bool drawn_ = false;
};

// The bar of work that is counted in bytes: "1.2 GiB of 4.0 GiB, 1.1 GiB/s, 3 s left".
class BytesProgress {
 public:
  void update(uint64_t done, uint64_t total);
  void clear() { bar_.clear(); }

 private:
  ProgressBar bar_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// A message in printable characters, with the verb where the library names its function for cut files.
std::string in_words_of_program(const std::string& message, const std::string& file);
std::string in_words_of_program(const Error& error);

// One line on stderr about a transfer that is tried again, when its user waits for more than two seconds; not more often
// than every ten.
void tell_of_retry(const Error& why, std::chrono::milliseconds waiting);

// "5GB", "500 MiB", "1048576" → bytes; GB are powers of ten, GiB of two. `option` is for messages.
uint64_t bytes_of_words(const std::string& option, const std::string& words);

// Asked to stop by the first Ctrl-C or SIGTERM; the second ends the process at once.
std::stop_token stop_on_signals();

}  // namespace okibi::app
