// Schedulers against 200 steps of PyTorch 2.15's (tests/golden/make_scheduler_golden.py), their states there and back.
#include <okibi/checkpoint.h>

#include "optim/samples.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using namespace okibi::optim;

template <class T, class... Options>
std::shared_ptr<LRScheduler> make(Options&&... options) {
  return std::make_shared<T>(std::forward<Options>(options)...);
}

double lambda_inverse(int64_t epoch) { return 1.0 / static_cast<double>(1 + epoch); }
double lambda_power(int64_t epoch) { return std::pow(0.95, static_cast<double>(epoch)); }
double lambda_factor(int64_t epoch) { return 1 - 1.0 / static_cast<double>(epoch + 10); }

Schedulers restarting(Optimizer& o) {
  return {make<ConstantLR>(o, ConstantLROptions{.factor = 0.5, .total_iters = 4}),
          make<PolynomialLR>(o, PolynomialLROptions{.total_iters = 30}),
          make<MultiStepLR>(o, MultiStepLROptions{.milestones = {0, 9}}),
          make<LinearLR>(o, LinearLROptions{.start_factor = 0.5}),
          make<CosineAnnealingWarmRestarts>(o, CosineAnnealingWarmRestartsOptions{.T_0 = 9}),
          make<LambdaLR>(o, lambda_inverse),
          make<ConstantLR>(o, ConstantLROptions{.factor = 0.5})};
}
Schedulers warming_up(Optimizer& o) {
  return {make<LinearLR>(o, LinearLROptions{.start_factor = 0.1, .total_iters = 10}),
          make<CosineAnnealingLR>(o, CosineAnnealingLROptions{.T_max = 50}),
          make<StepLR>(o, StepLROptions{.step_size = 20, .gamma = 0.5}),
          make<ExponentialLR>(o, ExponentialLROptions{.gamma = 0.99})};
}
OneCycleLROptions two_rates() {
  return {.max_lr = std::vector{0.3, 0.05}, .total_steps = 200};
}

// Those of the script, by the names there.
const std::map<std::string, std::shared_ptr<LRScheduler> (*)(Optimizer&)> makers = {
    {"StepLR", [](Optimizer& o) { return make<StepLR>(o, StepLROptions{.step_size = 30, .gamma = 0.5}); }},
    {"MultiStepLR",
     [](Optimizer& o) {
       return make<MultiStepLR>(o, MultiStepLROptions{.milestones = {5, 40, 40, 150}, .gamma = 0.3});
     }},
    {"ConstantLR",
     [](Optimizer& o) { return make<ConstantLR>(o, ConstantLROptions{.factor = 0.25, .total_iters = 17}); }},
    {"LinearLR",
     [](Optimizer& o) {
       return make<LinearLR>(o, LinearLROptions{.start_factor = 0.1, .end_factor = 0.7, .total_iters = 33});
     }},
    {"ExponentialLR", [](Optimizer& o) { return make<ExponentialLR>(o, ExponentialLROptions{.gamma = 0.98}); }},
    {"PolynomialLR",
     [](Optimizer& o) { return make<PolynomialLR>(o, PolynomialLROptions{.total_iters = 120, .power = 1.7}); }},
    {"CosineAnnealingLR",
     [](Optimizer& o) {
       return make<CosineAnnealingLR>(o, CosineAnnealingLROptions{.T_max = 60, .eta_min = 0.001});
     }},
    {"CosineAnnealingWarmRestarts",
     [](Optimizer& o) {
       return make<CosineAnnealingWarmRestarts>(
           o, CosineAnnealingWarmRestartsOptions{.T_0 = 13, .T_mult = 2, .eta_min = 0.001});
     }},
    {"OneCycleLR", [](Optimizer& o) { return make<OneCycleLR>(o, two_rates()); }},
    {"OneCycleLR of Adam", [](Optimizer& o) { return make<OneCycleLR>(o, two_rates()); }},
    {"OneCycleLR three phases",
     [](Optimizer& o) {
       return make<OneCycleLR>(o, OneCycleLROptions{.max_lr = 0.3,
                                                    .epochs = 20,
                                                    .steps_per_epoch = 11,
                                                    .pct_start = 0.4,
                                                    .anneal_strategy = "linear",
                                                    .div_factor = 10,
                                                    .three_phase = true});
     }},
    {"LambdaLR",
     [](Optimizer& o) { return make<LambdaLR>(o, std::vector<EpochFunction>{lambda_inverse, lambda_power}); }},
    {"MultiplicativeLR", [](Optimizer& o) { return make<MultiplicativeLR>(o, lambda_factor); }},
    {"SequentialLR",
     [](Optimizer& o) { return make<SequentialLR>(o, warming_up(o), std::vector<int64_t>{10, 60, 130}); }},
    {"SequentialLR restarts",
     [](Optimizer& o) {
       return make<SequentialLR>(o, restarting(o), std::vector<int64_t>{8, 50, 70, 90, 110, 150});
     }},
    {"ChainedScheduler",
     [](Optimizer& o) {
       return make<ChainedScheduler>(Schedulers{make<ConstantLR>(o, ConstantLROptions{.factor = 0.1, .total_iters = 20}),
                                                make<ExponentialLR>(o, ExponentialLROptions{.gamma = 0.99})});
     }},
};
const std::map<std::string, ReduceLROnPlateauOptions> plateaus = {
    {"ReduceLROnPlateau",
     {.factor = 0.5, .patience = 4, .cooldown = 3, .min_lr = std::vector{0.01, 0.001}}},
    {"ReduceLROnPlateau max", {.mode = "max", .patience = 2, .threshold = 0.05, .threshold_mode = "abs"}}};

