// The state that an optimizer keeps for each parameter: begun, saved, loaded.
#include <fmt/format.h>

#include <cmath>

#include "optim/rule.h"

namespace okibi::optim {
namespace {

// How many steps were made: a tensor of no dimensions since PyTorch 1.12, an int or float before.
int64_t steps_in(const Dict& state) {
  const Value& step = state["step"];
  const double number = step.is_tensor() ? step.to_tensor().item<double>() : step.to_double();
  if (number >= 0 && number == std::floor(number) && number < 0x1p53) return static_cast<int64_t>(number);
  throw Error(ErrorKind::mismatch, "the saved state's 'step' is no count of steps").found(repr(step));
}

Value steps_as(StepCount kind, int64_t steps) {
  if (kind == StepCount::integer) return steps;
  return full({}, static_cast<double>(steps));
}

// A copy in `dtype`, contiguous, as PyTorch casts it.
Tensor loaded_tensor(const Value& saved, const Dims& sizes, DType dtype) {
  const Tensor& tensor = saved.to_tensor();
  if (tensor.is_sparse()) throw Error(ErrorKind::unsupported, "okibi keeps no sparse optimizer state");
  if (tensor.sizes() != sizes) {
    throw Error(ErrorKind::mismatch, "the saved state belongs to a parameter of other sizes")
        .expected(to_string(sizes))
        .found(to_string(tensor.sizes()));
  }
  const NoGrad no_grad;
  const Tensor copy = empty(sizes, {dtype});
  copy.copy_(tensor);
  return copy;
}

// None, and missing, mean that there is none yet: as SGD's buffer before the first step with momentum.
const Value* entry(const Dict& saved, std::string_view name) {
  const Value* value = saved.find(name);
  return value == nullptr || value->is_none() ? nullptr : value;
}

Dims row_sizes(const Tensor& parameter) { return {rows_of(parameter), 1}; }

void load_row_decay(const Dict& saved, const Tensor& parameter, ParameterState& state) {
  const Value* rows = entry(saved, "row_decay");
  if (rows == nullptr) return;
  in_context("entry", "row_decay",
             [&] { state.row_decay = loaded_tensor(*rows, row_sizes(parameter), float64); });
  state.decay = saved["decay"].to_double();
}

}  // namespace

int64_t rows_of(const Tensor& parameter) { return parameter.dim() == 0 ? 1 : parameter.size(0); }
int64_t width_of(const Tensor& parameter) {
  return parameter.numel() == 0 ? 0 : parameter.numel() / rows_of(parameter);
}

Dims state_sizes(const StateTensor& row, const Tensor& parameter) {
  return row.one_a_row ? row_sizes(parameter) : parameter.sizes();
}

bool is_kept(const StateTensor& row, const GroupOptions& options) {
  if (row.only_if != nullptr) return options.*row.only_if;
  return row.only_above_0 == nullptr || options.*row.only_above_0 > 0;
}

bool begin_state(const GroupBody& group, const Tensor& parameter, ParameterState& state) {
  bool made = false;
  for (size_t k = 0; k < group.rule->state.size(); ++k) {
    const StateTensor& row = group.rule->state[k];
    if (state.tensors[k].defined() || !is_kept(row, group.options)) continue;
    const double number = row.begun_with != nullptr ? group.own.*row.begun_with : 0;
    state.tensors[k] = full(state_sizes(row, parameter), number, {parameter.dtype()});
    made = true;
  }
  if (group.options.sparse_rows == SparseRows::exact_decay && !state.row_decay.defined()) {
    state.row_decay = zeros(row_sizes(parameter), {float64});
  }
  state.begun = true;
  return made;
}

Value saved_state(const GroupBody& group, const ParameterState& state) {
  if (!state.begun) return {};
  Dict saved;
  if (group.rule->step_count != StepCount::none) saved.set("step", steps_as(group.rule->step_count, state.steps));
  for (size_t k = 0; k < group.rule->state.size(); ++k) {
    if (state.tensors[k].defined()) saved.set(group.rule->state[k].name, state.tensors[k]);
  }
  if (state.row_decay.defined()) {
    saved.set("decay", state.decay);
    saved.set("row_decay", state.row_decay);
  }
  return saved.size() > 0 ? Value(saved) : Value();
}

ParameterState loaded_state(const GroupBody& group, const Tensor& parameter, const Value& saved) {
  ParameterState state;
  if (saved.is_none()) return state;
  const Dict entries = saved.to_dict();
  const bool counts = group.rule->step_count != StepCount::none;
  if (counts) state.steps = steps_in(entries);
  for (size_t k = 0; k < group.rule->state.size(); ++k) {
    const StateTensor& row = group.rule->state[k];
    if (const Value* tensor = entry(entries, row.name)) {
      in_context("entry", row.name, [&] {
        state.tensors[k] = loaded_tensor(*tensor, state_sizes(row, parameter), parameter.dtype());
      });
    } else if (counts && is_kept(row, group.options)) {
      throw Error(ErrorKind::mismatch, fmt::format("the saved state has no '{}'", row.name));
    }
  }
  load_row_decay(entries, parameter, state);
  state.begun = true;
  return state;
}

}  // namespace okibi::optim
