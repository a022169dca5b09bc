// Forward and backward of single layers, for bench/layers.py: prints "name milliseconds" for each, one thread.
#include <fmt/format.h>
#include <okibi/nn.h>
#include <okibi/random.h>

#include <chrono>
#include <functional>

namespace {

using namespace okibi;
namespace nn = okibi::nn;

double milliseconds(const std::function<void()>& work) {
  work();
  int rounds = 0;
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::duration<double, std::milli> spent{};
  do {
    work();
    ++rounds;
    spent = std::chrono::steady_clock::now() - begin;
  } while (spent.count() < 200);
  return spent.count() / rounds;
}

void measure(const char* name, int64_t rows, int64_t columns, const std::function<Tensor(const Tensor&)>& forward) {
  const Tensor x = randn({rows, columns}).requires_grad_(), gradient = randn({rows, columns});
  const double time = milliseconds([&] {
    x.set_grad({});
    const Tensor out = forward(x);
    if (out.dim() == 0)
      out.backward();
    else
      out.backward(gradient);
  });
  fmt::print("{}-{}x{} {:.4f}\n", name, rows, columns, time);
}

void measure_all(int64_t rows, int64_t columns) {
  const Tensor classes = randint(0, columns, {rows});
  const nn::BatchNorm1d batch_norm(columns);
  const nn::LayerNorm layer_norm(columns);
  const nn::RMSNorm rms_norm(columns);
  const nn::GELU gelu;
  measure("BatchNorm1d", rows, columns, batch_norm);
  measure("LayerNorm", rows, columns, layer_norm);
  measure("RMSNorm", rows, columns, rms_norm);
  measure("softmax", rows, columns, [](const Tensor& x) { return softmax(x, 1); });
  measure("log_softmax", rows, columns, [](const Tensor& x) { return log_softmax(x, 1); });
  measure("cross_entropy", rows, columns, [&](const Tensor& x) { return cross_entropy(x, classes); });
  measure("GELU", rows, columns, gelu);
}

}  // namespace

int main() {
  set_num_threads(1);
  measure_all(8192, 64);
  measure_all(1024, 1000);
}
