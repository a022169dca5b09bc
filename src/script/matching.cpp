#include "script/matching.h"

#include <fmt/format.h>

#include <algorithm>

namespace okibi::script {
namespace {

// Matching is tried on what is borrowed, and takes it once an overload fits.
struct Planned {
  enum class How : uint8_t { given, given_by_name, rest, default_value } how = How::default_value;
  size_t index = 0;  // of the actual
  Type type = {};
};

bool is_empty_literal(const Node& node) {
  return (node.kind == NodeKind::make_list || node.kind == NodeKind::make_dict) && node.inputs.empty();
}

bool is_list_of(const Type& type, const Type& item) { return type.kind == TypeKind::list && type.items[0] == item; }

// What PyTorch calls to convert by itself; "" where it would not.
std::string_view conversion(const Type& from, const Type& to) {
  const bool real = to.kind == TypeKind::real, integer = to.kind == TypeKind::integer;
  const bool number = to.kind == TypeKind::number, is_complex = to.kind == TypeKind::complex_number;
  if (from.kind == TypeKind::tensor) {
    if (real) return "aten::FloatImplicit";
    if (integer) return "aten::IntImplicit";
    if (is_complex) return "aten::ComplexImplicit";
    return number ? "aten::ScalarImplicit" : "";
  }
  if (from.kind == TypeKind::number)
    return real ? "aten::Float" : integer ? "aten::Int" : is_complex ? "aten::Complex" : "";
  if (from.kind == TypeKind::boolean) return real ? "aten::Float" : integer || number ? "aten::Int" : "";
  return from.kind == TypeKind::string && to.kind == TypeKind::device ? "aten::device" : "";
}

// Whether converted() would succeed, without touching the value.
bool converts(const Node* node, const Type& from, const Type& to, bool with_conversions) {
  if (is_subtype(from, to)) return true;
  if (to.kind == TypeKind::optional && from.kind != TypeKind::optional && from.kind != TypeKind::none)
    return converts(node, from, to.items[0], with_conversions);
  if (node && is_empty_literal(*node) && node->type.kind == to.kind) return true;
  if (from.kind == TypeKind::tuple && to.kind == TypeKind::list) {
    return std::ranges::all_of(from.items, [&](const Type& item) { return is_subtype(item, to.items[0]); });
  }
  if (from.kind == TypeKind::tuple && to.kind == TypeKind::tuple && from.items.size() == to.items.size()) {
    for (size_t i = 0; i < from.items.size(); ++i) {
      if (!converts(nullptr, from.items[i], to.items[i], false)) return false;
    }
    return true;
  }
  return with_conversions && !conversion(from, to).empty();
}

// One int or float for a list of a known length.
bool stands_for_several(const Type& from, const SchemaArgument& formal) {
  return formal.repeat && is_list_of(without_optional(formal.type), from);
}

class Matcher {
 public:
  Matcher(const Schema& schema, const Actuals& actuals, bool with_conversions)
      : schema_(schema), actuals_(actuals), with_conversions_(with_conversions) {}

  bool fits() {
    for (size_t i = 0; i < schema_.arguments.size(); ++i) {
      if (!plan(i)) return false;
    }
    const bool all_positional = used_ == actuals_.positional.size() || schema_.takes_any_number;
    return all_positional && keywords_used_ == actuals_.keywords.size() && resolve_types() && all_convert();
  }

  NodePtr take(Actuals& actuals, const Place& place, Schemas& schemas);

 private:
  bool plan(size_t i);
  bool plan_rest(size_t i);
  bool accepts(const SchemaArgument& formal, const Node& actual);
  size_t keyword(std::string_view name) const;
  bool resolve_types();
  bool all_convert() const;

