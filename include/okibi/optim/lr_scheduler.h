// okibi/optim/lr_scheduler.h: what torch.optim.lr_scheduler has: learning rates that follow the epochs, or the steps.
//
//   optim::SGD optimizer(model.parameters(), {.lr = 0.1});
//   optim::StepLR scheduler(optimizer, {.step_size = 30});
//   for (…) { train(); scheduler.step(); }
//
// A scheduler sets "lr" of each of the optimizer's groups when it is made, and by each step(); it puts "initial_lr"
// into them, from which it starts. Formulas, their order of operations and state_dicts are PyTorch's. To resume, make
// the scheduler anew, load its state, and load the optimizer's state after it, since making the scheduler sets the
// rates. The optimizer must outlive the scheduler. Not for two threads at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/optim/optimizer.h>

namespace okibi::optim {

// A number for all groups, or one for each of them.
class PerGroup {
 public:
  PerGroup(double number) : numbers_{number} {}
  PerGroup(std::vector<double> numbers) : numbers_(std::move(numbers)), each_(true) {}
  bool each() const noexcept { return each_; }
  const std::vector<double>& numbers() const noexcept { return numbers_; }

 private:
  std::vector<double> numbers_;
  bool each_ = false;
};

// What all have in common. What Python keeps as attributes of a scheduler is kept as a dict here, which is its state.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  Optimizer& optimizer() const noexcept { return *optimizer_; }
  std::vector<double> get_last_lr() const;  // as the last step() left it, one for each group

  virtual Dict state_dict() const;
  // Takes over all entries, those that okibi has no use for too. Error(mismatch) for values of another kind than they
  // must be, and nothing was changed then.
  void load_state_dict(const Value& state);

 protected:
  Scheduler(Optimizer& optimizer, Dict attributes);
  double number(std::string_view name) const;
  int64_t integer(std::string_view name) const;  // Error(mismatch) beyond 2^53, so that one may count on from it
  void remember_last_lr();
  virtual void check_state(const Dict& state) const;
  virtual void take_state(const Dict& state);  // that was checked

  Optimizer* optimizer_;
  Dict attributes_;
};

// Those whose step() needs to know nothing.
class LRScheduler : public Scheduler {
 public:
  virtual void step();
  int64_t last_epoch() const { return integer("last_epoch"); }

 protected:
  // The next learning rate of a group, number `index` of them.
  using Rate = std::function<double(const ParamGroup& group, size_t index)>;
  LRScheduler(Optimizer& optimizer, Dict attributes) : Scheduler(optimizer, std::move(attributes)) {}
  // For a constructor's body: registers "initial_lr", and makes the first step. `closed_form` is the rate by last_epoch
  // alone, where PyTorch has one that begins a schedule in the middle of a SequentialLR.
  void begin(int64_t last_epoch, Rate next, Rate closed_form = {});
  virtual void initial_step();
  virtual void undo_step();
  void set_rates() { update(next_); }
  double base_lr(size_t index) const;
  bool is_initial() const;

 private:
  friend class ComposedLR;
  friend class SequentialLR;
  void update(const Rate& rate);
  void restart();  // at epoch 0

  Rate next_, closed_form_;
};

// lr · gamma every step_size epochs.
struct StepLROptions {
  int64_t step_size;
  double gamma = 0.1;
  int64_t last_epoch = -1;
};
class StepLR final : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, StepLROptions options);
};

// lr · gamma at each milestone.
struct MultiStepLROptions {
  std::vector<int64_t> milestones;
  double gamma = 0.1;
  int64_t last_epoch = -1;
};
class MultiStepLR final : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, MultiStepLROptions options);
};

// initial_lr · factor until total_iters, then initial_lr.
struct ConstantLROptions {
  double factor = 1.0 / 3;
  int64_t total_iters = 5;
  int64_t last_epoch = -1;
};
class ConstantLR final : public LRScheduler {
 public:
  explicit ConstantLR(Optimizer& optimizer, ConstantLROptions options = {});
};

// From initial_lr · start_factor to initial_lr · end_factor in total_iters.
struct LinearLROptions {
  double start_factor = 1.0 / 3;
  double end_factor = 1;
  int64_t total_iters = 5;
  int64_t last_epoch = -1;
};
class LinearLR final : public LRScheduler {
 public:
  explicit LinearLR(Optimizer& optimizer, LinearLROptions options = {});
};

// lr · gamma each epoch.
struct ExponentialLROptions {
  double gamma;
  int64_t last_epoch = -1;
};
class ExponentialLR final : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, ExponentialLROptions options);
};

