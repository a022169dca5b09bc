#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <okibi/base.h>
#include <okibi/store.h>

namespace okibi::app {

std::string human_bytes(uint64_t bytes) {
  static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string in_words_of_program(const std::string& message, const std::string& file) {
  constexpr std::string_view function = "okibi::inspect::rescue()";
  std::string text = printable(message);
  const size_t at = text.find(function);
  if (at == std::string::npos) return text;
  const bool is_plain = file.find_first_of(" '\"$`\\&;()<>|*?#~!\n") == std::string::npos;
  const std::string quote = is_plain ? "" : "'";
  const std::string words =
      fmt::format("`okibi verify {0}{1}{0} --rescue NEW.pth`", quote, printable(store::shown(file)));
  return text.replace(at, function.size(), words);
}

std::string in_words_of_program(const Error& error) {
  const auto& places = error.places();
  for (const std::string_view place : {"checkpoint", ""}) {  // of several files the one that names the others
    const auto found = std::ranges::find(places, place, &std::pair<std::string, std::string>::first);
    if (found != places.end()) return in_words_of_program(error.what(), found->second);
  }
  return in_words_of_program(error.what(), "FILE");
}

void tell_of_retry(const Error& why, std::chrono::milliseconds waiting) {
  using Clock = std::chrono::steady_clock;
  static std::mutex mutex;
  static std::optional<Clock::time_point> last;
  const std::lock_guard lock(mutex);
  if (waiting < std::chrono::seconds(2) || (last && Clock::now() - *last < std::chrono::seconds(10))) return;
  last = Clock::now();
  fmt::print(stderr, "{}okibi: trying again: {}\n", is_terminal(STDERR_FILENO) ? "\r\033[K" : "",
             printable(why.what()));
}

std::string human_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} m", whole / 3600, whole / 60 % 60);
}

std::string human_rate(double per_second) {
  if (per_second >= 1e6) return fmt::format("{:.1f} M", per_second / 1e6);
  if (per_second >= 1e4) return fmt::format("{:.0f} k", per_second / 1e3);
  return fmt::format("{:.0f}", per_second);
}

bool is_terminal(int descriptor) { return isatty(descriptor) == 1; }

bool use_colour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  return is_terminal(descriptor) && !(no_colour && *no_colour);
}

std::string bold(const std::string& text, int descriptor) {
  return use_colour(descriptor) ? "\033[1m" + text + "\033[0m" : text;
}
std::string dim(const std::string& text, int descriptor) {
  return use_colour(descriptor) ? "\033[2m" + text + "\033[0m" : text;
}

namespace {

size_t terminal_width() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string bar_of(double fraction, size_t width) {
  const auto full = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < full ? "━" : " ";
  return bar;
}

}  // namespace

void ProgressBar::update(double fraction, const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal(STDERR_FILENO) || (drawn_ && now - last_ < std::chrono::milliseconds(100))) return;
  last_ = now;
  drawn_ = true;
  const size_t room = terminal_width() - 1, width = std::min<size_t>(24, room / 3);
  fmt::print(stderr, "\r\033[K{} {}", dim(bar_of(fraction, width), STDERR_FILENO), text.substr(0, room - width - 1));
  std::fflush(stderr);
}

void ProgressBar::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

void BytesProgress::update(uint64_t done, uint64_t total) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin_;
  const double rate = static_cast<double>(done) / std::max(passed.count(), 1e-6);
  const std::string speed = human_bytes(static_cast<uint64_t>(rate)) + "/s";
  if (total == 0) return bar_.update(0, fmt::format("{} so far, {}", human_bytes(done), speed));
  const double left = rate > 0 ? static_cast<double>(total - std::min(done, total)) / rate : 0;
  bar_.update(static_cast<double>(done) / static_cast<double>(total),
              fmt::format("{} of {}, {}, {} left", human_bytes(done), human_bytes(total), speed, human_seconds(left)));
}

uint64_t bytes_of_words(const std::string& option, const std::string& words) {
  static constexpr std::array<std::pair<std::string_view, double>, 10> units = {{{"", 1},
                                                                                 {"B", 1},
                                                                                 {"KB", 1e3},
                                                                                 {"MB", 1e6},
                                                                                 {"GB", 1e9},
                                                                                 {"TB", 1e12},
                                                                                 {"KIB", 0x1p10},
                                                                                 {"MIB", 0x1p20},
                                                                                 {"GIB", 0x1p30},
                                                                                 {"TIB", 0x1p40}}};
  char* end = nullptr;
  const double number = std::strtod(words.c_str(), &end);
  std::string unit;
  for (const char* at = end; *at; ++at) {
    if (*at != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(*at)));
  }
  const auto found = std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
  const double bytes = found == units.end() ? -1 : number * found->second;
  if (end != words.c_str() && bytes >= 1 && bytes < 0x1p62) return static_cast<uint64_t>(bytes);
  throw Error(ErrorKind::bad_argument, fmt::format("{} {} is no size", option, words)).expected("as in 5GB or 500MiB");
}

// The signals are blocked in every thread and waited for by one, so that nothing runs inside a handler.
std::stop_token stop_on_signals() {
  static std::stop_source source;
  static bool is_listening = false;
  if (std::exchange(is_listening, true)) return source.get_token();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int signal = 0;
    sigwait(&signals, &signal);
    source.request_stop();
    // One press can arrive twice, to the process and to its group: only a later one means now.
    const auto first = std::chrono::steady_clock::now();
    do {
      sigwait(&signals, &signal);
    } while (std::chrono::steady_clock::now() - first < std::chrono::seconds(1));
    fmt::print(stderr, "okibi: stopped at once; what the last steps did is lost\n");
    std::_Exit(exit_status_of(ErrorKind::cancelled));
  }).detach();
  return source.get_token();
}

}  // namespace okibi::app
