#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <cstring>
#include <thread>

#include "tensor/body.h"
#include "tensor/expect_error.h"
#include "tensor/pool.h"

namespace okibi {
namespace {

TEST(Storage, IsAlignedToCacheLinesWhateverItsSize) {
  for (const size_t nbytes : {0, 1, 63, 64, 65, 256, 257, 1000, 4097, 1 << 20, (2 << 20) + 1, (33 << 20) + 5}) {
    const auto storage = Storage::allocate(nbytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(storage->data()) % 64, 0u) << nbytes;
    EXPECT_EQ(storage->nbytes(), nbytes);
    std::memset(storage->data(), 7, nbytes);  // all of it is there, as the address sanitizer would notice
  }
}

TEST(Storage, HandsOutAFreedBlockAgain) {
  for (const size_t nbytes : {100, 70000, 3 << 20}) {
    const std::byte* first = Storage::allocate(nbytes)->data();
    EXPECT_EQ(Storage::allocate(nbytes)->data(), first) << nbytes;
  }
}

TEST(Storage, AsksTheSystemForNothingInTheSteadyState) {
  const auto step = [] {
    const Tensor a = full({64, 20}, 0.5), b = a.t().clone();
    const Tensor c = b.to(float64).slice(0, 1, 5);
    return a.size(0) + c.size(0);
  };
  step();
  const size_t before = pool::system_allocations();
  for (int i = 0; i < 100; ++i) step();
  EXPECT_EQ(pool::system_allocations(), before);
}

TEST(Storage, KeepsABoundedAmount) {
  std::vector<std::shared_ptr<Storage>> many;
  for (int i = 0; i < 24; ++i) many.push_back(Storage::allocate(size_t{20} << 20));
  many.clear();
  EXPECT_LE(pool::kept_bytes(), size_t{256} << 20);
  EXPECT_GT(pool::kept_bytes(), size_t{20} << 20);
}

TEST(Storage, SaysHowManyBytesThereWereNot) {
  expect_error(ErrorKind::limit, "there is not enough memory for a block of 1152921504606846976 bytes",
               [] { Storage::allocate(size_t{1} << 60); });
  expect_error(ErrorKind::limit, "bytes", [] { empty({int64_t{1} << 58}); });
}

TEST(Storage, LetsItsLenderGoWithTheLastTensor) {
  auto lent = std::make_shared<std::vector<float>>(4, 2.5f);
  const std::weak_ptr<std::vector<float>> watch = lent;
  auto* bytes = reinterpret_cast<std::byte*>(lent->data());
  Tensor tensor = Tensor::over(Storage::borrow(std::move(lent), bytes, 16), float32, {4}, {1});
  const Tensor view = tensor.select(0, 3);
  tensor = Tensor();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(view.item<float>(), 2.5f);
}

TEST(Storage, KeepsItsDeviceTag) {
  const auto storage = Storage::allocate(8, Device("cuda:1"));
  EXPECT_EQ(storage->device().text(), "cuda:1");
  EXPECT_EQ(storage->device().type(), "cuda");
}

TEST(ThreadsStorage, MayBeFreedByAnotherThread) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Tensor> tensors;
    for (int i = 0; i < 50; ++i) tensors.push_back(full({100 + i}, i));
    std::thread([moved = std::move(tensors)]() mutable { moved.clear(); }).join();
  }
}

TEST(ThreadsStorage, OutlivesTheThreadThatMadeIt) {
  Tensor made;
  std::thread([&] { made = full({1000}, 3); }).join();
  EXPECT_EQ(made[999].item<int>(), 3);
}

// Destroyed after the thread's own pool: its blocks must go back to the system.
thread_local Tensor dies_late;

TEST(ThreadsStorage, MayDieAfterItsThreadsPool) {
  std::thread([] {
    dies_late = Tensor();  // constructed before the pool, so destroyed after it
    dies_late = full({1000}, 3);
    full({10}, 1);
  }).join();
}

Tensor dies_at_exit = full({1000}, 3);

TEST(Storage, MayDieAtProgramExit) { dies_at_exit = full({2000}, 1); }

}  // namespace
}  // namespace okibi