double metric(int64_t step) {
  return 1.0 / static_cast<double>(1 + step / 9) + static_cast<double>(step * 7 % 5) / 50;
}

// An optimizer and its scheduler.
struct Pair {
  explicit Pair(const std::string& name) {
    const samples::Groups groups = {{.params = {zeros({2}).requires_grad_()}},
                                    {.params = {zeros({3}).requires_grad_()}, .options = {{"lr", 0.02}}}};
    if (name == "OneCycleLR of Adam")
      optimizer = std::make_unique<Adam>(groups, AdamOptions{.lr = 0.1});
    else
      optimizer = std::make_unique<SGD>(groups, SGDOptions{.lr = 0.1, .momentum = 0.9});
    if (plateaus.contains(name))
      plateau = std::make_shared<ReduceLROnPlateau>(*optimizer, plateaus.at(name));
    else
      scheduler = makers.at(name)(*optimizer);
  }
  void step(int64_t number) const {
    if (plateau)
      plateau->step(metric(number));
    else
      scheduler->step();
  }
  Scheduler& any() const { return plateau ? static_cast<Scheduler&>(*plateau) : *scheduler; }
  std::vector<double> rates() const {
    std::vector<double> all;
    for (const ParamGroup& group : optimizer->param_groups()) {
      all.push_back(group.lr());
      all.push_back(group.has("betas") ? group["betas"].at(0).to_double() : group["momentum"].to_double());
    }
    return all;
  }

  std::unique_ptr<Optimizer> optimizer;
  std::shared_ptr<LRScheduler> scheduler;
  std::shared_ptr<ReduceLROnPlateau> plateau;
};

// The same kinds, names, order; numbers up to rounding.
void expect_close(const Value& own, const Value& golden) {
  ASSERT_EQ(own.kind(), golden.kind()) << repr(own) << " " << repr(golden);
  if (own.is_double()) {
    if (std::isinf(golden.to_double()))
      EXPECT_EQ(own.to_double(), golden.to_double());
    else
      EXPECT_NEAR(own.to_double(), golden.to_double(), 1e-12 * std::abs(golden.to_double()) + 1e-17);
  } else if (own.is_list()) {
    ASSERT_EQ(own.size(), golden.size());
    for (size_t i = 0; i < own.size(); ++i) expect_close(own[i], golden[i]);
  } else if (own.is_dict()) {
    ASSERT_EQ(own.size(), golden.size()) << repr(own) << " " << repr(golden);
    for (size_t i = 0; i < own.size(); ++i) {
      const auto& [name, value] = own.to_dict().items()[i];
      const auto& [golden_name, golden_value] = golden.to_dict().items()[i];
      SCOPED_TRACE(repr(name));
      EXPECT_EQ(name, golden_name);
      expect_close(value, golden_value);
    }
  } else {
    EXPECT_EQ(own, golden);
  }
}

const Dict& goldens() {
  static const Dict all = load(OKIBI_GOLDEN "/optim_schedulers.pth")["schedulers"].to_dict();
  return all;
}
bool kept(int64_t step) { return step <= 12 || step % 10 == 0; }

