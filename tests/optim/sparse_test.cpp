// Steps by sparse gradients, where PyTorch has none: lazy, and with weight decay caught up exactly.
#include <okibi/ops.h>

#include "optim/samples.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using samples::optimizers;

// The table after 200 steps with gradients that are sparse, or the same ones made dense; the learning rate falls.
Tensor trained(const char* name, const Dict& options, DType dtype, bool sparse, bool look_ahead = false) {
  const Tensor table = samples::start({6, 2}, dtype);
  const auto optimizer = optimizers().at(name)({{.params = {table}, .options = options}});
  for (int64_t step = 1; step <= 200; ++step) {
    const Tensor gradient = samples::sparse_gradient(step, dtype);
    if (look_ahead) optimizer->catch_up_rows(table, tensor(samples::touched(step)));
    table.set_grad(sparse ? gradient : to_dense(gradient));
    optimizer->set_lr(0.05 / (1 + 0.1 * static_cast<double>(step)));
    optimizer->step();
  }
  optimizer->catch_up_rows();
  return table.detach();
}

TEST(SparseRows, SgdWithExactDecayIsTheDenseStep) {
  const Dict dense = {{"weight_decay", 0.5}}, sparse = {{"weight_decay", 0.5}, {"sparse_rows", "exact_decay"}};
  const Tensor expected = trained("SGD", dense, float64, false);
  EXPECT_LT(max_abs_difference(trained("SGD", sparse, float64, true), expected), 1e-13);
  EXPECT_LT(max_abs_difference(trained("SGD", sparse, float64, true, true), expected), 1e-13);
  EXPECT_LT(max_abs_difference(trained("SGD", sparse, float32, true).to(float64), expected), 1e-6);
  const Dict lazy = {{"weight_decay", 0.5}, {"sparse_rows", "lazy"}};
  EXPECT_GT(max_abs_difference(trained("SGD", lazy, float64, true), expected), 1e-3);
}

// Without moments from before, a dense step changes rows without gradient by their decay alone.
TEST(SparseRows, AdamWWithExactDecayIsTheDenseStepWhereMomentsDoNotLast) {
  const auto options = [](const char* rows) {
    return Dict{{"betas", Tuple{0.0, 0.0}}, {"weight_decay", 0.5}, {"sparse_rows", rows}};
  };
  const Tensor expected = trained("AdamW", options("as_pytorch"), float64, false);
  EXPECT_LT(max_abs_difference(trained("AdamW", options("exact_decay"), float64, true), expected), 1e-13);
  EXPECT_LT(max_abs_difference(trained("AdamW", options("exact_decay"), float32, true).to(float64), expected), 1e-6);
  EXPECT_GT(max_abs_difference(trained("AdamW", options("lazy"), float64, true), expected), 1e-3);
}

TEST(SparseRows, AdagradIsTheDenseStep) {
  const Tensor expected = trained("Adagrad", Dict(), float64, false);
  EXPECT_LT(max_abs_difference(trained("Adagrad", Dict(), float64, true), expected), 1e-13);
}

TEST(SparseRows, RowwiseAdagradIsTheDenseStep) {
  const Tensor expected = trained("RowwiseAdagrad", Dict(), float64, false);
  EXPECT_LT(max_abs_difference(trained("RowwiseAdagrad", Dict(), float64, true), expected), 1e-13);
}

// Entries of a few rows are added up before they are stepped; those of many are sorted. To the last bit the same.
TEST(SparseRows, AreSteppedAlikeInSmallTablesAndInLargeOnes) {
  const std::pair<const char*, Dict> cases[] = {{"SparseAdam", Dict()},
                                                {"Adagrad", Dict()},
                                                {"RowwiseAdagrad", Dict()},
                                                {"AdamW", {{"sparse_rows", "exact_decay"}}},
                                                {"SGD", {{"momentum", 0.9}, {"sparse_rows", "lazy"}}}};
  std::vector<int64_t> touched;
  for (int64_t i = 0; i < 1000; ++i) touched.push_back(2 + i * i % 7 * i % 11);
  const auto stepped = [&](const char* name, const Dict& options, int64_t rows, int64_t width, DType dtype) {
    const Tensor first = samples::start({14, width}, dtype).detach();
    const Tensor table = cat(std::vector{first, zeros({rows - 14, width}, {dtype})}, 0).requires_grad_();
    const auto optimizer = optimizers().at(name)({{.params = {table}, .options = options}});
    for (int64_t step = 0; step < 3; ++step) {
      const Tensor numbers = samples::gradient({1000, width}, step, dtype);
      table.set_grad(sparse_coo_tensor(tensor(touched).reshape({1, 1000}), numbers / 3, {rows, width}));
      optimizer->step();
    }
    return table.detach().narrow(0, 0, 14).clone();
  };
  for (const auto& [name, options] : cases) {
    for (const int64_t width : {1, 3, 4, 8, 20}) {
      for (const DType dtype : {float32, float64}) {
        EXPECT_TRUE(equal(stepped(name, options, 14, width, dtype), stepped(name, options, 5000, width, dtype)))
            << name << ' ' << width << ' ' << name_of(dtype);
      }
    }
  }
}

