// The std::thread workers behind parallel_for.
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/parallel.h"

namespace okibi::parallel {
namespace {

struct Job {
  const std::function<void(int64_t)>& piece;
  int64_t pieces;
  int64_t begun = 0;
  int64_t ended = 0;
};

// Jobs wait in a queue; workers and the callers themselves take pieces from it, so a job always ends, even where no
// worker could be started.
class Workers {
 public:
  void run(Job job) {
    std::unique_lock lock(mutex_);
    start_threads(job.pieces - 1);
    queue_.push_back(&job);
    wake_workers_.notify_all();
    while (job.begun < job.pieces) run_piece_of(job, lock);
    wake_callers_.wait(lock, [&] { return job.ended == job.pieces; });
  }

 private:
  void start_threads(int64_t wanted) {
    while (threads_ < wanted) {
      try {
        std::thread([this] { work(); }).detach();
      } catch (const std::system_error&) {
        return;  // the system gives no more threads: the caller and those that are there do all the pieces
      }
      ++threads_;
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_workers_.wait(lock, [&] { return !queue_.empty(); });
      run_piece_of(*queue_.front(), lock);
    }
  }

  void run_piece_of(Job& job, std::unique_lock<std::mutex>& lock) {
    const int64_t index = job.begun++;
    if (job.begun == job.pieces) queue_.erase(std::find(queue_.begin(), queue_.end(), &job));
    lock.unlock();
    job.piece(index);
    lock.lock();
    if (++job.ended == job.pieces) wake_callers_.notify_all();
  }

  std::mutex mutex_;  // guards all that follows, and the counters of the jobs
  std::condition_variable wake_workers_, wake_callers_;
  std::deque<Job*> queue_;  // jobs with pieces that nobody has begun
  int64_t threads_ = 0;
};

Workers* new_workers() { return std::make_unique<Workers>().release(); }

// Never destroyed: idle workers may still wait in it while the process runs its exit handlers. A forked child has none
// of its parent's threads, but locks and conditions as they held them: it gets workers of its own.
Workers& workers() {
  static std::atomic<Workers*> current{new_workers()};
  static const int registered = pthread_atfork(nullptr, nullptr, [] { current = new_workers(); });
  static_cast<void>(registered);  // out of memory: then only a forked child is the poorer
  return *current;
}

}  // namespace

void run_on_workers(int64_t pieces, const std::function<void(int64_t)>& piece) { workers().run(Job{piece, pieces}); }

}  // namespace okibi::parallel