  const Schema& schema_;
  const Actuals& actuals_;
  const bool with_conversions_;
  std::vector<Planned> plans_;
  std::vector<Type> returns_;
  TypeVariables variables_;
  size_t used_ = 0, keywords_used_ = 0;
};

size_t Matcher::keyword(std::string_view name) const {
  for (size_t i = 0; i < actuals_.keywords.size(); ++i) {
    if (actuals_.keywords[i].first == name) return i;
  }
  return actuals_.keywords.size();
}

bool Matcher::accepts(const SchemaArgument& formal, const Node& actual) {
  if (stands_for_several(actual.type, formal)) return true;
  if (!is_empty_literal(actual) && !match_variables(formal.type, actual.type, variables_)) return false;
  const auto type = resolved(formal.type, variables_);
  if (!type) return is_empty_literal(actual) || actual.type.kind == TypeKind::none;
  return converts(&actual, actual.type, *type, with_conversions_);
}

// torch.view(x, 2, 3): further ints for the last list.
bool Matcher::plan_rest(size_t i) {
  const SchemaArgument& formal = schema_.arguments[i];
  const bool is_last = i + 1 == schema_.arguments.size() || schema_.arguments[i + 1].keyword_only;
  const Type& type = without_optional(formal.type);
  if (!with_conversions_ || !is_last || type.kind != TypeKind::list || formal.repeat) return false;
  if (type.items[0].kind == TypeKind::variable) return false;
  const Type& first = actuals_.positional[used_]->type;
  if (first.kind == TypeKind::list || first.kind == TypeKind::tuple) return false;
  for (size_t at = used_; at < actuals_.positional.size(); ++at) {
    const Node& actual = *actuals_.positional[at];
    if (!converts(&actual, actual.type, type.items[0], true)) return false;
  }
  plans_.push_back({Planned::How::rest, used_, type});
  used_ = actuals_.positional.size();
  return true;
}

bool Matcher::plan(size_t i) {
  const SchemaArgument& formal = schema_.arguments[i];
  if (!formal.keyword_only && used_ < actuals_.positional.size()) {
    if (plan_rest(i)) return true;
    plans_.push_back({Planned::How::given, used_, formal.type});
    return accepts(formal, *actuals_.positional[used_++]);
  }
  size_t at = keyword(formal.name);
  if (at == actuals_.keywords.size() && formal.name == "self") at = keyword("input");
  if (at < actuals_.keywords.size()) {
    ++keywords_used_;
    plans_.push_back({Planned::How::given_by_name, at, formal.type});
    return accepts(formal, *actuals_.keywords[at].second);
  }
  plans_.push_back({Planned::How::default_value, 0, formal.type});
  return formal.default_value.has_value();
}

// Once all arguments are seen, all variables are known, but for those of an empty list.
bool Matcher::resolve_types() {
  for (Planned& plan : plans_) {
    if (auto type = resolved(plan.type, variables_)) plan.type = std::move(*type);
  }
  for (const Type& type : schema_.returns) {
    auto known = resolved(type, variables_);
    if (!known) return false;
    returns_.push_back(std::move(*known));
  }
  return true;
}

// To what the variables were found to be in the end.
bool Matcher::all_convert() const {
  for (size_t i = 0; i < plans_.size(); ++i) {
    const Planned& plan = plans_[i];
    if (plan.how != Planned::How::given && plan.how != Planned::How::given_by_name) continue;
    const Node& actual =
        plan.how == Planned::How::given ? *actuals_.positional[plan.index] : *actuals_.keywords[plan.index].second;
    if (stands_for_several(actual.type, schema_.arguments[i])) continue;
    if (!converts(&actual, actual.type, plan.type, with_conversions_)) return false;
  }
  return true;
}

Value constant_of(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::boolean:
      return expr.integer != 0;
    case ExprKind::integer:
      return expr.integer;
    case ExprKind::real:
      return expr.real;
    case ExprKind::string:
      return expr.text;
    case ExprKind::list: {
      List list;
      for (const Expr& item : expr.items) list.push_back(constant_of(item));
      return list;
    }
    default:
      return {};
  }
}

// A default as the argument's type wants it: 0 for a float is 0.0, and for int[2] it is [0, 0].
NodePtr default_of(const SchemaArgument& formal, const Place& place) {
  Value value = constant_of(*formal.default_value);
  const Type& type = without_optional(formal.type);
  if (type.kind == TypeKind::list && value.is_int()) {
    value = List(std::vector<Value>(static_cast<size_t>(formal.repeat.value_or(1)), value));
  } else if (type.kind == TypeKind::real && value.is_int()) {
    value = static_cast<double>(value.to_int());
  }
  NodePtr node = make_node(NodeKind::constant, formal.type, place);
  node->value = std::move(value);
  return node;
}

NodePtr list_node(std::vector<NodePtr> items, const Type& type, const Place& place) {
  NodePtr node = make_node(NodeKind::make_list, type, place);
  node->inputs = std::move(items);
  return node;
}

NodePtr repeated(NodePtr value, const SchemaArgument& formal) {
  NodePtr node = make_node(NodeKind::make_list, without_optional(formal.type), value->place);
  node->slot = static_cast<uint32_t>(std::clamp<int64_t>(*formal.repeat, 1, 64));  // so often the one input
  node->inputs.push_back(std::move(value));
  return node;
}

NodePtr Matcher::take(Actuals& actuals, const Place& place, Schemas& schemas) {
  NodePtr call = make_node(NodeKind::call_operator, {}, place);
  call->schema = &schema_;
  const auto taken = [&](NodePtr& actual, const SchemaArgument& formal, const Type& type) {
    return stands_for_several(actual->type, formal) ? repeated(std::move(actual), formal)
                                                    : converted(actual, type, with_conversions_, schemas);
  };
  for (size_t i = 0; i < plans_.size(); ++i) {
    const SchemaArgument& formal = schema_.arguments[i];
    const Planned& plan = plans_[i];
    if (plan.how == Planned::How::given) {
      call->inputs.push_back(taken(actuals.positional[plan.index], formal, plan.type));
    } else if (plan.how == Planned::How::given_by_name) {
      call->inputs.push_back(taken(actuals.keywords[plan.index].second, formal, plan.type));
    } else if (plan.how == Planned::How::default_value) {
      call->inputs.push_back(default_of(formal, place));
    } else {
      std::vector<NodePtr> items;
      for (size_t at = plan.index; at < actuals.positional.size(); ++at)
        items.push_back(converted(actuals.positional[at], plan.type.items[0], true, schemas));
      call->inputs.push_back(list_node(std::move(items), plan.type, place));
    }
  }
  for (; used_ < actuals.positional.size(); ++used_) call->inputs.push_back(std::move(actuals.positional[used_]));
  const bool several = returns_.size() != 1;
  call->type = several ? Type{returns_.empty() ? TypeKind::none : TypeKind::tuple, {}, returns_} : returns_[0];
  return call;
}

}  // namespace

