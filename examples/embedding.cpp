// Categories as vectors: gender (2 values) and job (22) become 8 numbers each, stand beside four continuous features,
// and go into a small network that learns to predict an income from them.
//
//   example_embedding
#include <fmt/format.h>
#include <okibi/okibi.h>

namespace nn = okibi::nn;
using okibi::Tensor;

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 1)};
  Net() { register_modules({{"gender", gender}, {"job", job}, {"mlp", mlp}}); }

  // g, j (batch) and x (batch, 4) → (batch, 1)
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) {
    return mlp(okibi::cat({gender(g), job(j), x}, 1));
  }
};

// People who do not exist, and the income that a rule gives each: by job, and by the first continuous feature.
struct People {
  Tensor gender = okibi::randint(0, 2, {1024});
  Tensor job = okibi::randint(0, 22, {1024});
  Tensor features = okibi::randn({1024, 4});
  Tensor income = okibi::index_select(okibi::randn({22, 1}), 0, job) + features.narrow(1, 0, 1) * 0.5;
};

int main() {
  okibi::manual_seed(0);
  const People people;
  Net net;
  fmt::print("{}\n\n", to_string(net));

  const Tensor few = okibi::tensor({3, 12, 7, 5});
  fmt::print("job({}) has the sizes {}\n\n", to_string(few), to_string(net.job(few).sizes()));

  okibi::optim::Adam optimizer(net.parameters(), {.lr = 0.01});
  const nn::MSELoss loss_function;
  for (int step = 0; step <= 200; ++step) {
    optimizer.zero_grad();
    const Tensor loss = loss_function(net.forward(people.gender, people.job, people.features), people.income);
    loss.backward();
    optimizer.step();
    if (step % 50 == 0) fmt::print("step {:3}  loss {:.4f}\n", step, loss.item<double>());
  }

  // A table that was learned elsewhere; freeze (the default) keeps it as it is.
  const auto pretrained = nn::Embedding::from_pretrained(okibi::tensor({{1, 2.3, 3}, {4, 5.1, 6.3}}));
  fmt::print("\na pretrained row: {}\n", to_string(pretrained(okibi::tensor({1}))));
}