TEST(Schedulers, TwoHundredStepsGoAsPyTorchsGo) {
  ASSERT_EQ(goldens().size(), makers.size() + plateaus.size());
  for (const auto& [name, golden] : goldens()) {
    SCOPED_TRACE(name.to_string());
    const Pair pair(name.to_string());
    size_t next = 0, state = 0;
    for (int64_t step = 0; step <= 200; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      if (kept(step)) samples::expect_near(pair.rates(), golden["rates"][next++].to_list(), 1e-13);
      if (step == 0 || step == 57 || step == 200) expect_close(pair.any().state_dict(), golden["states"][state++]);
      if (step < 200) pair.step(step);
    }
    EXPECT_EQ(pair.any().get_last_lr()[0], pair.optimizer->lr());
  }
}

// As training is resumed: all is made anew, and loaded, the optimizer last.
TEST(Schedulers, GoOnFromPyTorchsState) {
  for (const auto& [name, golden] : goldens()) {
    SCOPED_TRACE(name.to_string());
    const Pair straight(name.to_string()), resumed(name.to_string());
    for (int64_t step = 0; step < 57; ++step) straight.step(step);
    resumed.any().load_state_dict(golden["states"][1]);
    resumed.optimizer->load_state_dict(straight.optimizer->state_dict());
    for (int64_t step = 57; step < 200; ++step) resumed.step(step);
    samples::expect_near(resumed.rates(), golden["rates"].to_list().items().back().to_list(), 1e-13);
    expect_close(resumed.any().state_dict(), golden["states"][2]);
  }
}

TEST(Schedulers, PutInitialRatesIntoGroupsThatAreSaved) {
  const Pair pair("StepLR");
  EXPECT_EQ(pair.optimizer->param_groups()[1]["initial_lr"].to_double(), 0.02);
  EXPECT_EQ(pair.optimizer->state_dict()["param_groups"].at(0)["initial_lr"].to_double(), 0.1);
  SGD other({zeros({1}).requires_grad_()});
  expect_error(ErrorKind::bad_argument, "param 'initial_lr' is not specified in param_groups[0]",
               [&] { StepLR(other, {.step_size = 1, .last_epoch = 3}); });
}

TEST(Schedulers, WarmRestartsTakeFractionsOfEpochs) {
  SGD optimizer({zeros({1}).requires_grad_()}, {.lr = 1});
  CosineAnnealingWarmRestarts scheduler(optimizer, {.T_0 = 2, .T_mult = 3});
  scheduler.step(0.5);
  EXPECT_NEAR(optimizer.lr(), (1 + std::sqrt(0.5)) / 2, 1e-15);
  scheduler.step(5.0);  // the second period, of 6 epochs, began at 2
  EXPECT_NEAR(optimizer.lr(), 0.5, 1e-15);
  EXPECT_EQ(scheduler.last_epoch(), 5);
  expect_error(ErrorKind::bad_argument, "Expected non-negative epoch, but got -1.0", [&] { scheduler.step(-1.0); });
}

TEST(Schedulers, LeadSparseAdamToARateOf0) {
  SparseAdam optimizer({zeros({1}).requires_grad_()});
  LambdaLR scheduler(optimizer, [](int64_t epoch) { return epoch == 0 ? 1.0 : 0.0; });
  scheduler.step();
  EXPECT_EQ(optimizer.lr(), 0);
  optimizer.load_state_dict(optimizer.state_dict());
}

