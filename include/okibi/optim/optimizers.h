// okibi/optim/optimizers.h: the optimizers of torch.optim, and row-wise Adagrad. The same formulas in the same order of
// operations, defaults, names in state_dicts, and refusals.
//
// Each is made of parameters, or of groups of them with options of their own:
//
//   optim::Adam adam(model.parameters(), {.lr = 0.01});
//   optim::SGD sgd({{.params = tables, .options = {{"lr", 0.1}}}, {.params = rest}}, {.lr = 0.01, .momentum = 0.9});
//
// Their state has PyTorch's bits for float32 where no square root goes into it: PyTorch's own root, by MKL, is not
// always the nearest number. Parameters agree to about one unit in the last place of a step.
#pragma once

#include <utility>
#include <vector>

#include <okibi/optim/optimizer.h>

namespace okibi::optim {

// Sparse gradients: rows are stepped as they come. With momentum or weight decay, which PyTorch does not have for them,
// `sparse_rows` says how: `lazy` keeps a dense buffer, whose touched rows alone go on; `exact_decay`, for momentum 0,
// makes each row what the dense step would have made it.
struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
  SparseRows sparse_rows = SparseRows::as_pytorch;
};
class SGD final : public Optimizer {
 public:
  explicit SGD(std::vector<Tensor> parameters, const SGDOptions& options = {});
  explicit SGD(std::vector<Group> groups, const SGDOptions& options = {});
};

// Kingma and Ba 2015. Sparse gradients are refused unless `sparse_rows` says otherwise: then rows touched get Adam's
// step with the number of steps so far. `exact_decay` needs decoupled weight decay.
struct AdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;  // Reddi, Kale and Kumar 2018
  bool maximize = false;
  bool decoupled_weight_decay = false;  // the parameter itself decays, not the gradient
  SparseRows sparse_rows = SparseRows::as_pytorch;
};
class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {});
  explicit Adam(std::vector<Group> groups, const AdamOptions& options = {});

 protected:
  Adam(const Rule& rule, std::vector<Group> groups, const AdamOptions& options);
};

// Loshchilov and Hutter 2019: Adam with decoupled weight decay, whatever a loaded state says of it.
struct AdamWOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
  SparseRows sparse_rows = SparseRows::as_pytorch;
};
class AdamW final : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& options = {});
  explicit AdamW(std::vector<Group> groups, const AdamWOptions& options = {});
};

// Adam for sparse gradients alone: rows touched are stepped, with the number of steps so far. eps stands outside the
// correction of the bias, unlike Adam's.
struct SparseAdamOptions {
  double lr = 1e-3;
  std::pair<double, double> betas = {0.9, 0.999};
  double eps = 1e-8;
  bool maximize = false;
};
class SparseAdam final : public Optimizer {
 public:
  explicit SparseAdam(std::vector<Tensor> parameters, const SparseAdamOptions& options = {});
  explicit SparseAdam(std::vector<Group> groups, const SparseAdamOptions& options = {});
};

// Duchi, Hazan and Singer 2011. A sparse gradient steps the rows touched, which is what the dense step would do.
struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};
class Adagrad final : public Optimizer {
 public:
  explicit Adagrad(std::vector<Tensor> parameters, const AdagradOptions& options = {});
  explicit Adagrad(std::vector<Group> groups, const AdagradOptions& options = {});
};

// Adagrad with one sum for each row of a table, of the mean of its squared gradients: FBGEMM's exact row-wise rule.
// PyTorch has no such class. The state is Adagrad's, {"step", "sum"}, with a sum of sizes (rows, 1):
// torch.optim.Adagrad loads it without complaint and then fails in its step, since the sum has not the sizes of the
// parameter; torchrec's RowWiseAdagrad keeps the same sizes. Gradients may be dense or sparse.
class RowwiseAdagrad final : public Optimizer {
 public:
  explicit RowwiseAdagrad(std::vector<Tensor> parameters, const AdagradOptions& options = {});
  explicit RowwiseAdagrad(std::vector<Group> groups, const AdagradOptions& options = {});
};

// Hinton's lectures, and Graves 2013 (centered). No sparse gradients.
struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};
class RMSprop final : public Optimizer {
 public:
  explicit RMSprop(std::vector<Tensor> parameters, const RMSpropOptions& options = {});
  explicit RMSprop(std::vector<Group> groups, const RMSpropOptions& options = {});
};

}  // namespace okibi::optim
