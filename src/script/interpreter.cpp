#include "script/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

namespace okibi::script {
namespace {

// Calls in calls, brackets in brackets and blocks in blocks, all together: each takes some hundred bytes of the stack.
constexpr uint32_t deepest = 1500;

Error too_deep() { return Error(ErrorKind::limit, "the program calls itself more deeply than any"); }

Object object_of_class(const std::string& qualified) {
  const size_t dot = qualified.rfind('.');
  Object::Parts parts{
      .module = qualified.substr(0, dot), .name = qualified.substr(dot + 1), .made = Object::Made::newobj};
  parts.state = Dict();
  return Object(std::move(parts));
}

void set_attribute(const Value& object, const std::string& name, Value value) {
  Object::Parts& parts = object.to_object().mutable_parts();
  if (!parts.state.is_dict()) parts.state = Dict();
  parts.state.to_dict().set(name, std::move(value));
}

// An enum is saved as its class and value, and has its name by that.
Value part_of_enum(const Value& member, const std::string& part, Program& program) {
  const auto& arguments = member.to_object().parts().arguments;
  if (arguments.size() != 1) throw Error(ErrorKind::bad_file, "a member of an enum has no value");
  return part == "value" ? arguments[0] : program.name_of_member(member.to_object().python_class(), arguments[0]);
}

// On the CPU torch.autocast computes some operators in fewer digits: other numbers, of another dtype.
void check_autocast(const Object& guard, const std::string& name) {
  if (!name.ends_with("amp.autocast_mode.autocast") || !guard.has("_enabled") || !guard.has("device")) return;
  if (guard.attribute("_enabled") != Value(true) || guard.attribute("device") != Value("cpu")) return;
  throw Error(ErrorKind::unsupported, "the program computes within torch.autocast, which okibi does not have")
      .hint("Script the model without autocast: okibi computes in the dtype of the weights.");
}

Value listed(const Tensor& tensor) {
  if (tensor.dim() == 0) {
    if (is_floating_point(tensor.dtype())) return tensor.item<double>();
    return tensor.dtype() == DType::boolean ? Value(tensor.item<bool>()) : Value(tensor.item<int64_t>());
  }
  const List list;
  for (int64_t i = 0; i < tensor.size(0); ++i) list.push_back(listed(tensor.select(0, i)));
  return list;
}

}  // namespace

bool is_of(const Value& value, const Type& type) {
  switch (type.kind) {
    case TypeKind::tensor:
      return value.is_tensor();
    case TypeKind::integer:
      return value.is_int();
    case TypeKind::real:
      return value.is_double();
    case TypeKind::boolean:
      return value.is_bool();
    case TypeKind::string:
      return value.is_string();
    case TypeKind::none:
      return value.is_none();
    case TypeKind::any_list:
      return value.is_list();
    case TypeKind::any_tuple:
      return value.is_tuple();
    case TypeKind::list:
      return value.is_list() && std::ranges::all_of(value.to_list().items(),
                                                    [&](const Value& item) { return is_of(item, type.items[0]); });
    case TypeKind::optional:
      return value.is_none() || is_of(value, type.items[0]);
    case TypeKind::union_of:
      return std::ranges::any_of(type.items, [&](const Type& one) { return is_of(value, one); });
    case TypeKind::named:
      return value.is_object() && value.to_object().python_class() == type.name;
    case TypeKind::dict:
      return value.is_dict();
    case TypeKind::tuple: {
      if (!value.is_tuple() || value.size() != type.items.size()) return false;
      const Tuple tuple = value.to_tuple();
      for (size_t i = 0; i < type.items.size(); ++i) {
        if (!is_of(tuple[i], type.items[i])) return false;
      }
      return true;
    }
    case TypeKind::any:
      return true;
    default:
      throw Error(ErrorKind::unsupported, fmt::format("okibi cannot tell whether a value is a {}", to_string(type)));
  }
}

class Interpreter::Deeper {
 public:
  explicit Deeper(uint32_t& depth) : depth_(depth) {
    if (depth >= deepest) throw too_deep();
    ++depth_;
  }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  uint32_t& depth_;
};

// An error has the line that was running when it came up.
Value Interpreter::call(const std::string& function, std::vector<Value> arguments) {
  const Code& code = program_.code_of(function);
  Frame frame{&code, std::move(arguments)};
  frame.slots.resize(std::max<size_t>(code.slots, frame.slots.size()));
  try {
    const Deeper deeper(depth_);
    return run(code.body.steps, frame).value_or(Value());
  } catch (Error& error) {
    const bool has_line = std::ranges::any_of(error.places(), [](const auto& place) { return place.first == "line"; });
    if (!has_line) error.at("line", uint64_t{frame.place.line}).at("record", code.record);
    throw;
  }
}

Value Interpreter::value_of(const Node& constant) {
  Frame none{nullptr, {}};
  return evaluate(constant, none);
}

void Interpreter::count_step(const Place& place, Frame& frame) {
  frame.place = place;
  if (!is_limited_) return;
  if (steps_left_-- == 0)
    throw Error(ErrorKind::limit, "the program runs for more steps than it may").hint("max_steps says how many.");
}

std::optional<Value> Interpreter::run(const std::vector<Step>& steps, Frame& frame) {
  for (const Step& step : steps) {
    if (auto returned = run(step, frame)) return returned;
  }
  return std::nullopt;
}

void Interpreter::unpack(const Step& step, Frame& frame) {
  const Value all = evaluate(*step.value, frame);
  const std::vector<Value> items = all.is_tuple() ? all.to_tuple().items() : all.to_list().items();
  if (items.size() != step.slots.size()) {
    throw Error(ErrorKind::bad_argument, "a list of the program has not as many items as it is taken apart into")
        .expected(uint64_t{step.slots.size()})
        .found(uint64_t{items.size()});
  }
  for (size_t i = 0; i < items.size(); ++i) frame.slots[step.slots[i]] = items[i];
}

std::optional<Value> Interpreter::run(const Step& step, Frame& frame) {
  count_step(step.place, frame);
  const Deeper deeper(depth_);
  switch (step.kind) {
    case StepKind::evaluate:
      evaluate(*step.value, frame);
      return std::nullopt;
    case StepKind::assign:
      frame.slots[step.slots[0]] = evaluate(*step.value, frame);
      return std::nullopt;
    case StepKind::unpack:
      unpack(step, frame);
      return std::nullopt;
    case StepKind::set_attribute: {
      const Value object = evaluate(*step.target, frame);
      const Value value = evaluate(*step.value, frame);
      set_attribute(object, step.name, value);
      note_change(object);
      note_put(value);
      return std::nullopt;
    }
    case StepKind::branch:
      return run(evaluate(*step.value, frame).to_bool() ? step.body : step.orelse, frame);
    case StepKind::loop:
      return run_loop(step, frame);
    case StepKind::count:
      return run_count(step, frame);
    case StepKind::with:
      return run_with(step, frame);
    case StepKind::returns:
      return evaluate(*step.value, frame);
    case StepKind::fails:
      throw Error(step.unknown->problem).at("record", frame.code->record);
  }
  return std::nullopt;
}

std::optional<Value> Interpreter::run_loop(const Step& step, Frame& frame) {
  while (evaluate(*step.value, frame).to_bool()) {
    count_step(step.place, frame);
    if (auto returned = run(step.body, frame)) return returned;
  }
  return std::nullopt;
}

std::optional<Value> Interpreter::run_count(const Step& step, Frame& frame) {
  const int64_t times = evaluate(*step.value, frame).to_int();
  for (int64_t i = 0; i < times; ++i) {
    count_step(step.place, frame);
    frame.slots[step.slots[0]] = i;
    if (auto returned = run(step.body, frame)) return returned;
  }
  return std::nullopt;
}

// Left also by an error, which __exit__ is then not told of: a program has no name for it.
std::optional<Value> Interpreter::run_with(const Step& step, Frame& frame) {
  const Value guard = evaluate(*step.value, frame);
  const std::string name = guard.to_object().python_class();
  check_autocast(guard.to_object(), name);
  const Value entered = call(name + ".__enter__", {guard});
  if (!step.slots.empty()) frame.slots[step.slots[0]] = entered;
  std::optional<Value> returned;
  try {
    returned = run(step.body, frame);
  } catch (const Error&) {
    call(name + ".__exit__", {guard, {}, {}, {}});
    throw;
  }
  call(name + ".__exit__", {guard, {}, {}, {}});
  return returned;
}

void Interpreter::print(const std::string& line) const {
  options_.print ? options_.print(line) : fmt::print("{}\n", line);
}

std::vector<Value> Interpreter::inputs_of(const Node& node, Frame& frame) {
  std::vector<Value> values;
  values.reserve(node.inputs.size());
  for (const NodePtr& input : node.inputs) values.push_back(evaluate(*input, frame));
  return values;
}

Value Interpreter::make_list(const Node& node, Frame& frame) {
  if (node.slot == 0) return List(inputs_of(node, frame));
  return List(std::vector<Value>(node.slot, evaluate(*node.inputs[0], frame)));
}

Value Interpreter::make_dict(const Node& node, Frame& frame) {
  const std::vector<Value> items = inputs_of(node, frame);
  const Dict dict;
  for (size_t i = 0; i + 1 < items.size(); i += 2) dict.set(items[i], items[i + 1]);
  return dict;
}

Value Interpreter::slice_of_tuple(const Node& node, Frame& frame) {
  const Value tuple = evaluate(*node.inputs[0], frame);
  const auto& items = tuple.to_tuple().items();
  const size_t end = std::min<size_t>(node.slot_end, items.size()), begin = std::min<size_t>(node.slot, end);
  std::vector<Value> part(items.begin() + static_cast<std::ptrdiff_t>(begin),
                          items.begin() + static_cast<std::ptrdiff_t>(end));
  return node.type.kind == TypeKind::list ? Value(List(std::move(part))) : Value(Tuple(std::move(part)));
}

Value Interpreter::call_operator(const Node& node, Frame& frame) {
  const std::vector<Value> arguments = inputs_of(node, frame);
  if (!node.kernel) {
    frame.place = node.place;
    throw Error(ErrorKind::unsupported, fmt::format("okibi cannot run the operator {} yet", node.schema->name()))
        .hint("`okibi script` lists all such operators of a program.");
  }
  const Value result = node.kernel(arguments);
  if (node.kernel.effects.changes && !arguments[0].is_tensor() && note_change(arguments[0])) {
    for (const Value& argument : std::span(arguments).subspan(1)) note_put(argument);
  }
  if (recording_) recording_->call(node, *frame.code, arguments, result);
  return result;
}

// What the call made itself is nobody's business, as long as no list or dict of it becomes the module's.
bool Interpreter::note_change(const Value& container_or_object) {
  bool outlives = !recording_ || recording_->changes(container_or_object);
  if (outlives && around_.whole) outlives = around_.whole->changes(container_or_object);
  outlives |= program_.sets_containers();
  if (outlives) program_.note_change(container_or_object.identity());
  return outlives;
}

// A list, a dict or an object that gets into what outlives the call: what is done to it later counts. Of what the
// caller gave, the caller may change the insides, and nobody would know.
void Interpreter::note_put(const Value& value) {
  if (!is_changeable(value)) return;
  program_.note_container_set();
  Recording* const whole = around_.whole ? around_.whole : recording_;
  if (whole && whole->was_given(value)) program_.give_up_plans();
}

Value Interpreter::call_method(const Node& node, Frame& frame) {
  std::vector<Value> arguments = inputs_of(node, frame);
  const std::string name = fmt::format("{}.{}", arguments[0].to_object().python_class(), node.name);
  const bool is_noted = recording_ && !recording_->refusal();
  if (around_.shortcuts && !is_noted && !is_limited_) {
    if (auto result = around_.shortcuts->call(name, arguments, depth_)) return std::move(*result);
  }
  return call(name, std::move(arguments));
}

Value Interpreter::evaluate(const Node& node, Frame& frame) {
  const Deeper deeper(depth_);
  switch (node.kind) {
    case NodeKind::constant:
      return node.value;
    case NodeKind::variable:
      return frame.slots[node.slot];
    case NodeKind::get_attribute:
      return evaluate(*node.inputs[0], frame).to_object().attribute(node.name);
    case NodeKind::call_operator:
      return call_operator(node, frame);
    case NodeKind::print_line:
      if (recording_) recording_->refuse("it prints");
      print(node.kernel(inputs_of(node, frame)).to_string());
      return {};
    case NodeKind::call_function:
      return call(node.name, inputs_of(node, frame));
    case NodeKind::call_method:
      return call_method(node, frame);
    case NodeKind::make_object:
      return object_of_class(node.name);
    case NodeKind::make_list:
      return make_list(node, frame);
    case NodeKind::make_tuple:
      return Tuple(inputs_of(node, frame));
    case NodeKind::make_dict:
      return make_dict(node, frame);
    case NodeKind::tuple_index: {
      const Value tuple = evaluate(*node.inputs[0], frame);
      return tuple.at(node.slot);
    }
    case NodeKind::tuple_slice:
      return slice_of_tuple(node, frame);
    case NodeKind::is_instance: {
      const Value value = evaluate(*node.inputs[0], frame);
      return std::ranges::any_of(node.types, [&](const Type& type) { return is_of(value, type); });
    }
    case NodeKind::retyped:
      return evaluate(*node.inputs[0], frame);
    case NodeKind::to_list: {
      const Value tensor = evaluate(*node.inputs[0], frame);
      if (recording_) recording_->reads(tensor);
      return listed(tensor.to_tensor());
    }
    case NodeKind::enum_part:
      return part_of_enum(evaluate(*node.inputs[0], frame), node.name, program_);
    case NodeKind::run_block:
      return run(node.block->steps, frame).value_or(Value());
  }
  return {};
}

}  // namespace okibi::script
