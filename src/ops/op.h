// How an operation is written: one struct, which everything else is made from.
//
//   struct Relu {
//     static constexpr std::string_view schema = "aten::relu(Tensor self) -> Tensor";
//     static OutputSpec infer(const Tensor& self);                     // checks; says what the output will be
//     static void forward(const Tensor& self, const Tensor& out);      // computes into it, wherever it lies
//     // and, where it has a gradient:
//     static constexpr const char* backward_name = "ReluBackward0";
//     using Saved = std::tuple<SavedTensor>;
//     static Saved save(const Tensor& self, const Tensor& out);        // what backward needs
//     static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges& edges);
//     // and, where the last outputs are no business of the caller's, but kept for backward:
//     static constexpr size_t hidden = 1;
//     // and, where float16 and bfloat16 need no detour by float32 (half.h):
//     static constexpr bool takes_half = true;
//     // or where forward changes some arguments, which on the detour are copies: takes the changes over
//     static void take_back(const auto& arguments, const auto& copies);  // tuples of all of them
//     // and, where there should be a gradient but is none, why: recording is then an error, not a result without one
//     static constexpr const char* no_gradient = "the decomposition has no gradient yet";
//   };
//
// call<Relu>(x) is the C++ function; entry<Relu>() is its row in the operator table, with arguments as Values. A view
// has `static Tensor view(arguments…)` instead, and gets its gradient from how views are remembered (derived.cpp). What
// is made of other operations has `static … compose(arguments…)`, and its gradient from theirs.
//
// Where more outputs than the first carry gradients, the struct says `static constexpr size_t gradients_of = 2`, and
// backward takes as many gradients, `std::span<const Tensor>`, of which some may be undefined.
#pragma once

#include <array>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <okibi/op_table.h>

#include "ops/graph.h"
#include "ops/half.h"
#include "tensor/pool.h"
#include "tensor/trace.h"

namespace okibi::ops {

using autograd::Edges;
using autograd::SavedTensor;

template <class Op>
concept HasGradient = requires {
  typename Op::Saved;
};
template <class Op>
constexpr size_t hidden_outputs() {
  if constexpr (requires { Op::hidden; })
    return Op::hidden;
  else
    return 0;
}
template <class Op>
concept IsView = requires {
  &Op::view;
};
template <class Op>
concept IsComposed = requires {
  &Op::compose;
};

template <class Op>
constexpr size_t gradients_of() {
  if constexpr (requires { Op::gradients_of; }) {
    return Op::gradients_of;
  } else {
    return 1;
  }
}

// -------------------------------------------------------------------------------------------------- recording a node

[[noreturn]] void throw_graph_is_gone(const char* name);

template <HasGradient Op>
class NodeOf final : public autograd::Node {
 public:
  explicit NodeOf(typename Op::Saved saved) : saved_(std::move(saved)) {}
  const char* name() const noexcept override { return Op::backward_name; }
  void backward(std::span<const Tensor> outputs, std::span<Tensor> inputs) override {
    if (!saved_) throw_graph_is_gone(Op::backward_name);
    auto gradients = [&] {
      if constexpr (gradients_of<Op>() == 1) {
        return Op::backward(outputs[0], *saved_, edges);
      } else {
        return Op::backward(outputs, *saved_, edges);
      }
    }();
    std::move(gradients.begin(), gradients.end(), inputs.begin());
  }
  void forget() override { saved_.reset(); }

 private:
  std::optional<typename Op::Saved> saved_;
};

// Of an argument, tensors and lists of tensors matter.
template <class T>
concept IsTensorList = std::convertible_to<const T&, std::span<const Tensor>>;

inline bool needs_gradient(const Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); }
inline bool needs_gradient(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) {
    if (needs_gradient(tensor)) return true;
  }
  return false;
}
template <class T>
bool needs_gradient(const T& other) {
  if constexpr (IsTensorList<T>) return needs_gradient(std::span<const Tensor>(other));
  return false;
}

