// Lookups in embedding tables, training steps over them, and the bare loops that say what the machine can do. Beside
// it: peers/embedding.py (PyTorch) and peers/fbgemm.py. bench/embedding.sh runs all.
#include <fmt/format.h>
#include <okibi/base.h>
#include <okibi/nn.h>
#include <okibi/optim.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>

#include "kernels/kernels.h"

namespace {

using namespace okibi;

constexpr int64_t batch = 65'536;

using Work = std::function<void()>;

// Of each work the median, with all of them in turn: what disturbs one disturbs all.
std::vector<double> milliseconds(int runs, const std::vector<Work>& works) {
  std::vector<std::vector<double>> times(works.size());
  for (int run = -3; run < runs; ++run) {
    for (size_t i = 0; i < works.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      works[i]();
      const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
      if (run >= 0) times[i].push_back(spent.count());
    }
  }
  std::vector<double> medians;
  for (auto& each : times) {
    std::ranges::sort(each);
    medians.push_back(each[each.size() / 2]);
  }
  return medians;
}
double milliseconds(int runs, const Work& work) { return milliseconds(runs, std::vector<Work>{work})[0]; }

// Zipf's law with exponent 1.05 over the rows, as the peers draw it.
Tensor zipf(int64_t rows) {
  const double s = 1 - 1.05;
  const Tensor u = rand({batch}, {float64}), ids = empty({batch}, {int64});
  for (int64_t i = 0; i < batch; ++i) {
    const double x = std::pow(u.data<double>()[i] * (std::pow(static_cast<double>(rows), s) - 1) + 1, 1 / s) - 1;
    ids.data<int64_t>()[i] = std::clamp<int64_t>(static_cast<int64_t>(x), 0, rows - 1);
  }
  return ids;
}

// ---- what the machine can do: the same rows, in memory on huge pages, each asked for before it is needed

void fetch(const float* row, int64_t dim) {
  for (int64_t i = 0; i < dim; i += 16) __builtin_prefetch(row + i);
}

void bare_gather(const Tensor& ids, const Tensor& table, const Tensor& out) {
  const int64_t dim = table.size(1), *const id = ids.data<int64_t>();
  const float* const rows = table.data<float>();
  float* const to = out.data<float>();
  parallel_for(0, batch, batch / num_threads(), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      if (i + 16 < last) fetch(rows + id[i + 16] * dim, dim);
      std::copy_n(rows + id[i] * dim, dim, to + i * dim);
    }
  });
}

// Reads and writes each row once, in the table and in as many states as the optimizer has.
void bare_update(const std::vector<int64_t>& rows, const std::vector<Tensor>& arrays) {
  parallel_for(0, static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows.size()) / num_threads(),
               [&](int64_t first, int64_t last) {
                 std::vector<std::pair<float*, int64_t>> all_of_them;
                 for (const Tensor& array : arrays) all_of_them.emplace_back(array.data<float>(), array.size(1));
                 for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i) {
                   for (const auto& [all, dim] : all_of_them) {
                     if (i + 16 < static_cast<size_t>(last)) fetch(all + rows[i + 16] * dim, dim);
                     float* const row = all + rows[i] * dim;
                     for (int64_t j = 0; j < dim; ++j) row[j] = row[j] * 0.999F + 1e-9F;
                   }
                 }
               });
}

// ---- okibi

class Case {
 public:
  Case(int64_t rows, int64_t dim, std::string_view ids)
      : rows_(rows),
        dim_(dim),
        name_(fmt::format("{}x{} {}", rows, dim, ids)),
        ids_(ids == "zipf" ? zipf(rows) : randint(0, rows, {batch})),
        gradient_(randn({batch, dim})) {}

  void run() const {
    forward();
    update("sparse SGD", 0,
           [](auto parameters) { return std::make_unique<optim::SGD>(parameters, optim::SGDOptions{.lr = 0.01}); });
    update("sparse Adagrad", 1, [](auto parameters) { return std::make_unique<optim::Adagrad>(parameters); });
    update("row-wise Adagrad", -1, [](auto parameters) { return std::make_unique<optim::RowwiseAdagrad>(parameters); });
    update("SparseAdam", 2, [](auto parameters) { return std::make_unique<optim::SparseAdam>(parameters); });
    update("sparse AdamW", 2, [](auto parameters) {
      return std::make_unique<optim::AdamW>(parameters,
                                            optim::AdamWOptions{.sparse_rows = optim::SparseRows::exact_decay});
    });
    if (rows_ * dim_ > 10'000'000) return;
    dense("dense SGD",
          [](auto parameters) { return std::make_unique<optim::SGD>(parameters, optim::SGDOptions{.lr = 0.01}); });
    dense("dense Adam", [](auto parameters) { return std::make_unique<optim::Adam>(parameters); });
  }

