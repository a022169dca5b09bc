// What all optimizers share: groups of parameters, and the step over them.
#include <okibi/optim/optimizer.h>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "optim/elements.h"
#include "optim/rule.h"
#include "optim/sparse_rows.h"
#include "tensor/body.h"

namespace okibi::optim {
namespace {

void check_parameter(const Tensor& parameter) {
  if (!parameter.defined()) {
    throw Error(ErrorKind::bad_argument, "optimizer can only optimize Tensors, but one of the params is None");
  }
  if (!parameter.is_leaf()) throw Error(ErrorKind::bad_argument, "can't optimize a non-leaf Tensor");
  if (parameter.is_sparse()) {
    throw Error(ErrorKind::bad_argument, "okibi's optimizers change dense parameters, and one is sparse");
  }
}

// Of the parameters that a group would bring, those before it being known.
void check_parameters(const std::vector<Tensor>& known, const std::vector<Tensor>& added) {
  std::unordered_set<const TensorBody*> seen, before;
  for (const Tensor& parameter : known) before.insert(parameter.body());
  for (size_t i = 0; i < added.size(); ++i) {
    in_context("parameter", std::to_string(i), [&] {
      check_parameter(added[i]);
      if (before.contains(added[i].body())) {
        throw Error(ErrorKind::bad_argument, "some parameters appear in more than one parameter group");
      }
      if (!seen.insert(added[i].body()).second) {
        throw Error(ErrorKind::bad_argument, "the same parameter comes twice in the list");
      }
    });
  }
}

void check_names(const std::vector<ParamGroup>& groups, const Dict& added) {
  const bool named = added.contains("param_names");
  if (groups.empty() || groups.front().has("param_names") == named) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("all optimizer param groups should be with/without names. cannot add param group {} names to "
                          "the optimizer",
                          named ? "with" : "without"));
}

// As Python's dict.setdefault for each of the optimizer's options: what the group says itself comes first.
Dict with_defaults(const Dict& own, const Dict& defaults) {
  Dict entries;
  for (const auto& [name, value] : own) {
    if (!(name == Value("params"))) entries.set(name, value);
  }
  for (const auto& [name, value] : defaults) {
    if (!entries.contains(name)) entries.set(name, value);
  }
  return entries;
}

void call(const Rule& rule, const StepInfo& info, const Elements<float>& elements, const Tensor& gradient) {
  rule.step_float(info, elements, gradient);
}
void call(const Rule& rule, const StepInfo& info, const Elements<double>& elements, const Tensor& gradient) {
  rule.step_double(info, elements, gradient);
}

void update(const GroupBody& group, const Tensor& parameter, ParameterState& state, const StepInfo& info,
            const Tensor& gradient) {
  const Tensor given = gradient.is_sparse() ? gradient : gradient.contiguous();
  with_elements(parameter, [&]<class T>(T* data) {
    Elements<T> all{.rows = rows_of(parameter), .width = width_of(parameter), .gradient = nullptr, .state = {},
                    .parameter = data};
    if (!given.is_sparse()) all.gradient = given.data<T>();
    for (size_t k = 0; k < group.rule->state.size(); ++k) {
      if (is_kept(group.rule->state[k], group.options)) all.state[k] = state.tensors[k].data<T>();
    }
    call(*group.rule, info, all, given);
  });
}

void catch_up_all(const Tensor& parameter, ParameterState& state) {
  catch_up(parameter, state, nullptr, rows_of(parameter));
}

void step_parameter(GroupBody& group, size_t index, const Tensor& gradient) {
  const Tensor& parameter = group.params[index];
  ParameterState& state = group.states[index];
  const bool first = begin_state(group, parameter, state);
  ++state.steps;
  StepInfo info{.options = group.options,
                .steps = static_cast<double>(state.steps),
                .corrections = group.corrections,
                .first = first,
                .sparse = gradient.is_sparse() && !stands_for_dense(gradient)};
  if (!state.row_decay.defined()) return update(group, parameter, state, info, gradient);

  const double after = state.decay + decay_of_step(group.options);
  const RowDecay decay{state.row_decay.data<double>(), state.decay, after};
  if (info.sparse)
    info.decay = &decay;
  else
    catch_up_all(parameter, state);
  update(group, parameter, state, info, gradient);
  state.decay = after;
  if (!info.sparse) std::fill_n(decay.of_rows, rows_of(parameter), after);
}

}  // namespace