inline void add_edges(Edges& edges, const Tensor& tensor) { edges.push_back(autograd::edge_to(tensor)); }
inline void add_edges(Edges& edges, std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) edges.push_back(autograd::edge_to(tensor));
}
template <class T>
void add_edges(Edges& edges, const T& other) {
  if constexpr (IsTensorList<T>) add_edges(edges, std::span<const Tensor>(other));
}

// ---------------------------------------------------------------------------------------------------------- calling

// The caller's mistake.
[[noreturn]] inline void refuse(std::string sentence) { throw Error(ErrorKind::bad_argument, std::move(sentence)); }

// Kernels read what lies in the storage, which for a lazily negated or conjugated view is not yet its numbers.
[[noreturn]] void throw_is_lazy(const Tensor& tensor);
inline void require_resolved(const Tensor& tensor) {
  if (tensor.defined() && (tensor.is_neg() || tensor.is_conj())) throw_is_lazy(tensor);
}
inline void require_resolved(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) require_resolved(tensor);
}
template <class T>
void require_resolved(const T& other) {
  if constexpr (IsTensorList<T>) require_resolved(std::span<const Tensor>(other));
}

inline std::span<const OutputSpec> as_span(const OutputSpec& spec) { return {&spec, 1}; }
template <size_t n>
std::span<const OutputSpec> as_span(const std::array<OutputSpec, n>& specs) {
  return specs;
}

inline std::array<Tensor, 1> make_outputs(const OutputSpec& spec) { return {empty(spec.sizes, {spec.dtype})}; }
template <size_t n>
std::array<Tensor, n> make_outputs(const std::array<OutputSpec, n>& specs) {
  std::array<Tensor, n> outputs;
  for (size_t i = 0; i < n; ++i) outputs[i] = empty(specs[i].sizes, {specs[i].dtype});
  return outputs;
}

// What is recorded is of real numbers: derivatives by complex ones are other formulas, which no operation has.
[[noreturn]] void throw_complex_gradient(const Tensor& tensor);
inline void require_real(const Tensor& tensor) {
  if (tensor.defined() && is_complex(tensor.dtype())) throw_complex_gradient(tensor);
}
inline void require_real(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) require_real(tensor);
}
template <class T>
void require_real(const T& other) {
  if constexpr (IsTensorList<T>) require_real(std::span<const Tensor>(other));
}

template <class Op, class... Arguments, size_t n>
void record(const std::array<Tensor, n>& outputs, const Arguments&... arguments) {
  (require_real(arguments), ...);
  require_real(std::span<const Tensor>(outputs));
  auto saved = std::apply([&](const auto&... output) { return Op::save(arguments..., output...); }, outputs);
  auto* node = new NodeOf<Op>(std::move(saved));
  const GraphNodePtr owner(node);
  (add_edges(node->edges, arguments), ...);
  for (size_t i = 0; i < gradients_of<Op>(); ++i) autograd::attach(outputs[i], owner, static_cast<uint32_t>(i));
}

// Tells a listener. Steps of larger operations have no schema, and are told as a part of those.
template <class Op, class... Arguments, size_t n>
void note(const std::array<Tensor, n>& outputs, const Arguments&... arguments) {
  using trace::boxed;
  if constexpr (requires { Op::schema; }) {
    if (trace::Listener* const heard = trace::listener()) [[unlikely]]
      heard->called(Op::schema, {boxed(arguments)...}, outputs);
  }
}

[[noreturn]] void throw_no_gradient(const char* why);
template <class Op, class... Arguments>
void refuse_recording(const Arguments&... arguments) {
  if constexpr (requires { Op::no_gradient; }) {
    if (grad_enabled() && (needs_gradient(arguments) || ...)) throw_no_gradient(Op::no_gradient);
  }
}

