#include "base/parallel.h"

#include <fmt/format.h>
#include <okibi/base.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <thread>
#include <vector>

namespace okibi {
namespace {

std::atomic<int> thread_count{0};  // 0: nobody has said, so as many as there are cores
std::atomic<parallel::Backend> chosen_backend{nullptr};
thread_local bool inside_a_piece = false;

// Marks this thread as busy with a piece, so that loops within it do not wait for workers that wait for it.
class InsidePiece {
 public:
  InsidePiece() : before_(std::exchange(inside_a_piece, true)) {}
  ~InsidePiece() { inside_a_piece = before_; }
  InsidePiece(const InsidePiece&) = delete;
  InsidePiece& operator=(const InsidePiece&) = delete;

 private:
  bool before_;
};

// A range cut into pieces whose lengths differ by at most one.
struct Partition {
  int64_t begin = 0;
  int64_t pieces = 0;
  int64_t least = 0;  // items that every piece has
  int64_t rest = 0;   // the first `rest` pieces have one more

  Partition(int64_t first, int64_t last, int64_t grain) : begin(first) {
    const int64_t length = last - first;
    pieces = std::clamp<int64_t>(length / std::max<int64_t>(grain, 1), 1, num_threads());
    least = length / pieces;
    rest = length % pieces;
  }
  int64_t start_of(int64_t piece) const { return begin + piece * least + std::min(piece, rest); }
};

void run_in_turn(int64_t pieces, const std::function<void(int64_t)>& piece) {
  for (int64_t index = 0; index < pieces; ++index) piece(index);
}

// What came up in each piece; in place for as many as most machines have cores.
class Errors {
 public:
  explicit Errors(int64_t pieces) : many_(pieces > few ? static_cast<size_t>(pieces) : 0) {}
  std::exception_ptr& of(int64_t piece) { return all()[static_cast<size_t>(piece)]; }
  // Of several that of the first piece: the same one in every run.
  void rethrow() {
    for (const std::exception_ptr& error : all()) {
      if (error) std::rethrow_exception(error);
    }
  }

 private:
  static constexpr int64_t few = 32;
  std::span<std::exception_ptr> all() { return many_.empty() ? std::span(few_) : std::span(many_); }

  std::array<std::exception_ptr, few> few_ = {};
  std::vector<std::exception_ptr> many_;
};

parallel::Backend current_backend() {
  if (inside_a_piece) return run_in_turn;
  const parallel::Backend chosen = chosen_backend.load(std::memory_order_acquire);
  return chosen != nullptr ? chosen : parallel::run_on_workers;
}

}  // namespace

namespace parallel {
void set_backend(Backend backend) { chosen_backend.store(backend, std::memory_order_release); }
}  // namespace parallel

void set_num_threads(int threads) {
  if (threads < 1) {
    throw Error(ErrorKind::bad_argument, "the number of threads must be at least 1").found(fmt::to_string(threads));
  }
  thread_count.store(threads, std::memory_order_relaxed);
}

int num_threads() {
  const int chosen = thread_count.load(std::memory_order_relaxed);
  static const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return chosen > 0 ? chosen : cores;
}

void parallel_for(int64_t begin, int64_t end, int64_t grain, const std::function<void(int64_t, int64_t)>& work) {
  if (begin >= end) return;
  const Partition partition(begin, end, grain);
  if (partition.pieces == 1) return work(begin, end);
  Errors errors(partition.pieces);
  const auto run_piece = [&](int64_t piece) {
    const InsidePiece inside;
    try {
      work(partition.start_of(piece), partition.start_of(piece + 1));
    } catch (...) {
      errors.of(piece) = std::current_exception();
    }
  };
  current_backend()(partition.pieces, std::ref(run_piece));
  errors.rethrow();
}

}  // namespace okibi
