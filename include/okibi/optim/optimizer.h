// okibi/optim/optimizer.h: what all optimizers share: parameters in groups, the step, the state_dict.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <okibi/tensor.h>
#include <okibi/value.h>

namespace okibi::optim {

struct Rule;       // what one optimizer is: its options, its state tensors, its loops (src/optim/rule.h)
struct GroupBody;  // src/optim/rule.h

// Parameters that share options, for an optimizer to be made with: `options` holds those that differ from the
// optimizer's own, by PyTorch's names ({"lr", 0.01}). Names that no optimizer knows are kept and saved, as PyTorch
// keeps them.
struct Group {
  std::vector<Tensor> params;
  Dict options = Dict();
};

// One of an optimizer's groups: a handle, whose copies change the same group. PyTorch's `optimizer.param_groups[i]`.
class ParamGroup {
 public:
  const std::vector<Tensor>& params() const noexcept;
  double lr() const noexcept;
  void set_lr(double lr) const { set("lr", lr); }

  // Options by PyTorch's names, and what others put beside them ("initial_lr"). A missing one is Error(not_found).
  bool has(std::string_view name) const;
  const Value& operator[](std::string_view name) const;
  // Error(bad_argument) in PyTorch's words for a number that the option may not be; the group is as it was then.
  void set(std::string_view name, const Value& value) const;

 private:
  friend class Optimizer;
  explicit ParamGroup(std::shared_ptr<GroupBody> body) : body_(std::move(body)) {}
  std::shared_ptr<GroupBody> body_;
};

// What an optimizer that knows no sparse form in PyTorch does with a sparse gradient (rows of an embedding).
enum class SparseRows : uint8_t {
  as_pytorch,   // what PyTorch does: mostly an error
  lazy,         // only the rows touched are stepped: their state, their weight decay
  exact_decay,  // and weight decay that a row missed is caught up when it is touched again: see catch_up_rows
};

// Holds handles to the parameters it changes, and its state for each. Parameters are float32 or float64. In the steady
// state a step allocates nothing. Not for two threads at once.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One step over all parameters that have a gradient. A gradient that the rule does not take is an Error in PyTorch's
  // words, and no parameter was changed then; but rows of a sparse gradient that lie outside the parameter are found
  // when its turn comes.
  void step();
  // Drops the gradients; or fills them with zeros, so that a parameter without use is stepped all the same.
  void zero_grad(bool set_to_none = true);

  const std::vector<ParamGroup>& param_groups() const noexcept { return groups_; }
  // Error(bad_argument) when a parameter is already in a group.
  void add_param_group(Group group);

  // {"state": {index: {…}}, "param_groups": [{…, "params": [index, …]}]}, exactly as PyTorch lays it out; indices run
  // through the groups. The tensors are the optimizer's own.
  Dict state_dict() const;
  // Takes over state and options (learning rates and all), copying the tensors. Another number of groups or
  // parameters, or wrong sizes, are Error(mismatch), and nothing was changed then. Options that are missing keep
  // PyTorch's defaults; "lr" and "sparse_rows" what they were.
  void load_state_dict(const Value& state);

  double lr() const noexcept { return groups_.front().lr(); }  // of the first group
  void set_lr(double lr);                                      // of all groups

  const std::vector<Tensor>& parameters() const noexcept { return parameters_; }  // of all groups, in order

  // With SparseRows::exact_decay, applies the weight decay that rows have missed so far: to all rows (before
  // weights are saved or evaluated), or to those of `indices` (int64 or int32), before a forward pass looks them
  // up. Without the latter a row that was not touched for long is looked up once without what it missed, and decays
  // in that step.
  void catch_up_rows();
  void catch_up_rows(const Tensor& parameter, const Tensor& indices);

 protected:
  // `defaults`: the options of a group that says nothing else, in PyTorch's order.
  Optimizer(const Rule& rule, std::vector<Group> groups, Dict defaults);

 private:
  const Rule* rule_;
  Dict defaults_;
  std::vector<ParamGroup> groups_;
  std::vector<Tensor> parameters_;
};

}  // namespace okibi::optim