template <class Op, class... Arguments>
using OutputsOf = decltype(make_outputs(Op::infer(std::declval<const Arguments&>()...)));

template <class Op, class... Arguments>
OutputsOf<Op, Arguments...> call_all(const Arguments&... arguments);

template <class Op, class... Arguments>
OutputsOf<Op, Arguments...> in_float32(const Arguments&... arguments) {
  const auto specs = Op::infer(arguments...);
  auto outputs = [&] {
    const trace::Pause pause;
    const std::tuple<decltype(widened(arguments))...> wide(widened(arguments)...);
    auto made = std::apply([](const auto&... each) { return call_all<Op>(each...); }, wide);
    if constexpr (requires { Op::take_back(std::tie(arguments...), wide); }) {
      Op::take_back(std::tie(arguments...), wide);
    }
    narrow(made, as_span(specs));
    return made;
  }();
  note<Op>(outputs, arguments...);
  return outputs;
}

// All outputs of an operation. Nearly always the first alone carries the gradient: the others are masks and the like.
template <class Op, class... Arguments>
OutputsOf<Op, Arguments...> call_all(const Arguments&... arguments) {
  (require_resolved(arguments), ...);
  refuse_recording<Op>(arguments...);
  if constexpr (!takes_half<Op>()) {
    if ((has_half(arguments) || ...)) return in_float32<Op>(arguments...);
  }
  const bool recording = HasGradient<Op> && grad_enabled() && (needs_gradient(arguments) || ...);
  auto outputs = [&] {
    const NoGrad no_grad;
    const trace::Pause pause;
    auto made = make_outputs(Op::infer(arguments...));
    std::apply([&](const auto&... output) { Op::forward(arguments..., output...); }, made);
    return made;
  }();
  if constexpr (HasGradient<Op>) {
    if (recording) record<Op>(outputs, arguments...);
  }
  note<Op>(outputs, arguments...);
  return outputs;
}

template <class Op, class... Arguments>
Tensor call(const Arguments&... arguments) {
  return std::move(call_all<Op>(arguments...)[0]);
}

// ------------------------------------------------------------------------------------------------- calling with Values

template <class F>
struct ArgumentsOf;
template <class R, class... A>
struct ArgumentsOf<R (*)(A...)> {
  using type = std::tuple<std::decay_t<A>...>;
};

void check_count(std::string_view schema, size_t expected, size_t found);
Dims dims_from(const Value& list);
pool::Vector<Tensor> tensors_from(const Value& list);

template <class T>
struct FromValue;
template <class T>
struct FromValue<std::optional<T>> {
  static std::optional<T> of(const Value& v) {
    return v.is_none() ? std::nullopt : std::optional<T>(FromValue<T>::of(v));
  }
};
template <>
struct FromValue<Tensor> {
  static Tensor of(const Value& v) { return v.is_none() ? Tensor() : v.to_tensor(); }
};
template <>
struct FromValue<double> {
  static double of(const Value& v) { return v.to_double(); }
};
template <>
struct FromValue<int64_t> {
  static int64_t of(const Value& v) { return v.to_int(); }
};
template <>
struct FromValue<bool> {
  static bool of(const Value& v) { return v.to_bool(); }
};
template <>
struct FromValue<Value> {  // a number of any kind, or none
  static const Value& of(const Value& v) { return v; }
};
template <>
struct FromValue<std::string> {
  static std::string of(const Value& v) { return v.to_string(); }
};
template <>
struct FromValue<DType> {
  static DType of(const Value& v) { return v.to_dtype(); }
};
template <>
struct FromValue<Dims> {
  static Dims of(const Value& v) { return dims_from(v); }
};
template <>
struct FromValue<Reduction> {
  static Reduction of(const Value& v) { return static_cast<Reduction>(v.to_int()); }
};
template <>
struct FromValue<std::span<const Tensor>> {
  static pool::Vector<Tensor> of(const Value& v) { return tensors_from(v); }
};

