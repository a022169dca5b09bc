#include "base/parallel.h"

#include <gtest/gtest.h>
#include <okibi/base.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <numeric>
#include <set>
#include <thread>

namespace okibi {
namespace {

using Pieces = std::set<std::pair<int64_t, int64_t>>;

Pieces pieces_of(int64_t begin, int64_t end, int64_t grain) {
  Pieces pieces;
  std::mutex mutex;
  parallel_for(begin, end, grain, [&](int64_t first, int64_t last) {
    const std::lock_guard lock(mutex);
    pieces.emplace(first, last);
  });
  return pieces;
}

// Each test says how many threads it wants; the next one finds what the process began with.
class ThreadsParallelFor : public testing::Test {
 protected:
  ~ThreadsParallelFor() override {
    set_num_threads(before_);
    parallel::set_backend(nullptr);
  }

 private:
  int before_ = num_threads();
};

TEST_F(ThreadsParallelFor, CoversEachItemExactlyOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    set_num_threads(threads);
    for (const int64_t length : {0, 1, 5, 100, 1001}) {
      std::vector<int> visits(static_cast<size_t>(length));
      parallel_for(0, length, 1, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) ++visits[static_cast<size_t>(i)];
      });
      EXPECT_EQ(std::count(visits.begin(), visits.end(), 1), length) << threads << " threads";
    }
  }
}

TEST_F(ThreadsParallelFor, CutsByLengthGrainAndThreadCountAlone) {
  set_num_threads(3);
  EXPECT_EQ(pieces_of(10, 20, 1), (Pieces{{10, 14}, {14, 17}, {17, 20}}));
  EXPECT_EQ(pieces_of(10, 20, 5), (Pieces{{10, 15}, {15, 20}}));
  EXPECT_EQ(pieces_of(10, 20, 6), (Pieces{{10, 20}}));
  EXPECT_EQ(pieces_of(10, 20, 0), pieces_of(10, 20, 1));
}

TEST_F(ThreadsParallelFor, DoesNothingForAnEmptyRange) {
  EXPECT_EQ(pieces_of(5, 5, 1), Pieces{});
  EXPECT_EQ(pieces_of(5, 4, 1), Pieces{});
}

TEST_F(ThreadsParallelFor, RunsNestedLoopsOnTheCallingThreadInTheSamePieces) {
  set_num_threads(4);
  const Pieces alone = pieces_of(0, 100, 1);
  parallel_for(0, 4, 1, [&](int64_t, int64_t) {
    const auto caller = std::this_thread::get_id();
    Pieces nested;
    parallel_for(0, 100, 1, [&](int64_t first, int64_t last) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      nested.emplace(first, last);
    });
    EXPECT_EQ(nested, alone);
  });
}

TEST_F(ThreadsParallelFor, UsesSeveralThreads) {
  set_num_threads(2);
  std::atomic<int> arrived{0};  // each piece waits for the other: on one thread this would never end
  parallel_for(0, 2, 1, [&](int64_t, int64_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST_F(ThreadsParallelFor, RethrowsTheErrorOfTheFirstPieceOnceAllHaveEnded) {
  set_num_threads(4);
  std::atomic<int> ended{0};
  try {
    parallel_for(0, 4, 1, [&](int64_t first, int64_t) {
      ++ended;
      if (first > 0) throw Error(ErrorKind::bad_file, "piece " + std::to_string(first));
    });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "piece 1");
  }
  EXPECT_EQ(ended, 4);
}

TEST_F(ThreadsParallelFor, ServesSeveralCallersAtOnce) {
  set_num_threads(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> total{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        parallel_for(0, 30, 1, [&](int64_t first, int64_t last) { total += last - first; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 200 * 30);
}

TEST_F(ThreadsParallelFor, RunsOnTheBackendThatWasHandedIn) {
  static std::atomic<int64_t> asked_for{0};
  parallel::set_backend([](int64_t pieces, const std::function<void(int64_t)>& piece) {
    asked_for = pieces;
    for (int64_t i = pieces; i-- > 0;) piece(i);
  });
  set_num_threads(5);
  EXPECT_EQ(pieces_of(0, 50, 1).size(), 5u);
  EXPECT_EQ(asked_for, 5);
}

TEST_F(ThreadsParallelFor, RefusesNoThreads) { EXPECT_THROW(set_num_threads(0), Error); }

// Workers do not survive a fork. A child that goes on computing must not wait for them.
TEST(ParallelFor, WorksInAForkedChild) {
  set_num_threads(3);
  for (int round = 0; round < 20; ++round) {
    pieces_of(0, 100, 1);
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < 10; ++i) pieces_of(0, 100, 1);
      _exit(pieces_of(0, 100, 1).size() == 3 ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

}  // namespace
}  // namespace okibi
