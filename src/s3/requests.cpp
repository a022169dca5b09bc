#include "s3/requests.h"

#include <okibi/base.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace okibi::s3 {
namespace {

// Several threads that share a row of jobs.
class Crew {
 public:
  Crew(size_t jobs, const Work& work) : jobs_(jobs), work_(work) {}

  void work() noexcept {
    try {
      for (size_t job = next_++; job < jobs_ && !failing_.stop_requested(); job = next_++) {
        work_(job, failing_.get_token());
        ++done_;
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void stop() { failing_.request_stop(); }

  // Jobs that were left out because of a stop have no error of their own.
  void finish(const std::stop_token& stop) const {
    if (first_) std::rethrow_exception(first_);
    if (done_ < jobs_) throw_if_stopped(stop);
  }

 private:
  void fail(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::move(error);
    failing_.request_stop();
  }

  const size_t jobs_;
  const Work& work_;
  std::atomic<size_t> next_ = 0, done_ = 0;
  std::stop_source failing_;
  std::mutex mutex_;
  std::exception_ptr first_;
};

// As many as the system gives; the caller works, too, so that the jobs get done in any case.
std::vector<std::jthread> start_threads(size_t count, Crew& crew) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  try {
    while (threads.size() < count) threads.emplace_back([&crew] { crew.work(); });
  } catch (const std::system_error&) {
  }
  return threads;
}

}  // namespace

void run_requests(size_t jobs, int at_once, const std::stop_token& stop, const Work& work) {
  if (jobs == 0) return;
  Crew crew(jobs, work);
  const std::stop_callback on_stop(stop, [&] { crew.stop(); });
  {
    const auto others = start_threads(std::min(jobs, static_cast<size_t>(at_once)) - 1, crew);
    crew.work();
  }
  crew.finish(stop);
}

void Slots::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [&] { return free_ > 0; });
  --free_;
}

void Slots::give_back() {
  {
    const std::lock_guard lock(mutex_);
    ++free_;
  }
  freed_.notify_one();
}

}  // namespace okibi::s3
