// s3/requests.h: several requests at once.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

namespace okibi::s3 {

// Calls work(job, stop) for every job in [0, jobs), in their order, on as many threads as `at_once` says, of which the
// caller is one. The first exception asks the others to stop, and is rethrown when all have ended. `stop` is asked for
// when the caller's own is.
using Work = std::function<void(size_t job, const std::stop_token& stop)>;
void run_requests(size_t jobs, int at_once, const std::stop_token& stop, const Work& work);

// So many may be in flight at one time. Thread-safe.
class Slots {
 public:
  explicit Slots(int count) : free_(count) {}

  class Held {
   public:
    explicit Held(Slots& slots) : slots_(slots) { slots_.take(); }
    ~Held() { slots_.give_back(); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    Slots& slots_;
  };

 private:
  void take();
  void give_back();

  std::mutex mutex_;
  std::condition_variable freed_;
  int free_;
};

}  // namespace okibi::s3