// Calls work(arguments…) with what the Values hold.
template <class Function, class Work>
auto unboxed(std::string_view schema, Function, std::span<const Value> values, Work&& work) {
  using Arguments = typename ArgumentsOf<Function>::type;
  constexpr size_t count = std::tuple_size_v<Arguments>;
  check_count(schema, count, values.size());
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return work(FromValue<std::tuple_element_t<i, Arguments>>::of(values[i])...);
  }
  (std::make_index_sequence<count>());
}

inline std::vector<OutputSpec> as_vector(OutputSpec spec) { return {std::move(spec)}; }
template <size_t n>
std::vector<OutputSpec> as_vector(const std::array<OutputSpec, n>& specs) {
  return {specs.begin(), specs.end()};
}

void check_outputs(std::string_view schema, std::span<const OutputSpec> specs, std::span<const Tensor> outputs);
void copy_into(std::span<const Tensor> outputs, std::span<const Tensor> made);

template <class Op>
std::vector<OutputSpec> infer_boxed(std::span<const Value> values) {
  return unboxed(Op::schema, &Op::infer, values,
                 [](const auto&... arguments) { return as_vector(Op::infer(arguments...)); });
}

template <class Op>
void run_boxed(std::span<const Value> values, std::span<const Tensor> outputs) {
  NoGrad no_grad;
  unboxed(Op::schema, &Op::infer, values, [&](const auto&... arguments) {
    (require_resolved(arguments), ...);
    const auto specs = as_vector(Op::infer(arguments...));
    check_outputs(Op::schema, specs, outputs);
    if constexpr (!takes_half<Op>()) {
      if ((has_half(arguments) || ...)) return copy_into(outputs, call_all<Op>(arguments...));
    }
    constexpr size_t count = std::tuple_size_v<decltype(make_outputs(Op::infer(arguments...)))>;
    [&]<size_t... i>(std::index_sequence<i...>) { Op::forward(arguments..., outputs[i]...); }
    (std::make_index_sequence<count>());
  });
}

Value as_value(std::span<const Tensor> outputs);
inline Value as_value(const Tensor& output) { return output; }
inline Value as_value(const std::vector<Tensor>& list) { return List(std::vector<Value>(list.begin(), list.end())); }

template <class Op>
Value call_boxed(std::span<const Value> values) {
  if constexpr (IsView<Op>) {
    return unboxed(Op::schema, &Op::view, values,
                   [](const auto&... arguments) { return Value(Op::view(arguments...)); });
  } else if constexpr (IsComposed<Op>) {
    return unboxed(Op::schema, &Op::compose, values,
                   [](const auto&... arguments) { return as_value(Op::compose(arguments...)); });
  } else {
    return unboxed(Op::schema, &Op::infer, values, [](const auto&... arguments) {
      const auto outputs = call_all<Op>(arguments...);
      return as_value(std::span(outputs).first(outputs.size() - hidden_outputs<Op>()));
    });
  }
}

template <class Op>
constexpr okibi::Op entry() {
  if constexpr (IsView<Op>) {
    return {Op::schema, true, true, nullptr, nullptr, &call_boxed<Op>};
  } else if constexpr (IsComposed<Op>) {
    return {Op::schema, false, true, nullptr, nullptr, &call_boxed<Op>};
  } else {
    return {Op::schema, false, HasGradient<Op>, &infer_boxed<Op>, &run_boxed<Op>, &call_boxed<Op>};
  }
}

// Composed of operations that have gradients, where its own numbers have none: counts, and places.
template <IsComposed Op>
constexpr okibi::Op plain_entry() {
  return {Op::schema, false, false, nullptr, nullptr, &call_boxed<Op>};
}

// ------------------------------------------------------------------------------- each family's rows of the operator
// table