 private:
  void print(std::string_view what, double time) const { fmt::print("{} | {} | {:.4f}\n", name_, what, time); }

  void forward() const {
    const nn::Embedding table(rows_, dim_);
    const NoGrad no_grad;
    const Tensor out = empty({batch, dim_});
    const auto times = milliseconds(15, {[&] { bare_gather(ids_, table.weight(), out); }, [&] { table(ids_); }});
    print("limit of forward", times[0]);
    print("forward", times[1]);
  }

  void step(const nn::Embedding& table, optim::Optimizer& optimizer) const {
    optimizer.zero_grad();
    table(ids_).backward(gradient_);
    optimizer.step();
  }

  template <class Make>
  void dense(std::string_view what, const Make& make) const {
    const nn::Embedding table(rows_, dim_);
    const auto optimizer = make(table.parameters());
    print(what, milliseconds(15, [&] { step(table, *optimizer); }));
  }

  // And the limit, over the same table: its rows gathered, and each row of it and of as many states read and written
  // once. -1: one number of state a row.
  template <class Make>
  void update(const std::string& what, int states, const Make& make) const {
    const nn::Embedding table(rows_, dim_, {.sparse = true});
    const auto optimizer = make(table.parameters());
    std::vector<int64_t> touched = ids_.to_vector<int64_t>();
    std::ranges::sort(touched);
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    std::vector<Tensor> arrays = {table.weight().detach()};
    if (states < 0) arrays.push_back(zeros({rows_, 1}));
    for (int i = 0; i < states; ++i) arrays.push_back(zeros({rows_, dim_}));
    const Tensor out = empty({batch, dim_});
    const auto limit = [&] {
      bare_gather(ids_, arrays[0], out);
      bare_update(touched, arrays);
    };
    const auto times = milliseconds(15, {limit, [&] { step(table, *optimizer); }});
    print("limit of " + what, times[0]);
    print(what, times[1]);
  }

  int64_t rows_, dim_;
  std::string name_;
  Tensor ids_, gradient_;
};

}  // namespace

// As many rows of tables of different sizes, wherever they lie: what a step costs should not grow with the table.
void growth() {
  constexpr int64_t touched = 16'384, dim = 64;
  const Tensor gradient = randn({batch, dim});
  for (const int64_t rows : {touched, 16 * touched, 256 * touched}) {
    const Tensor ids = index_select(randperm(rows).slice(0, 0, touched), 0, randint(0, touched, {batch}));
    const auto step = [&](std::string_view what, bool sparse, const auto& make) {
      const nn::Embedding table(rows, dim, {.sparse = sparse});
      auto optimizer = make(table.parameters());
      const double time = milliseconds(15, [&] {
        optimizer.zero_grad();
        table(ids).backward(gradient);
        optimizer.step();
      });
      fmt::print("{} | {} | {:.4f}\n", rows, what, time);
    };
    step("sparse SGD", true, [](auto parameters) { return optim::SGD(parameters, {.lr = 0.01}); });
    step("dense SGD", false, [](auto parameters) { return optim::SGD(parameters, {.lr = 0.01}); });
    step("SparseAdam", true, [](auto parameters) { return optim::SparseAdam(parameters); });
  }
}

// Usage: embedding_bench THREADS [growth | ROWSxDIM...]
int main(int count, char** arguments) {
  kernels::use_threads(count > 1 ? std::stoi(arguments[1]) : 1);
  std::vector<std::string> tables(arguments + std::min(count, 2), arguments + count);
  if (tables == std::vector<std::string>{"growth"}) {
    growth();
    return 0;
  }
  if (tables.empty()) tables = {"4000000x64", "4000000x128", "100000x64", "22x8"};
  manual_seed(0);
  for (const std::string& table : tables) {
    const int64_t rows = std::stoll(table), dim = std::stoll(table.substr(table.find('x') + 1));
    for (const char* ids : {"uniform", "zipf"}) Case(rows, dim, ids).run();
  }
}
