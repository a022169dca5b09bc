// What one optimizer is, as rows of data: its options in PyTorch's order, the tensors of its state, and its loops. From
// it come the checks, the state_dict and the step of all of them (options.cpp, saved_state.cpp, optimizer.cpp).
#pragma once

#include <okibi/optim/optimizer.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace okibi::optim {

// The options of a group as numbers. Each optimizer uses some of them.
struct GroupOptions {
  double lr = 0, momentum = 0, dampening = 0, weight_decay = 0, beta1 = 0, beta2 = 0, eps = 0, alpha = 0, lr_decay = 0,
         initial_accumulator_value = 0;
  bool nesterov = false, maximize = false, amsgrad = false, decoupled_weight_decay = false, centered = false;
  SparseRows sparse_rows = SparseRows::as_pytorch;
};

// A tensor that an optimizer keeps for each parameter, begun with zeros.
struct StateTensor {
  std::string_view name;
  bool GroupOptions::*only_if = nullptr;         // kept only with that option,
  double GroupOptions::*only_above_0 = nullptr;  // or with that number
  double GroupOptions::*begun_with = nullptr;    // this number instead of 0
  bool one_a_row = false;                        // (rows, 1) instead of the parameter's sizes
};
constexpr size_t most_state_tensors = 3;

// How the number of steps is saved.
enum class StepCount : uint8_t { none, tensor, integer };

// The state of one parameter.
struct ParameterState {
  bool begun = false;
  int64_t steps = 0;
  std::array<Tensor, most_state_tensors> tensors;  // as the rule's rows; undefined where not kept
  // SparseRows::exact_decay: the logarithm of what weight decay has made of a row that was never late; and of each row,
  // float64 (rows, 1), by its last update. The difference is what a row has missed.
  double decay = 0;
  Tensor row_decay;
};

// What Adam's averages lack of their final size after so many steps. The parameters of a group have mostly made equally
// many, so it is computed once for all of them.
struct BiasCorrections {
  double beta1 = 0, beta2 = 0, steps = 0;  // of these
  double first = 0, second_sqrt = 0;       // 1 - beta1^steps, √(1 - beta2^steps)
};

struct GroupBody {
  const Rule* rule;
  std::vector<Tensor> params;
  Dict entries;          // the group as Python has it, but for "params": options and whatever others put there
  GroupOptions options;  // the same as numbers
  GroupOptions own;      // the optimizer's own options, whose numbers state is begun with, as in PyTorch
  std::vector<ParameterState> states;
  BiasCorrections corrections = {};
};

// SparseRows::exact_decay during a step: of each row the logarithm of its decay by its last update, and what a row that is
// touched in each step had before this step and will have after it.
struct RowDecay {
  double* of_rows;
  double before, after;
};

// What the loops need to know besides memory.
struct StepInfo {
  const GroupOptions& options;
  double steps;  // this one counted
  BiasCorrections& corrections;
  bool first;    // state was made for this step
  bool sparse;   // rows of a sparse gradient
  const RowDecay* decay = nullptr;
};

// A parameter, or some of its rows, as bare memory: rows · width elements in each array, or `rows` where the state has
// one a row. Null where no state is kept.
template <class T>
struct Elements {
  int64_t rows, width;
  const T* gradient;
  std::array<T*, most_state_tensors> state;
  T* parameter;
  int64_t count() const { return rows * width; }
};

struct Rule {
  std::string_view name;  // "Adam"
  std::span<const std::string_view> options;
  GroupOptions defaults;
  StepCount step_count;
  std::span<const StateTensor> state;
  bool state_from_the_start = false;  // made with the optimizer, not by the first step
  bool always_decoupled = false;      // a loaded state does not change how weight decays

  // Error where options do not go together.
  void (*check_options)(const GroupOptions&) = [](const GroupOptions&) {};
  // Error where a parameter cannot be stepped by such a gradient.
  void (*check_gradient)(const GroupOptions&, bool sparse);

  void (*step_float)(const StepInfo&, const Elements<float>&, const Tensor& gradient);
  void (*step_double)(const StepInfo&, const Elements<double>&, const Tensor& gradient);
};

// ---- options.cpp

// Changes one option, if the rule has it. Errors in PyTorch's words.
void read_option(const Rule& rule, std::string_view name, const Value& value, GroupOptions& options);
// A group's options out of its entries; where one is missing, that of `fallback`.
GroupOptions read_options(const Rule& rule, const Dict& entries, const GroupOptions& fallback);
// The entries of a group with these options, in PyTorch's order.
Dict entries_of(const Rule& rule, const GroupOptions& options);

// Tensors alone, as the one group that they are.
std::vector<Group> one_group(std::vector<Tensor> parameters);

// ---- state.cpp

// The rows of a parameter are its first dimension, or 1; each has `width` elements.
int64_t rows_of(const Tensor& parameter);
int64_t width_of(const Tensor& parameter);
// Sizes of a state tensor: the parameter's, or (rows, 1).
Dims state_sizes(const StateTensor& row, const Tensor& parameter);
bool is_kept(const StateTensor& row, const GroupOptions& options);
// Makes what a step needs and is not there yet; true when there was something to make.
bool begin_state(const GroupBody& group, const Tensor& parameter, ParameterState& state);

// The state of one parameter as PyTorch saves it; None where there is none yet.
Value saved_state(const GroupBody& group, const ParameterState& state);
// The other way round: a new state, its tensors copied. Error(mismatch) where it does not fit the parameter.
ParameterState loaded_state(const GroupBody& group, const Tensor& parameter, const Value& saved);

// ---- row_decay.cpp: SparseRows::exact_decay

// Multiplies rows by the weight decay that they have missed. `rows`: (count), possibly with repetitions; null for all.
void catch_up(const Tensor& parameter, ParameterState& state, const int64_t* rows, int64_t count);
// The same for one row, in a step that then decays it.
template <class T>
void catch_up_row(const RowDecay& decay, int64_t row, int64_t width, T* elements);
// Error where a step leaves nothing of a weight, so that no later one could tell what it missed.
void check_decay(const GroupOptions& options);
// The logarithm of what one step leaves of a weight.
double decay_of_step(const GroupOptions& options);

}  // namespace okibi::optim