TEST(Schedulers, RefuseWhatPyTorchRefuses) {
  SGD optimizer({zeros({1}).requires_grad_()}), other({zeros({1}).requires_grad_()});
  RMSprop plain({zeros({1}).requires_grad_()});
  Adagrad without({zeros({1}).requires_grad_()});
  const auto refused = [](const char* message, const std::function<void()>& work) {
    expect_error(ErrorKind::bad_argument, message, work);
  };
  refused("Constant multiplicative factor expected to be between 0 and 1.",
          [&] { ConstantLR(optimizer, {.factor = 2}); });
  refused("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.",
          [&] { LinearLR(optimizer, {.start_factor = 0}); });
  refused("Ending multiplicative factor expected to be between 0 and 1.",
          [&] { LinearLR(optimizer, {.end_factor = 2}); });
  refused("Expected positive integer T_0, but got 0", [&] { CosineAnnealingWarmRestarts(optimizer, {.T_0 = 0}); });
  refused("Expected integer T_mult >= 1, but got 0",
          [&] { CosineAnnealingWarmRestarts(optimizer, {.T_0 = 1, .T_mult = 0}); });
  refused("Expected positive integer step_size, but got 0", [&] { StepLR(optimizer, {.step_size = 0}); });
  refused("You must define either total_steps OR (epochs AND steps_per_epoch)",
          [&] { OneCycleLR(optimizer, {.max_lr = 1}); });
  refused("Expected float between 0 and 1 pct_start, but got 2.0",
          [&] { OneCycleLR(optimizer, {.max_lr = 1, .total_steps = 9, .pct_start = 2}); });
  refused("anneal_strategy must be one of 'cos' or 'linear', instead got sin",
          [&] { OneCycleLR(optimizer, {.max_lr = 1, .total_steps = 9, .anneal_strategy = "sin"}); });
  refused("optimizer must support momentum or beta1", [&] { OneCycleLR(without, {.max_lr = 1, .total_steps = 9}); });
  refused("expected 1 values for max_lr, got 2",
          [&] { OneCycleLR(optimizer, {.max_lr = std::vector{1.0, 2.0}, .total_steps = 9}); });
  refused("Expected 1 lr_lambdas, but got 2",
          [&] { LambdaLR(optimizer, std::vector<EpochFunction>{lambda_power, lambda_power}); });
  refused("Factor should be < 1.0.", [&] { ReduceLROnPlateau(optimizer, {.factor = 1}); });
  refused("mode least is unknown!", [&] { ReduceLROnPlateau(optimizer, {.mode = "least"}); });
  refused("SequentialLR expects at least one scheduler", [&] { SequentialLR(optimizer, {}, {}); });
  refused("number of schedulers 1 and the number of milestones to be equal to 1",
          [&] { SequentialLR(optimizer, {make<StepLR>(optimizer, StepLROptions{.step_size = 1})}, {3}); });
  refused("belong to the same optimizer, but the one at index 0 has another",
          [&] { SequentialLR(other, {make<StepLR>(optimizer, StepLROptions{.step_size = 1})}, {}); });

  OneCycleLR short_one(plain, {.max_lr = 1, .total_steps = 5});
  for (int i = 0; i < 5; ++i) short_one.step();
  refused("Tried to step 6 times. The specified number of total steps is 5", [&] { short_one.step(); });
  StepLR late(optimizer, {.step_size = 1});
  optimizer.add_param_group({.params = {zeros({1}).requires_grad_()}});
  refused("got groups since its scheduler was made: expected 1 groups, found 2", [&] { late.step(); });
}

TEST(Schedulers, RefuseStatesOfOthersAndStayAsTheyWere) {
  const Pair pair("StepLR");
  const Dict before = pair.any().state_dict();
  const auto refused = [&](const char* message, const char* name, const Value& value) {
    const Dict changed = pair.any().state_dict();
    changed.set(name, value);
    expect_error(ErrorKind::mismatch, message, [&] { pair.any().load_state_dict(changed); });
    EXPECT_EQ(repr(pair.any().state_dict()), repr(before));
  };
  refused("entry 'gamma': the saved state belongs to another scheduler: expected float, found 'x'", "gamma", "x");
  refused("entry 'base_lrs': the saved state belongs to an optimizer with other groups", "base_lrs", List{0.5});
  const Dict hostile = pair.any().state_dict();
  hostile.set("step_size", 0);
  pair.any().load_state_dict(hostile);
  expect_error(ErrorKind::bad_argument, "Expected positive integer step_size", [&] { pair.scheduler->step(); });
  hostile.set("last_epoch", INT64_MAX);
  pair.any().load_state_dict(hostile);
  expect_error(ErrorKind::mismatch, "'last_epoch' is no count of steps", [&] { pair.scheduler->step(); });

  const Pair sequence("SequentialLR");
  const Dict states = sequence.any().state_dict();
  const std::string before_all = repr(states);
  states["_schedulers"].at(0).to_dict().set("last_epoch", 5);
  states["_schedulers"].at(3).to_dict().set("gamma", "x");  // found before the first is loaded
  expect_error(ErrorKind::mismatch, "belongs to another scheduler", [&] { sequence.any().load_state_dict(states); });
  EXPECT_EQ(repr(sequence.any().state_dict()), before_all);
  states.set("_schedulers", List());
  expect_error(ErrorKind::mismatch, "another number of schedulers: expected 4, found 0",
               [&] { sequence.any().load_state_dict(states); });
}

}  // namespace
}  // namespace okibi
