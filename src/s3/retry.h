// s3/retry.h: which failures may pass, how long to wait for that, and how often all requests together may try.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string_view>

#include "s3/http.h"

namespace okibi::s3 {

constexpr std::chrono::milliseconds first_pause{50}, longest_pause{20'000};
constexpr int attempts_with_little_hope = 4;

// Whether the same request may succeed a little later. `code` is the store's own word ("SlowDown"), or empty.
bool can_pass(int status, std::string_view code);

// Before the next attempt, after so many that failed: any time up to a limit that doubles each time ("full jitter", so
// that many clients do not come back together). `random` lies in [0, 1).
std::chrono::milliseconds pause_after(int failures, double random);

// What Retry-After asks for, in seconds, up to longest_pause. Dates in it are not heeded.
std::optional<std::chrono::milliseconds> pause_asked_for(const Headers& headers);

// A store in trouble is not helped by ten times as many requests: all of a session's retries are paid out of one
// budget, which successes fill up again. Thread-safe.
class RetryBudget {
 public:
  bool pay_for_retry();         // false: it is used up
  void succeeded(int retries);  // a request that took so many

 private:
  static constexpr int most = 500, price = 5;

  std::mutex mutex_;
  int left_ = most;
};

}  // namespace okibi::s3
