#include <fmt/format.h>

#include <array>

#include "script/lowering.h"
#include "script/syntax/lexer.h"

namespace okibi::script {
namespace {

void require_arguments(const Expr& call, size_t count) {
  if (call.items.size() == count + 1) return;
  throw syntax_error(call.place, "the call has not the right number of arguments")
      .expected(uint64_t{count})
      .found(uint64_t{call.items.size() - 1});
}

// A scalar before a tensor, where PyTorch turns both round: 2 - x is neg(x) + 2.
struct Turned {
  std::string_view op, first, then;  // then(first(tensor), scalar)
};
constexpr std::array turned = {
    Turned{"aten::add", "", "aten::add"},
    Turned{"aten::mul", "", "aten::mul"},
    Turned{"aten::sub", "aten::neg", "aten::add"},
    Turned{"aten::div", "aten::reciprocal", "aten::mul"},
    Turned{"aten::eq", "", "aten::eq"},
    Turned{"aten::ne", "", "aten::ne"},
    Turned{"aten::lt", "", "aten::gt"},
    Turned{"aten::le", "", "aten::ge"},
    Turned{"aten::gt", "", "aten::lt"},
    Turned{"aten::ge", "", "aten::le"},
};

bool is_scalar_and_tensor(const Actuals& actuals) {
  return actuals.positional.size() == 2 && actuals.keywords.empty() && is_number(actuals.positional[0]->type) &&
         actuals.positional[0]->type.kind != TypeKind::number && actuals.positional[1]->type.kind == TypeKind::tensor;
}

}  // namespace

Actuals Lowering::actuals_of(const Expr& call) {
  Actuals actuals;
  for (size_t i = 1; i < call.items.size(); ++i) {
    const Expr& argument = call.items[i];
    if (argument.kind == ExprKind::keyword) {
      actuals.keywords.emplace_back(argument.text, expression(argument.items[0]));
    } else {
      actuals.positional.push_back(expression(argument));
    }
  }
  return actuals;
}

NodePtr Lowering::call(const Expr& expr) {
  const std::string dotted = dotted_name(expr.items[0]);
  const std::string first = dotted.substr(0, dotted.find('.'));
  const bool is_global = first == "torch" || first == "ops" || first == "__torch__" || first == dotted;
  if (!dotted.empty() && is_global && (first == dotted || !scope_.contains(first))) return call_named(dotted, expr);
  if (expr.items[0].kind == ExprKind::attribute) return call_method(expr);
  throw syntax_error(expr.place, "okibi cannot call this", ErrorKind::unsupported);
}

NodePtr Lowering::call_named(const std::string& name, const Expr& expr) {
  if (const auto alias = scope_.find(name); alias != scope_.end() && !alias->second.function.empty())
    return call_function(alias->second.function, expr, {});
  if (name.starts_with("torch.")) return call_operator("aten::" + name.substr(name.rfind('.') + 1), expr);
  if (name.starts_with("ops.")) {
    const size_t dot = name.rfind('.');
    if (dot <= 4) throw syntax_error(expr.place, "this is no operator").found(name);
    return call_operator(fmt::format("{}::{}", name.substr(4, dot - 4), name.substr(dot + 1)), expr);
  }
  if (name.find('.') == name.npos) return call_of_language(name, expr);
  if (name.ends_with(".__new__")) {
    const std::string c = name.substr(0, name.rfind('.'));
    NodePtr node = make_node(NodeKind::make_object, {TypeKind::named, program_.class_named(c).name}, expr.place);
    node->name = c;
    return node;
  }
  const ClassInfo* c = program_.find_class(name);
  if (c && c->source->kind == ClassKind::named_tuple) return make_named_tuple(*c, expr);
  return call_function(name, expr, {});
}

// int(x) of an int is x itself.
NodePtr Lowering::convert(const std::string& name, const Expr& expr, TypeKind already) {
  require_arguments(expr, 1);
  NodePtr value = expression(expr.items[1]);
  if (value->type.kind == already) return value;
  Actuals actuals;
  actuals.positional.push_back(std::move(value));
  return call_operator(name, std::move(actuals), expr.place);
}

NodePtr Lowering::call_of_language(const std::string& name, const Expr& expr) {
  if (name == "annotate" || name == "unchecked_cast") {
    require_arguments(expr, 2);
    const Type type = type_of(expr.items[1]);
    NodePtr value = name == "annotate" ? expression(expr.items[2], type) : expression(expr.items[2]);
    if (value->type == type) return value;
    if (NodePtr made = name == "annotate" ? converted(value, type, true, program_.schemas()) : nullptr)
      value = std::move(made);
    if (value->type == type) return value;
    NodePtr node = make_node(NodeKind::retyped, type, expr.place);
    node->inputs.push_back(std::move(value));
    return node;
  }
  if (name == "uninitialized") {
    require_arguments(expr, 1);
    return make_constant({}, type_of(expr.items[1]), expr.place);
  }
  if (name == "isinstance") return is_instance(expr);
  if (name == "getattr") {
    require_arguments(expr, 2);
    if (expr.items[2].kind != ExprKind::string)
      throw syntax_error(expr.items[2].place, "a name must stand here, in quotation marks");
    return attribute_of(expression(expr.items[1]), expr.items[2].text, expr.place);
  }
  if (name == "fork") return fork(expr);
  if (name == "int") return convert("aten::Int", expr, TypeKind::integer);
  if (name == "float") return convert("aten::Float", expr, TypeKind::real);
  if (name == "bool") return convert("aten::Bool", expr, TypeKind::boolean);
  if (name == "str") return convert("aten::str", expr, TypeKind::string);
  if (name == "complex") return call_operator("aten::Complex", expr);
  if (name == "print") return call_operator("prim::Print", expr);
  if (name == "len" || name == "sorted") return call_operator("aten::" + name, expr);
  throw syntax_error(expr.place, fmt::format("there is no function {}", name));
}

std::vector<Type> Lowering::types_in(const Expr& expr) {
  std::vector<Type> types;
  if (expr.kind != ExprKind::tuple) return {type_of(expr)};
  for (const Expr& item : expr.items) types.push_back(type_of(item));
  return types;
}

namespace {

bool is_one_of(const Type& type, const std::vector<Type>& types) {
  return std::ranges::any_of(
      types, [&](const Type& one) { return type.kind == TypeKind::named ? type == one : is_subtype(type, one); });
}

// What isinstance says whatever the value is, or nothing.
std::optional<bool> known_instance(const Type& type, const std::vector<Type>& types) {
  if (type.kind == TypeKind::any || type.kind == TypeKind::named)
    return is_one_of(type, types) ? std::optional(true) : std::nullopt;
  if (type.kind != TypeKind::optional && type.kind != TypeKind::union_of) return is_one_of(type, types);
  std::vector<Type> parts = type.items;
  if (type.kind == TypeKind::optional) parts.push_back({TypeKind::none});
  const auto yes = std::ranges::count_if(parts, [&](const Type& part) { return is_one_of(part, types); });
  if (yes == std::ssize(parts)) return true;
  return yes == 0 ? std::optional(false) : std::nullopt;
}

}  // namespace

NodePtr Lowering::is_instance(const Expr& expr) {
  require_arguments(expr, 2);
  NodePtr node = make_node(NodeKind::is_instance, {TypeKind::boolean}, expr.place);
  node->inputs.push_back(expression(expr.items[1]));
  node->types = types_in(expr.items[2]);
  const auto answer = known_instance(node->inputs[0]->type, node->types);
  return answer ? make_constant(*answer, {TypeKind::boolean}, expr.place) : std::move(node);
}

NodePtr Lowering::make_named_tuple(const ClassInfo& c, const Expr& expr) {
  require_arguments(expr, c.fields.size());
  NodePtr node = make_node(NodeKind::make_tuple, {TypeKind::named, c.name}, expr.place);
  for (size_t i = 0; i < c.fields.size(); ++i) {
    NodePtr value = expression(expr.items[i + 1], c.attributes.at(c.fields[i]));
    node->inputs.push_back(std::move(value));
  }
  return node;
}

// Within a function in the function. What is around it goes on as it was, also where the body cannot be understood.
class Lowering::Nested {
 public:
  explicit Nested(Lowering& lowering)
      : lowering_(lowering),
        scope_(lowering.scope_),
        returns_(std::exchange(lowering.returns_, {TypeKind::none})),
        returns_known_(std::exchange(lowering.returns_known_, false)),
        function_(std::exchange(lowering.function_, lowering.functions_++)) {}
  ~Nested() {
    lowering_.scope_ = std::move(scope_);
    lowering_.returns_ = std::move(returns_);
    lowering_.returns_known_ = returns_known_;
    lowering_.function_ = function_;
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Lowering& lowering_;
  Scope scope_;
  Type returns_;
  bool returns_known_;
  uint32_t function_;
};

// The function runs at once, in the same frame: what it sees of the variables around it is as they are now.
NodePtr Lowering::fork(const Expr& expr) {
  require_arguments(expr, 1);
  const auto found = scope_.find(expr.items[1].text);
  if (expr.items[1].kind != ExprKind::name || found == scope_.end() || !found->second.nested)
    throw syntax_error(expr.place, "okibi can only fork functions that are defined right before",
                       ErrorKind::unsupported);
  if (!forked_.insert(found->second.nested).second)  // else functions that fork each other would never end
    throw syntax_error(expr.place, "the function is forked for the second time", ErrorKind::unsupported);
  const Nested nested(*this);
  auto body = std::make_unique<Block>();
  body->steps = block(found->second.nested->body);
  NodePtr node = make_node(NodeKind::run_block, {TypeKind::future, {}, {returns_}}, expr.place);
  node->block = std::move(body);
  return node;
}

NodePtr Lowering::call_method(const Expr& expr) {
  const Expr& callee = expr.items[0];
  NodePtr object = expression(callee.items[0]);
  if (object->type.kind == TypeKind::named) return call_function(callee.text, expr, std::move(object));
  if (object->type.kind == TypeKind::tensor && callee.text == "tolist") {
    NodePtr node = make_node(NodeKind::to_list, {TypeKind::any}, expr.place);
    node->inputs.push_back(std::move(object));
    return node;
  }
  return call_operator("aten::" + callee.text, expr, std::move(object));
}

// An enum's member is a constant, too.
NodePtr Lowering::default_of(const Signature::Item& parameter) {
  const Expr& value = *parameter.default_value;
  const bool is_dotted = value.kind == ExprKind::attribute && dotted_name(value).starts_with("__torch__.");
  return is_dotted ? attribute(value) : constant_expression(value, parameter.type);
}

// A function by its qualified name, or a method of `self` by its own.
NodePtr Lowering::call_function(const std::string& function, const Expr& expr, NodePtr self) {
  const bool is_method = self != nullptr;
  const Signature* signature = program_.signature_of(is_method ? self->type.name + "." + function : function);
  if (!signature) {
    throw syntax_error(expr.place, fmt::format("the program has no {} {}", is_method ? "method" : "function", function))
        .found(is_method ? to_string(self->type) : function);
  }
  NodePtr node = make_node(is_method ? NodeKind::call_method : NodeKind::call_function, signature->returns, expr.place);
  node->name = function;
  if (self) node->inputs.push_back(std::move(self));
  size_t used = 1;
  for (size_t i = node->inputs.size(); i < signature->parameters.size(); ++i) {
    const Signature::Item& parameter = signature->parameters[i];
    const Expr* given = parameter.default_value;
    if (used < expr.items.size() && expr.items[used].kind != ExprKind::keyword) {
      given = &expr.items[used++];
    } else {
      for (size_t k = used; k < expr.items.size(); ++k) {
        if (expr.items[k].text == parameter.name) given = &expr.items[k].items[0];
      }
    }
    if (!given) throw syntax_error(expr.place, fmt::format("the call gives no {}", parameter.name));
    NodePtr value = given == parameter.default_value ? default_of(parameter) : expression(*given, parameter.type);
    const Type type = value->type;
    node->inputs.push_back(converted(value, parameter.type, true, program_.schemas()));
    if (node->inputs.back()) continue;
    throw syntax_error(given->place, fmt::format("the argument {} of {} is of another type", parameter.name, function))
        .expected(to_string(parameter.type))
        .found(to_string(type));
  }
  if (used < expr.items.size() && expr.items[used].kind != ExprKind::keyword)
    throw syntax_error(expr.place, fmt::format("the call gives more arguments than {} has", function));
  return node;
}

NodePtr Lowering::call_operator(const std::string& name, const Expr& expr, NodePtr self) {
  Actuals actuals = actuals_of(expr);
  if (self) actuals.positional.insert(actuals.positional.begin(), std::move(self));
  return call_operator(name, std::move(actuals), expr.place);
}

// What PyTorch has written in TorchScript itself, and tries before it converts anything; or nullptr.
NodePtr Lowering::call_turned(const std::string& name, Actuals& actuals, const Place& place) {
  const bool is_tensor_first = actuals.positional.size() == 2 && actuals.positional[0]->type.kind == TypeKind::tensor;
  if (name == "aten::floordiv" && is_tensor_first) {
    return call_operator("aten::floor_divide", std::move(actuals), place);
  }
  const auto turn = std::ranges::find(turned, name, &Turned::op);
  if (turn == turned.end() || !is_scalar_and_tensor(actuals)) return nullptr;
  Actuals both;
  both.positional.push_back(std::move(actuals.positional[1]));
  if (!turn->first.empty()) {
    Actuals one;
    one.positional.push_back(std::move(both.positional[0]));
    both.positional[0] = call_operator(std::string(turn->first), std::move(one), place);
  }
  both.positional.push_back(std::move(actuals.positional[0]));
  return call_operator(std::string(turn->then), std::move(both), place);
}

NodePtr Lowering::call_operator(const std::string& name, Actuals actuals, const Place& place) {
  const std::vector<Schema>& overloads = program_.schemas().of(name);
  if (overloads.empty()) {
    throw syntax_error(place, fmt::format("okibi does not know the operator {}", printable(name, 100)),
                       ErrorKind::unsupported);
  }
  const bool is_device = name == "aten::device" && actuals.positional.size() == 1 &&
                         actuals.positional[0]->kind == NodeKind::constant && actuals.positional[0]->value.is_string();
  if (is_device) return make_constant(Device(actuals.positional[0]->value.to_string()), {TypeKind::device}, place);
  Schemas& schemas = program_.schemas();
  if (NodePtr node = match(overloads, actuals, place, schemas, Conversions::none)) return node;
  if (NodePtr node = call_turned(name, actuals, place)) return node;
  if (NodePtr node = match(overloads, actuals, place, schemas, Conversions::allowed)) return node;
  throw syntax_error(place, fmt::format("no overload of {} takes these arguments", name))
      .found(described(name, actuals));
}

}  // namespace okibi::script
