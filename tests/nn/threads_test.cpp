#include <gtest/gtest.h>
#include <okibi/nn.h>

#include <thread>

namespace okibi {
namespace {

struct Net : nn::Module {
  nn::Embedding job{22, 8};
  nn::Sequential mlp{nn::Linear(8, 16), nn::ReLU(), nn::Dropout(0.5), nn::Linear(16, 1)};
  Net() { register_modules({{"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& ids) const { return mlp(job(ids)); }
};

TEST(ThreadsModule, OneModelRunsOnTwoThreadsAtOnce) {
  Net net;
  net.eval();
  const Tensor ids = tensor({3, 12, 7, 5});
  const Tensor expected = net.forward(ids).detach();
  std::array<int, 2> same = {};
  const auto run = [&](int& count) {
    const nn::AnyModule own_handle = net;
    for (int i = 0; i < 50; ++i) count += equal(own_handle.call({ids}).to_tensor().detach(), expected);
  };
  std::thread other(run, std::ref(same[0]));
  run(same[1]);
  other.join();
  EXPECT_EQ(same[0], 50);
  EXPECT_EQ(same[1], 50);
}

}  // namespace
}  // namespace okibi
