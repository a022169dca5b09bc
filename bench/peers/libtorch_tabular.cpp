// The peer of tabular_bench.cpp in PyTorch's own C++. Prints lines of "batch steps-per-second".
#include <torch/torch.h>

#include <chrono>
#include <cstdio>

namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr int64_t rows = 1'000'000;
constexpr std::chrono::duration<double> measured(0.4);

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 32), nn::ReLU(), nn::Linear(32, 1)};
  Net() {
    register_module("gender", gender);
    register_module("job", job);
    register_module("mlp", mlp);
  }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) {
    return mlp->forward(torch::cat({gender(g), job(j), x}, 1));
  }
};

struct Table {
  Tensor gender = torch::randint(2, {rows}, torch::kLong), job = torch::randint(22, {rows}, torch::kLong);
  Tensor numbers = torch::randn({rows, 4}), target = (torch::rand({rows}) < 0.3).to(torch::kFloat);
};

void step(Net& model, torch::optim::Adam& optimizer, const Table& table, const Tensor& order, int64_t begin,
          int64_t batch) {
  const Tensor picked = order.slice(0, begin, begin + batch);
  const auto take = [&](const Tensor& column) { return column.index_select(0, picked); };
  optimizer.zero_grad();
  const Tensor logits = model.forward(take(table.gender), take(table.job), take(table.numbers)).squeeze(1);
  torch::binary_cross_entropy_with_logits(logits, take(table.target)).backward();
  optimizer.step();
}

double steps_per_second(const Table& table, int64_t batch) {
  Net model;
  torch::optim::Adam optimizer(model.parameters(), torch::optim::AdamOptions(1e-3));
  const Tensor order = torch::randperm(rows, torch::kLong);
  for (int64_t i = 0; i < 20; ++i) step(model, optimizer, table, order, i * batch, batch);
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> passed{};
  int64_t steps = 0;
  for (int64_t begin = 0; passed < measured; begin = begin + 2 * batch <= rows ? begin + batch : 0, ++steps) {
    step(model, optimizer, table, order, begin, batch);
    passed = std::chrono::steady_clock::now() - start;
  }
  return static_cast<double>(steps) / passed.count();
}

}  // namespace

int main() {
  torch::set_num_threads(1);
  torch::manual_seed(0);
  const Table table;
  for (const int64_t batch : {64, 256, 1024, 8192})
    std::printf("%ld %.1f\n", static_cast<long>(batch), steps_per_second(table, batch));
}
