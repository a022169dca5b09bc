// The kernels of one training step of a small tabular model: 20 → 64 → 32 → 1, batches of 64 and more.
#include <benchmark/benchmark.h>

#include <okibi/random.h>
#include <cmath>

#include "kernels/embedding.h"
#include "kernels/kernels.h"

namespace {

using namespace okibi;

std::vector<float> normal(int64_t n) {
  Generator generator(1);
  std::vector<float> values(static_cast<size_t>(n));
  generator.normal(values);
  return values;
}

void count_work(benchmark::State& state, int64_t multiplications) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(multiplications), benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"batch", "in", "out"});
  for (const int64_t batch : {64, 1024, 8192}) b->Args({batch, 20, 64})->Args({batch, 64, 32})->Args({batch, 32, 1});
}

void Linear(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const auto x = normal(m * k), weight = normal(n * k), bias = normal(n);
  auto out = normal(m * n);
  for (auto _ : state) kernels::linear(m, n, k, x.data(), weight.data(), bias.data(), out.data());
  count_work(state, m * n * k);
}
BENCHMARK(Linear)->Apply(shapes);

void LinearBackwardInput(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const auto grad = normal(m * n), weight = normal(n * k);
  auto out = normal(m * k);
  for (auto _ : state) kernels::gemm(false, false, m, k, n, grad.data(), n, weight.data(), k, 0.f, out.data(), k);
  count_work(state, m * n * k);
}
BENCHMARK(LinearBackwardInput)->Apply(shapes);

void LinearBackwardWeight(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  const auto grad = normal(m * n), x = normal(m * k);
  auto out = normal(n * k);
  for (auto _ : state) kernels::gemm(true, false, n, k, m, grad.data(), n, x.data(), k, 0.f, out.data(), k);
  count_work(state, m * n * k);
}
BENCHMARK(LinearBackwardWeight)->Apply(shapes);

void Square(benchmark::State& state) {
  const int64_t n = state.range(0);
  const auto a = normal(n * n), b = normal(n * n);
  auto out = normal(n * n);
  for (auto _ : state) kernels::gemm(false, false, n, n, n, a.data(), n, b.data(), n, 0.f, out.data(), n);
  count_work(state, n * n * n);
}
BENCHMARK(Square)->Arg(64)->Arg(128)->Arg(256)->Arg(512);

void Adam(benchmark::State& state) {
  const int64_t n = state.range(0);
  const auto grad = normal(n);
  auto m = normal(n), parameter = normal(n);
  std::vector<float> v(static_cast<size_t>(n), 1.f);
  const kernels::AdamStep step{1e-3, 0.9, 0.999, 1e-8, 0, 0.5, 0.5, false};
  for (auto _ : state) kernels::adam<float>(n, step, grad.data(), m.data(), v.data(), nullptr, parameter.data());
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(Adam)->Arg(3600)->Arg(1 << 20);

void Sgd(benchmark::State& state) {
  const int64_t n = state.range(0);
  const auto grad = normal(n);
  auto buffer = normal(n), parameter = normal(n);
  const kernels::SgdStep step{1e-3, 0.9, 0, 0, false, false, false};
  for (auto _ : state) kernels::sgd(n, step, grad.data(), buffer.data(), parameter.data());
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(Sgd)->Arg(3600);

void Relu(benchmark::State& state) {
  const int64_t n = state.range(0);
  const auto x = normal(n);
  auto out = x;
  for (auto _ : state) kernels::relu(n, x.data(), out.data());
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(Relu)->Arg(64 * 64);

void BceWithLogits(benchmark::State& state) {
  const int64_t n = state.range(0);
  const auto x = normal(n), target = normal(n);
  auto out = x;
  constexpr kernels::PairLoss loss = {kernels::PairLoss::bce_with_logits};
  for (auto _ : state) {
    kernels::pair_loss(n, loss, x.data(), target.data(), {}, out.data());
    kernels::pair_loss_by_input(n, loss, x.data(), target.data(), {}, out.data());
  }
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(BceWithLogits)->Arg(64)->Arg(8192);

void SumRows(benchmark::State& state) {
  const int64_t rows = state.range(0), columns = state.range(1);
  const auto x = normal(rows * columns);
  auto out = normal(columns);
  for (auto _ : state) kernels::sum_rows(rows, columns, x.data(), out.data());
  state.SetItemsProcessed(state.iterations() * rows * columns);
}
BENCHMARK(SumRows)->Args({64, 64})->Args({64, 32})->Args({64, 1})->Args({8192, 64});

std::vector<int64_t> ids_below(int64_t rows, int64_t n) {
  Generator generator(2);
  std::vector<int64_t> ids(static_cast<size_t>(n));
  generator.randint(ids, 0, rows);
  return ids;
}

void GatherRows(benchmark::State& state) {
  const int64_t rows = state.range(0), dim = state.range(1), n = state.range(2), bytes = dim * int64_t{sizeof(float)};
  const auto ids = ids_below(rows, n);
  const auto table = normal(rows * dim);
  auto out = normal(n * dim);
  const auto* const from = reinterpret_cast<const std::byte*>(table.data());
  auto* const to = reinterpret_cast<std::byte*>(out.data());
  for (auto _ : state) kernels::gather_rows<int64_t>(ids, bytes, from, to, bytes);
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(GatherRows)->Args({22, 8, 64})->Args({22, 8, 8192})->Args({1 << 20, 64, 8192});

void EmbeddingBackward(benchmark::State& state) {
  const int64_t rows = state.range(0), dim = state.range(1), n = state.range(2);
  const auto ids = ids_below(rows, n);
  const auto grad = normal(n * dim);
  auto out = normal(rows * dim);
  for (auto _ : state) {
    kernels::embedding_backward<float, int64_t>(ids, rows, dim, -1, {grad.data(), dim}, out.data());
  }
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(EmbeddingBackward)->Args({2, 8, 64})->Args({22, 8, 64})->Args({22, 8, 8192})->Args({1 << 20, 64, 8192});

void Normal(benchmark::State& state) {
  Generator generator;
  std::vector<float> out(static_cast<size_t>(state.range(0)));
  for (auto _ : state) generator.normal(out);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Normal)->Arg(1 << 16);

}  // namespace
