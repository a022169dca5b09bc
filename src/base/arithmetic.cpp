#include <fmt/format.h>
#include <okibi/base.h>

namespace okibi {
namespace {

[[noreturn]] void throw_overflow(uint64_t a, char sign, uint64_t b, std::string_view what) {
  throw Error(ErrorKind::bad_file, fmt::format("{}: {} {} {} does not fit 64 bits", what, a, sign, b))
      .hint("No honest file holds such numbers; it is damaged, or made to do harm.");
}

}  // namespace

uint64_t checked_add(uint64_t a, uint64_t b, std::string_view what) {
  uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) throw_overflow(a, '+', b, what);
  return sum;
}

uint64_t checked_mul(uint64_t a, uint64_t b, std::string_view what) {
  uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) throw_overflow(a, '*', b, what);
  return product;
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorKind::cancelled, "stopped on request");
}

}  // namespace okibi
