// The calls that say what Python sees a tensor as: nn.Parameter, a subclass with attributes, a device of its own.
#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/rebuild.h"

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

namespace {

bool makes_tensor(Meaning meaning) {
  switch (meaning) {
    case Meaning::tensor:
    case Meaning::tensor_v2:
    case Meaning::tensor_v3:
    case Meaning::meta_tensor:
    case Meaning::sparse_tensor:
    case Meaning::quantised_tensor:
    case Meaning::nested_tensor:
    case Meaning::device_tensor:
    case Meaning::device_tensor_numpy:
      return true;
    default:
      return false;
  }
}

TensorClass parameter_class() { return {.module = "torch.nn.parameter", .name = "Parameter"}; }

// The attributes of a tensor: a dict, or a tuple of a dict and the slots.
bool holds_containers(const Value& state) {
  const auto is_container = [](const Value& value) {
    return value.is_list() || value.is_tuple() || value.is_dict() || value.kind() == ValueKind::set ||
           value.is_object() || (value.is_tensor() && tensor_class(value.to_tensor()));
  };
  if (state.is_dict() && !state.to_dict().attributes())
    return std::ranges::any_of(state.to_dict(), [&](const auto& item) { return is_container(item.second); });
  return is_container(state);
}

}  // namespace

void Rebuilder::require_no_cycles_through_tensors() {
  const bool may_have =
      std::ranges::any_of(with_state_, [](const Tensor& t) { return holds_containers(tensor_class(t)->state); });
  if (!may_have) return;
  for (const Tensor& tensor : std::exchange(with_state_, {})) drop_tensor_class(tensor);
  throw Error(ErrorKind::unsupported,
              "an object that contains itself has tensors whose attributes hold further objects")
      .hint("Save the tensors without such attributes, as model.state_dict() does.");
}

Value Rebuilder::of_class(const Tensor& tensor, TensorClass seen_as) {
  const bool has_state = !seen_as.state.is_none();
  const Tensor result = with_tensor_class(tensor, std::move(seen_as));
  tensors_.also_made(result, tensor);
  if (has_state) with_state_.push_back(result);
  return result;
}

TensorClass Rebuilder::class_named(NodeId global) const {
  return {.module = std::string(graph_.module(global)), .name = std::string(graph_.text(global))};
}

// _rebuild_parameter(data, requires_grad, backward_hooks), and _rebuild_parameter_with_state(…, state)
Value Rebuilder::parameter(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 3, 4);
  const Tensor data = tensor_argument(arguments, 0, "data");
  TensorClass seen_as = parameter_class();
  if (arguments.size() == 4) seen_as.state = made(arguments[3]);
  Value parameter = of_class(data, std::move(seen_as));
  parameter.to_tensor().requires_grad_(arguments.boolean(1, "requires_grad"));
  return parameter;
}

// Before PyTorch 0.4: Parameter(data), with (requires_grad, volatile, hooks) as its state; once also
// (data, grad, hooks, requires_grad, volatile). Variable was the class of all that had gradients.
std::optional<NodeId> Rebuilder::data_in_state(const pickle::Object& call) const {
  if (call.states.empty() || graph_.kind(call.states[0]) != Kind::tuple) return std::nullopt;
  const auto state = graph_.children(call.states[0]);
  return state.size() == 5 ? std::optional(state[0]) : std::nullopt;
}

Value Rebuilder::parameter_of_old(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 0, 2);
  const auto in_state = data_in_state(call);
  if (arguments.size() == 0 && !in_state) arguments.fail(0, "data", "a tensor");
  const Value& data = made(in_state ? *in_state : arguments[0]);
  if (!data.is_tensor()) throw Error(ErrorKind::bad_file, "the data of a Parameter is no tensor");
  bool requires_grad = graph_.text(call.callable) == "Parameter";
  if (arguments.size() == 2) requires_grad = arguments.boolean(1, "requires_grad");
  if (!call.states.empty()) {
    Arguments state(graph_, name_of_callable(call) + "'s state", call.states[0], 2, 5);
    requires_grad = state.boolean(in_state ? 3 : 0, "requires_grad");
  }
  Value parameter = of_class(data.to_tensor(), parameter_class());
  parameter.to_tensor().requires_grad_(requires_grad);
  return parameter;
}

// The call that makes the tensor itself, when it is one of those that make tensors.
std::optional<pickle::Object> Rebuilder::inner_call(const pickle::Object& call) const {
  const auto arguments = graph_.children(call.arguments);
  const bool fits = arguments.size() == 4 && graph_.kind(arguments[0]) == Kind::global &&
                    graph_.kind(arguments[1]) == Kind::global && graph_.kind(arguments[2]) == Kind::tuple;
  if (!fits || !makes_tensor(globals_.of(arguments[0]).meaning)) return std::nullopt;
  return pickle::Object{.made = pickle::Made::reduce, .callable = arguments[0], .arguments = arguments[2]};
}

// _rebuild_from_type_v2(function, class, arguments, state). Where the function makes no tensor of numbers (it is of a
// subclass that wraps others), it all stays data.
Value Rebuilder::typed_tensor(const pickle::Object& call) {
  const auto inner = inner_call(call);
  if (!inner) return data(call);
  const Value plain = make(*inner);
  const auto arguments = graph_.children(call.arguments);
  TensorClass seen_as = class_named(arguments[1]);
  seen_as.state = made(arguments[3]);
  return of_class(plain.to_tensor(), std::move(seen_as));
}

// _rebuild_device_tensor_from_cpu_tensor(data, dtype, device, requires_grad); earlier with a NumPy array as data.
Value Rebuilder::device_tensor(const pickle::Object& call, Meaning meaning) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 4, 4);
  const bool is_numpy = meaning == Meaning::device_tensor_numpy;
  if (is_numpy && !okibi::is_numpy(made(arguments[0]))) arguments.fail(0, "data", "a NumPy array");
  const Tensor data = is_numpy ? from_numpy(made(arguments[0])) : tensor_argument(arguments, 0, "data");
  const Tensor tensor = on_device(data, Device(arguments.text(2, "the device")));
  tensors_.also_made(tensor, data);
  if (tensor.dtype() != dtype_argument(arguments, 1))
    throw Error(ErrorKind::unsupported, "a tensor travelled in another dtype than it had on its device");
  if (arguments.boolean(3, "requires_grad")) tensor.requires_grad_();
  return tensor;
}

}  // namespace okibi::checkpoint
