// io/system.h: the operating system's words, turned into okibi's.
#pragma once

#include <okibi/base.h>

#include <cerrno>

#include <span>
#include <string>
#include <string_view>

namespace okibi::io {

// The Error for a system call that failed with `code` (an errno) while `doing` ("cannot open") something to `path`.
Error system_error(int code, std::string_view doing, const std::string& path);

// Error(bad_argument) for a path that is empty, or that the system would read only up to a NUL within it.
void check_path(const std::string& path);

// Repeats a system call that a signal interrupted.
template <class Call>
auto retried(Call&& call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

// An open file that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace okibi::io