NodePtr converted(NodePtr& value, const Type& to, bool with_conversions, Schemas& schemas) {
  if (!converts(value.get(), value->type, to, with_conversions)) return nullptr;
  if (is_empty_literal(*value)) value->type = without_optional(to);
  if (is_subtype(value->type, to)) return std::move(value);
  const Type& wanted = without_optional(to);
  if (value->type.kind == TypeKind::tuple && (wanted.kind == TypeKind::list || wanted.kind == TypeKind::tuple)) {
    const NodeKind kind = wanted.kind == TypeKind::list ? NodeKind::tuple_slice : NodeKind::retyped;
    NodePtr node = make_node(kind, wanted, value->place);
    node->slot_end = static_cast<uint32_t>(value->type.items.size());
    node->inputs.push_back(std::move(value));
    return node;
  }
  const auto name = conversion(value->type, wanted);
  if (name.empty()) return std::move(value);
  Actuals actuals;
  const Place place = value->place;
  actuals.positional.push_back(std::move(value));
  return match(schemas.of(name), actuals, place, schemas);
}

NodePtr match(const std::vector<Schema>& overloads, Actuals& actuals, const Place& place, Schemas& schemas,
              Conversions conversions) {
  const bool allowed = conversions == Conversions::allowed;
  if (overloads.size() == 1 && !allowed) return nullptr;
  for (const Schema& schema : overloads) {
    Matcher matcher(schema, actuals, allowed);
    if (matcher.fits()) return matcher.take(actuals, place, schemas);
  }
  return nullptr;
}

NodePtr match(const std::vector<Schema>& overloads, Actuals& actuals, const Place& place, Schemas& schemas) {
  NodePtr node = match(overloads, actuals, place, schemas, Conversions::none);
  return node ? std::move(node) : match(overloads, actuals, place, schemas, Conversions::allowed);
}

std::string described(std::string_view name, const Actuals& actuals) {
  std::string text;
  for (const NodePtr& actual : actuals.positional) text += (text.empty() ? "" : ", ") + to_string(actual->type);
  for (const auto& [keyword, actual] : actuals.keywords) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", keyword, to_string(actual->type));
  }
  return fmt::format("{}({})", name, text);
}

}  // namespace okibi::script
