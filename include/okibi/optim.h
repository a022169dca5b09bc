// okibi/optim.h: optimizers, as torch.optim has them: the same formulas in the same order of operations, the same
// state_dict.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <okibi/tensor.h>
#include <okibi/value.h>

namespace okibi::kernels {
struct SgdStep;
struct AdamStep;
}  // namespace okibi::kernels

namespace okibi::optim {

// Holds handles to the parameters it changes, and its state for each. Not for two threads at once.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One step over all parameters that have a gradient. A sparse gradient where the rule has no sparse form is
  // Error(bad_argument) in PyTorch's words.
  virtual void step() = 0;
  void zero_grad();  // drops the gradients, as PyTorch's set_to_none

  // {"state": {index: {…}}, "param_groups": [{…, "params": [index, …]}]}, exactly as PyTorch lays it out. The tensors
  // are the optimizer's own.
  Dict state_dict() const;
  // Takes over state and options (learning rate and all), copying the tensors. Another number of parameters or wrong
  // sizes are Error(mismatch), and nothing was changed then. Options that are missing keep PyTorch's defaults.
  void load_state_dict(const Value& state);

  double lr() const noexcept { return lr_; }
  void set_lr(double lr);

  const std::vector<Tensor>& parameters() const noexcept { return parameters_; }

 protected:
  Optimizer(std::vector<Tensor> parameters, double lr);
  virtual Dict group_options() const = 0;              // of the param group, in PyTorch's order, without "params"
  virtual void take_options(const Dict& group) = 0;    // throws before it changes anything
  virtual Value state_of(size_t parameter) const = 0;  // a Dict, or None where there is none yet
  virtual void take_state(size_t parameter, const Value& state) = 0;
  virtual void check_state(size_t parameter, const Value& state) const = 0;

  std::vector<Tensor> parameters_;
  double lr_;

 private:
  void keep_foreign_options(const Dict& group);
  Dict foreign_options_;  // of a loaded group: what others keep there
};

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
};
class SGD final : public Optimizer {
 public:
  explicit SGD(std::vector<Tensor> parameters, SGDOptions options = {});
  void step() override;

 private:
  Dict group_options() const override;
  void take_options(const Dict& group) override;
  Value state_of(size_t parameter) const override;
  void take_state(size_t parameter, const Value& state) override;
  void check_state(size_t parameter, const Value& state) const override;

  kernels::SgdStep kernel_step(bool first) const;
  void update(size_t index, const Tensor& gradient);
  void update_rows(const Tensor& parameter, const Tensor& sparse_gradient);

  SGDOptions options_;                    // but the learning rate, which is lr_
  std::vector<Tensor> momentum_buffers_;  // undefined before the first step
};

struct AdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
};
// Kingma and Ba 2015, in PyTorch's order of operations.
class Adam final : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, AdamOptions options = {});
  void step() override;

 private:
  struct State {
    int64_t step = 0;
    Tensor exp_avg, exp_avg_sq;  // undefined before the first step
  };
  Dict group_options() const override;
  void take_options(const Dict& group) override;
  Value state_of(size_t parameter) const override;
  void take_state(size_t parameter, const Value& state) override;
  void check_state(size_t parameter, const Value& state) const override;

  kernels::AdamStep kernel_step(double count) const;
  void update(size_t index, const Tensor& gradient);

  AdamOptions options_;  // but the learning rate, which is lr_
  std::vector<State> states_;
};

}  // namespace okibi::optim