// initial_lr · (1 - epoch / total_iters)^power
struct PolynomialLROptions {
  int64_t total_iters = 5;
  double power = 1;
  int64_t last_epoch = -1;
};
class PolynomialLR final : public LRScheduler {
 public:
  explicit PolynomialLR(Optimizer& optimizer, PolynomialLROptions options = {});
};

// eta_min + (initial_lr - eta_min) · (1 + cos(π epoch / T_max)) / 2, each from the one before, as PyTorch does it.
struct CosineAnnealingLROptions {
  int64_t T_max;
  double eta_min = 0;
  int64_t last_epoch = -1;
};
class CosineAnnealingLR final : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, CosineAnnealingLROptions options);
};

// The same begun again after T_0 epochs, then T_0 · T_mult, and so on. Loshchilov and Hutter 2017.
struct CosineAnnealingWarmRestartsOptions {
  int64_t T_0;
  int64_t T_mult = 1;
  double eta_min = 0;
  int64_t last_epoch = -1;
};
class CosineAnnealingWarmRestarts final : public LRScheduler {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, CosineAnnealingWarmRestartsOptions options);
  void step() override;
  void step(double epoch);  // epoch + i / batches, say

 private:
  void go_to(double epoch);
};

// Up from max_lr / div_factor to max_lr, down to that / final_div_factor; the momentum (or beta 1) the other way round.
// Smith and Topin 2018. total_steps, or epochs and steps_per_epoch. A step beyond them is Error(bad_argument).
struct OneCycleLROptions {
  PerGroup max_lr;
  std::optional<int64_t> total_steps = {}, epochs = {}, steps_per_epoch = {};
  double pct_start = 0.3;
  std::string_view anneal_strategy = "cos";  // or "linear"
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.85, max_momentum = 0.95;
  double div_factor = 25, final_div_factor = 1e4;
  bool three_phase = false;
  int64_t last_epoch = -1;
};
class OneCycleLR final : public LRScheduler {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options);

 private:
  double next(const ParamGroup& group) const;
};

// Functions of the epoch: one for all groups, or one for each. They are not saved, as Python's lambdas are not.
using EpochFunction = std::function<double(int64_t epoch)>;

// initial_lr · lr_lambda(epoch)
class LambdaLR final : public LRScheduler {
 public:
  LambdaLR(Optimizer& optimizer, EpochFunction lr_lambda, int64_t last_epoch = -1);
  LambdaLR(Optimizer& optimizer, std::vector<EpochFunction> lr_lambdas, int64_t last_epoch = -1);
};

// lr · lr_lambda(epoch)
class MultiplicativeLR final : public LRScheduler {
 public:
  MultiplicativeLR(Optimizer& optimizer, EpochFunction lr_lambda, int64_t last_epoch = -1);
  MultiplicativeLR(Optimizer& optimizer, std::vector<EpochFunction> lr_lambdas, int64_t last_epoch = -1);
};

using Schedulers = std::vector<std::shared_ptr<LRScheduler>>;

// Made of schedulers. Its state holds theirs.
class ComposedLR : public LRScheduler {
 public:
  Dict state_dict() const override;

 protected:
  ComposedLR(Optimizer& optimizer, Dict attributes, Schedulers schedulers);
  Schedulers schedulers_;

 private:
  friend class SequentialLR;
  void undo_step() override;
  void check_state(const Dict& state) const override;
  void take_state(const Dict& state) override;
};

// One after the other: schedulers[i] from milestones[i - 1] on, each beginning at its own epoch 0.
class SequentialLR final : public ComposedLR {
 public:
  SequentialLR(Optimizer& optimizer, Schedulers schedulers, std::vector<int64_t> milestones, int64_t last_epoch = -1);
  void step() override;

 private:
  size_t scheduler_at(int64_t epoch) const;
};

// All of them in each step, one on what the other left.
class ChainedScheduler final : public ComposedLR {
 public:
  explicit ChainedScheduler(Schedulers schedulers);
  void step() override;
};

// lr · factor once a metric has not become better for more than `patience` steps.
struct ReduceLROnPlateauOptions {
  std::string_view mode = "min";  // better is less; or "max"
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;                  // by how much it must be better,
  std::string_view threshold_mode = "rel";  // as a share of the best so far; or "abs"
  int64_t cooldown = 0;                     // steps after a reduction that do not count
  PerGroup min_lr = 0;
  double eps = 1e-8;  // a change of less is not made
};
class ReduceLROnPlateau final : public Scheduler {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {});
  void step(double metric);

 private:
  bool is_better(double metric) const;
  void reduce();
  void check_state(const Dict& state) const override;
};

}  // namespace okibi::optim