// A lazy step changes the rows touched as the dense step does, and leaves the others, their state too, alone.
TEST(SparseRows, LazyStepsChangeTheRowsTouchedAlone) {
  const std::pair<const char*, Dict> cases[] = {
      {"SGD", {{"momentum", 0.9}, {"nesterov", true}, {"weight_decay", 0.1}, {"sparse_rows", "lazy"}}},
      {"Adam", {{"amsgrad", true}, {"weight_decay", 0.1}, {"sparse_rows", "lazy"}}},
      {"AdamW", {{"sparse_rows", "lazy"}}}};
  for (const auto& [name, options] : cases) {
    SCOPED_TRACE(name);
    const Tensor all = samples::start({6, 2}, float32), some = samples::start({6, 2}, float32);
    const auto dense = optimizers().at(name)({{{all}, options}}), lazy = optimizers().at(name)({{{some}, options}});
    for (int step = 0; step < 5; ++step) {
      const Tensor gradient = sparse_coo_tensor(tensor({{4, 1, 4}}), ones({3, 2}), {6, 2});
      all.set_grad(to_dense(gradient));
      some.set_grad(gradient);
      dense->step();
      lazy->step();
    }
    for (const int64_t row : {1, 4}) EXPECT_TRUE(equal(some.detach()[row], all.detach()[row]));
    const Tensor start = samples::start({6, 2}, float32);
    for (const int64_t row : {0, 2, 3, 5}) EXPECT_TRUE(equal(some.detach()[row], start.detach()[row]));
  }
}

TEST(SparseRows, GoOnExactlyFromALoadedState) {
  const Dict options = {{"sparse_rows", "exact_decay"}, {"weight_decay", 0.5}};
  const auto step = [](optim::Optimizer& optimizer, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      optimizer.parameters()[0].set_grad(samples::sparse_gradient(i, float32));
      optimizer.step();
    }
  };
  const Tensor straight = samples::start({6, 2}, float32);
  const auto whole = optimizers().at("AdamW")({{{straight}, options}});
  step(*whole, 0, 20);
  const auto first = optimizers().at("AdamW")({{{samples::start({6, 2}, float32)}, options}});
  step(*first, 0, 9);
  const Tensor resumed = first->parameters()[0].detach().clone().requires_grad_();
  const auto second = optimizers().at("AdamW")({{{resumed}, options}});
  second->load_state_dict(deep_copy(first->state_dict()));
  step(*second, 9, 20);
  whole->catch_up_rows();
  second->catch_up_rows();
  EXPECT_TRUE(equal(resumed.detach(), straight.detach()));
}

TEST(SparseRows, AStateThatDoesNotSayKeepsHowRowsAreStepped) {
  optim::AdamW lazy({samples::start({6, 2}, float32)}, {.sparse_rows = optim::SparseRows::lazy});
  lazy.load_state_dict(optim::AdamW({samples::start({6, 2}, float32)}).state_dict());
  EXPECT_EQ(lazy.param_groups()[0]["sparse_rows"].to_string(), "lazy");
}

TEST(SparseRows, AreRefusedInPyTorchsWords) {
  const auto step = [](const char* name, const Dict& options, bool sparse) {
    const Tensor table = samples::start({6, 2}, float32);
    table.set_grad(sparse ? samples::sparse_gradient(1, float32) : ones({6, 2}));
    optimizers().at(name)({{{table}, options}})->step();
  };
  expect_error(ErrorKind::bad_argument, "weight_decay option is not compatible with sparse gradients",
               [&] { step("Adagrad", {{"weight_decay", 0.1}}, true); });
  expect_error(ErrorKind::bad_argument, "RMSprop does not support sparse gradients",
               [&] { step("RMSprop", Dict(), true); });
  expect_error(ErrorKind::bad_argument,
               "SparseAdam does not support dense gradients, please consider Adam instead",
               [&] { step("SparseAdam", Dict(), false); });
  expect_error(ErrorKind::bad_argument, "Invalid learning rate: 0.0",
               [] { optim::SparseAdam({samples::start({6, 2}, float32)}, {.lr = 0}); });
  expect_error(ErrorKind::bad_argument, "only when it is decoupled",
               [&] { step("Adam", {{"sparse_rows", "exact_decay"}}, true); });
  expect_error(ErrorKind::bad_argument, "only without momentum",
               [&] { step("SGD", {{"sparse_rows", "exact_decay"}, {"momentum", 0.9}}, true); });
  expect_error(ErrorKind::bad_argument, "expected 'as_pytorch', 'lazy' or 'exact_decay', found 'late'",
               [&] { step("Adam", {{"sparse_rows", "late"}}, true); });
  expect_error(ErrorKind::bad_argument, "while lr · weight_decay is below 1", [&] {
    step("AdamW", {{"sparse_rows", "exact_decay"}, {"lr", 2.0}, {"weight_decay", 0.5}}, true);
  });
}

TEST(SparseRows, MustLieWithinTheParameter) {
  const Tensor table = samples::start({6, 2}, float32);
  table.set_grad(sparse_coo_tensor(tensor({{1, 6}}), ones({2, 2}), {6, 2}));
  optim::SGD optimizer({table});
  expect_error(ErrorKind::bad_argument, "entry 1: a row lies outside its parameter: expected a row below 6, found 6",
               [&] { optimizer.step(); });
  expect_error(ErrorKind::bad_argument, "a row lies outside", [&] { optimizer.catch_up_rows(table, tensor({-1})); });
  expect_error(ErrorKind::bad_argument, "no parameter of this optimizer",
               [&] { optimizer.catch_up_rows(ones({2, 2}), tensor({0})); });
}

}  // namespace
}  // namespace okibi