std::span<const okibi::Op> elementwise_ops();
std::span<const okibi::Op> unary_ops();
std::span<const okibi::Op> assembled_ops();
std::span<const okibi::Op> attention_ops();
std::span<const okibi::Op> comparison_ops();
std::span<const okibi::Op> power_and_bound_ops();
std::span<const okibi::Op> reduction_ops();
std::span<const okibi::Op> reduction_by_dim_ops();
std::span<const okibi::Op> product_ops();
std::span<const okibi::Op> batched_ops();
std::span<const okibi::Op> choosing_ops();
std::span<const okibi::Op> indexing_ops();
std::span<const okibi::Op> along_ops();
std::span<const okibi::Op> index_row_ops();
std::span<const okibi::Op> masking_ops();
std::span<const okibi::Op> arranging_ops();
std::span<const okibi::Op> rearranging_ops();
std::span<const okibi::Op> repeating_ops();
std::span<const okibi::Op> ordering_ops();
std::span<const okibi::Op> counting_ops();
std::span<const okibi::Op> pointwise_ops();
std::span<const okibi::Op> number_product_ops();
std::span<const okibi::Op> statistics_ops();
std::span<const okibi::Op> vector_norm_ops();
std::span<const okibi::Op> linalg_norm_ops();
std::span<const okibi::Op> number_function_ops();
std::span<const okibi::Op> special_function_ops();
std::span<const okibi::Op> number_pair_ops();
std::span<const okibi::Op> integer_ops();
std::span<const okibi::Op> nan_reduction_ops();
std::span<const okibi::Op> running_extreme_ops();
std::span<const okibi::Op> quantile_ops();
std::span<const okibi::Op> summary_ops();
std::span<const okibi::Op> unique_slice_ops();
std::span<const okibi::Op> margin_loss_ops();
std::span<const okibi::Op> ctc_loss_ops();
std::span<const okibi::Op> distance_ops();
std::span<const okibi::Op> vector_product_ops();
std::span<const okibi::Op> einsum_ops();
std::span<const okibi::Op> detection_ops();
std::span<const okibi::Op> interpolation_ops();
std::span<const okibi::Op> grid_sampling_ops();
std::span<const okibi::Op> transposed_convolution_ops();
std::span<const okibi::Op> packed_recurrent_ops();
std::span<const okibi::Op> transformer_ops();
std::span<const okibi::Op> spectral_ops();
std::span<const okibi::Op> convolution_ops();
std::span<const okibi::Op> pooling_ops();
std::span<const okibi::Op> recurrent_ops();
std::span<const okibi::Op> joining_ops();
std::span<const okibi::Op> embedding_ops();
std::span<const okibi::Op> embedding_bag_ops();
std::span<const okibi::Op> activation_ops();
std::span<const okibi::Op> softmax_ops();
std::span<const okibi::Op> dropout_ops();
std::span<const okibi::Op> norm_ops();
std::span<const okibi::Op> batch_norm_ops();
std::span<const okibi::Op> loss_ops();
std::span<const okibi::Op> class_loss_ops();
std::span<const okibi::Op> vector_loss_ops();
std::span<const okibi::Op> view_ops();
std::span<const okibi::Op> layer_ops();
std::span<const okibi::Op> layer_name_ops();
std::span<const okibi::Op> patch_ops();
std::span<const okibi::Op> dividing_ops();
std::span<const okibi::Op> matrix_ops();
std::span<const okibi::Op> reducing_ops();
std::span<const okibi::Op> placing_ops();
std::span<const okibi::Op> linalg_ops();
std::span<const okibi::Op> lu_factor_ops();
std::span<const okibi::Op> singular_value_ops();
std::span<const okibi::Op> decomposition_ops();
std::span<const okibi::Op> matrix_function_ops();
std::span<const okibi::Op> fourier_ops();
std::span<const okibi::Op> complex_ops();

// A tensor that was broadcast, back to `sizes`: summed over what was repeated.
Tensor sum_to(const Tensor& tensor, const Dims& sizes);

}  // namespace okibi::ops