std::vector<Group> one_group(std::vector<Tensor> parameters) {
  if (parameters.empty()) return {};
  return {Group{.params = std::move(parameters)}};
}

// ---- groups

const std::vector<Tensor>& ParamGroup::params() const noexcept { return body_->params; }
double ParamGroup::lr() const noexcept { return body_->options.lr; }
bool ParamGroup::has(std::string_view name) const { return body_->entries.contains(name); }
const Value& ParamGroup::operator[](std::string_view name) const { return body_->entries[name]; }

void ParamGroup::set(std::string_view name, const Value& value) const {
  if (name == "params") {
    throw Error(ErrorKind::bad_argument, "a group's parameters cannot be set: add_param_group brings more");
  }
  GroupOptions changed = body_->options;
  read_option(*body_->rule, name, value, changed);
  body_->rule->check_options(changed);
  body_->options = changed;
  body_->entries.set(name, value);
}

Optimizer::~Optimizer() = default;

Optimizer::Optimizer(const Rule& rule, std::vector<Group> groups, Dict defaults)
    : rule_(&rule), defaults_(std::move(defaults)) {
  if (groups.empty()) throw Error(ErrorKind::bad_argument, "optimizer got an empty parameter list");
  for (Group& group : groups) add_param_group(std::move(group));
  if (!rule.state_from_the_start) return;
  for (const ParamGroup& group : groups_) {
    for (size_t i = 0; i < group.params().size(); ++i) {
      begin_state(*group.body_, group.params()[i], group.body_->states[i]);
    }
  }
}

void Optimizer::add_param_group(Group group) {
  check_parameters(parameters_, group.params);
  check_names(groups_, group.options);
  GroupBody body{.rule = rule_,
                 .params = std::move(group.params),
                 .entries = with_defaults(group.options, defaults_),
                 .options = {},
                 .own = read_options(*rule_, defaults_, rule_->defaults),
                 .states = {}};
  body.options = read_options(*rule_, body.entries, body.own);
  body.states.resize(body.params.size());
  parameters_.insert(parameters_.end(), body.params.begin(), body.params.end());
  groups_.push_back(ParamGroup(std::make_shared<GroupBody>(std::move(body))));
}

void Optimizer::set_lr(double lr) {
  for (const ParamGroup& group : groups_) group.set_lr(lr);
}

void Optimizer::zero_grad(bool set_to_none) {
  for (const Tensor& parameter : parameters_) {
    if (set_to_none || !parameter.grad().defined())
      parameter.set_grad({});
    else
      parameter.set_grad(zeros(parameter.sizes(), {parameter.dtype()}));
  }
}

// ---- the step

namespace {

// Everything that can be refused is, before anything changes.
void check_step(const GroupBody& group) {
  check_decay(group.options);
  for (const Tensor& parameter : group.params) {
    const Tensor& gradient = gradient_as_it_came(parameter);
    if (!gradient.defined()) continue;
    group.rule->check_gradient(group.options, gradient.is_sparse() && !stands_for_dense(gradient));
    if (parameter.dtype() == float32 || parameter.dtype() == float64) continue;
    throw Error(ErrorKind::unsupported,
                fmt::format("okibi's optimizers change float32 and float64, not {}", name_of(parameter.dtype())));
  }
}

}  // namespace

void Optimizer::step() {
  const NoGrad no_grad;
  for (const ParamGroup& group : groups_) check_step(*group.body_);
  for (const ParamGroup& group : groups_) {
    for (size_t i = 0; i < group.params().size(); ++i) {
      const Tensor gradient = gradient_as_it_came(group.params()[i]);
      if (gradient.defined()) step_parameter(*group.body_, i, gradient);
    }
  }
}

void Optimizer::catch_up_rows() {
  for (const ParamGroup& group : groups_) {
    for (size_t i = 0; i < group.params().size(); ++i) catch_up_all(group.params()[i], group.body_->states[i]);
  }
}

void Optimizer::catch_up_rows(const Tensor& parameter, const Tensor& indices) {
  const Tensor rows = indices.to(int64).contiguous();
  for (const ParamGroup& group : groups_) {
    for (size_t i = 0; i < group.params().size(); ++i) {
      if (!group.params()[i].is_same(parameter)) continue;
      check_rows(rows.data<int64_t>(), rows.numel(), rows_of(parameter));
      return catch_up(parameter, group.body_->states[i], rows.data<int64_t>(), rows.numel());
    }
  }
  throw Error(ErrorKind::bad_argument, "the tensor is no parameter of this optimizer");
}

}  // namespace okibi::optim
