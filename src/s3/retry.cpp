#include "s3/retry.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace okibi::s3 {
namespace {

constexpr std::array passing_statuses = {408, 429, 500, 502, 503, 504, 509};

// Said with a status that would not pass by itself (mostly 400), or within an answer of 200.
constexpr std::array<std::string_view, 15> passing_codes = {"BadDigest",
                                                            "XAmzContentChecksumMismatch",
                                                            "XAmzContentSHA256Mismatch",
                                                            "IncompleteBody",  // the body was damaged or cut on its way
                                                            "RequestTimeout",
                                                            "RequestTimeoutException",
                                                            "InternalError",
                                                            "ServiceUnavailable",
                                                            "SlowDown",
                                                            "Throttling",
                                                            "ThrottlingException",
                                                            "TooManyRequestsException",
                                                            "ConditionalRequestConflict",
                                                            "OperationAborted",
                                                            "RequestThrottled"};

}  // namespace

bool can_pass(int status, std::string_view code) {
  return std::ranges::find(passing_statuses, status) != passing_statuses.end() ||
         std::ranges::find(passing_codes, code) != passing_codes.end();
}

std::chrono::milliseconds pause_after(int failures, double random) {
  const int doublings = std::clamp(failures - 1, 0, 20);
  const auto limit = std::min(longest_pause, first_pause * (1 << doublings));
  return std::chrono::milliseconds(static_cast<int64_t>(static_cast<double>(limit.count()) * random));
}

std::optional<std::chrono::milliseconds> pause_asked_for(const Headers& headers) {
  const std::string* text = find_header(headers, "retry-after");
  if (text == nullptr) return std::nullopt;
  uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return std::min<std::chrono::milliseconds>(longest_pause, std::chrono::seconds(seconds));
}

bool RetryBudget::pay_for_retry() {
  const std::lock_guard lock(mutex_);
  if (left_ < price) return false;
  left_ -= price;
  return true;
}

void RetryBudget::succeeded(int retries) {
  const std::lock_guard lock(mutex_);
  left_ = std::min(most, left_ + std::max(1, retries * price));
}

}  // namespace okibi::s3
