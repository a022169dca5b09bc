// Training steps a second of a small tabular model, one thread, through the public API alone. Beside it, in the same
// words: peers/tabular.py (PyTorch) and peers/libtorch_tabular.cpp. bench/tabular.sh runs all three.
#include <fmt/format.h>
#include <okibi/nn.h>
#include <okibi/optim.h>

#include <chrono>

namespace {

using namespace okibi;

constexpr int64_t rows = 1'000'000;
constexpr std::chrono::duration<double> measured(0.4);

// gender and job as embeddings, four numbers beside them.
struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 32), nn::ReLU(), nn::Linear(32, 1)};
  Net() { register_modules({{"gender", gender}, {"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) { return mlp(cat({gender(g), job(j), x}, 1)); }
};

struct Table {
  Tensor gender = randint(0, 2, {rows}), job = randint(0, 22, {rows}), numbers = randn({rows, 4});
  Tensor target = lt(rand({rows}), full({}, 0.3)).to(float32);
};

// One batch: the rows that `order` names from `begin` on.
void step(Net& model, optim::Adam& optimizer, const Table& table, const Tensor& order, int64_t begin, int64_t batch) {
  const Tensor picked = order.slice(0, begin, begin + batch);
  const auto take = [&](const Tensor& column) { return index_select(column, 0, picked); };
  optimizer.zero_grad();
  const Tensor logits = model.forward(take(table.gender), take(table.job), take(table.numbers)).squeeze(1);
  binary_cross_entropy_with_logits(logits, take(table.target)).backward();
  optimizer.step();
}

double steps_per_second(const Table& table, int64_t batch) {
  Net model;
  optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
  const Tensor order = randperm(rows);
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

// Usage: tabular_bench [BATCH]...
int main(int count, char** arguments) {
  std::vector<int64_t> batches;
  for (int i = 1; i < count; ++i) batches.push_back(std::stoll(arguments[i]));
  if (batches.empty()) batches = {64, 256, 1024, 8192};
  manual_seed(0);
  const Table table;
  for (const int64_t batch : batches) fmt::print("{} {:.1f}\n", batch, steps_per_second(table, batch));
}
