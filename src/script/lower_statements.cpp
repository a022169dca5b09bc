#include <fmt/format.h>

#include "script/lowering.h"
#include "script/syntax/lexer.h"
#include "script/syntax/print.h"

namespace okibi::script {
namespace {

Step make_step(StepKind kind, const Place& place, NodePtr value = {}) {
  Step step{.kind = kind, .place = place};
  step.value = std::move(value);
  return step;
}

// Whether nothing behind the statements is reached.
bool ends(const std::vector<Step>& steps) {
  return !steps.empty() && (steps.back().kind == StepKind::returns || steps.back().kind == StepKind::fails);
}

// What the items of a list or tuple are, when it is taken apart into `count` of them.
std::vector<Type> item_types(const Type& type, size_t count, const Place& place) {
  if (type.kind == TypeKind::list) return std::vector<Type>(count, type.items[0]);
  if (type.kind == TypeKind::tuple && type.items.size() == count) return type.items;
  throw syntax_error(place, "the value cannot be taken apart like this")
      .expected(fmt::format("a list, or a tuple of {}", count))
      .found(to_string(type));
}

}  // namespace

Code Lowering::lower(const Function& function, const Signature& signature) {
  Code code;
  returns_known_ = function.returns.has_value();
  returns_ = signature.returns;
  for (const auto& parameter : signature.parameters) {
    CodeParameter made{parameter.name, parameter.type};
    if (parameter.default_value) {
      made.default_value = default_of(parameter);
      made.default_text = to_source(*parameter.default_value);
    }
    code.parameters.push_back(std::move(made));
    bind(parameter.name, parameter.type);
  }
  code.body.steps = block(function.body);
  code.returns = returns_;
  code.slots = static_cast<uint32_t>(slots_.size());
  code.unknown = std::move(unknown_);
  return code;
}

uint32_t Lowering::bind(const std::string& name, const Type& type) {
  const auto slot = slots_.emplace(std::pair(function_, name), static_cast<uint32_t>(slots_.size())).first->second;
  scope_[name] = {slot, type};
  return slot;
}

std::vector<Step> Lowering::block(const std::vector<Stmt>& statements) {
  std::vector<Step> steps;
  for (size_t i = 0; i < statements.size() && understands(statements, i, steps); ++i) {
  }
  return steps;
}

// What a function gives back must be known, or those that call it cannot be understood either.
bool Lowering::understands(const std::vector<Stmt>& statements, size_t at, std::vector<Step>& to) {
  try {
    statement(statements[at], to);
    return true;
  } catch (const Error& error) {
    const bool may_wait = error.kind() == ErrorKind::bad_file || error.kind() == ErrorKind::unsupported;
    if (!may_wait || !returns_known_) throw;
    Step step = make_step(StepKind::fails, statements[at].place);
    step.unknown = std::make_shared<const Unknown>(Unknown{std::span(statements).subspan(at), error});
    unknown_.push_back(step.unknown);
    to.push_back(std::move(step));
    return false;
  }
}

void Lowering::statement(const Stmt& statement, std::vector<Step>& to) {
  switch (statement.kind) {
    case StmtKind::assign:
      return statement.unpacks ? unpack(statement, to) : assign(statement, to);
    case StmtKind::annotated:
      return assign_to(statement.targets[0], expression(*statement.value, type_of(*statement.type)), to);
    case StmtKind::expression:
      return to.push_back(make_step(StepKind::evaluate, statement.place, expression(*statement.value)));
    case StmtKind::if_else:
      return branch(statement, to);
    case StmtKind::while_loop:
      return to.push_back(while_loop(statement));
    case StmtKind::for_loop:
      return to.push_back(for_loop(statement));
    case StmtKind::with:
      return to.push_back(with(statement));
    case StmtKind::returns:
      return to.push_back(returns(statement));
    case StmtKind::function:
      scope_[statement.functions[0].name] = {.nested = &statement.functions[0]};
      return;
    case StmtKind::pass:
      return;
    case StmtKind::raise:
    case StmtKind::asserts:
      throw syntax_error(statement.place, "okibi knows raise and assert only as PyTorch writes them",
                         ErrorKind::unsupported)
          .expected("ops.prim.RaiseException(…)");
  }
}

void Lowering::assign_to(const Expr& target, NodePtr value, std::vector<Step>& to) {
  if (target.kind == ExprKind::name) {
    Step step = make_step(StepKind::assign, target.place);
    const auto is_known = known(*value);
    step.slots.push_back(bind(target.text, value->type));
    scope_[target.text].known = is_known;
    step.value = std::move(value);
    return to.push_back(std::move(step));
  }
  if (target.kind != ExprKind::attribute) {
    throw syntax_error(target.place, "okibi knows assignments to items only as PyTorch writes them",
                       ErrorKind::unsupported)
        .expected("torch._set_item(…)");
  }
  Step step = make_step(StepKind::set_attribute, target.place);
  step.target = expression(target.items[0]);
  step.name = target.text;
  const Type type = attribute_of(expression(target.items[0]), target.text, target.place)->type;
  const Type given = value->type;
  step.value = converted(value, type, true, program_.schemas());
  if (!step.value) {
    throw syntax_error(target.place, fmt::format("the attribute {} has another type", target.text))
        .expected(to_string(type))
        .found(to_string(given));
  }
  to.push_back(std::move(step));
}

// `_33 = __torch__.torch.nn.functional.pad` gives a function another name.
void Lowering::assign(const Stmt& statement, std::vector<Step>& to) {
  const Expr& target = statement.targets[0];
  const std::string function = dotted_name(*statement.value);
  if (target.kind == ExprKind::name && function.starts_with("__torch__.") && program_.signature_of(function)) {
    scope_[target.text] = {.function = function};
    return;
  }
  assign_to(target, expression(*statement.value), to);
}

// `a, b = c, d` assigns one by one, after all were computed; any other value is taken apart.
void Lowering::unpack(const Stmt& statement, std::vector<Step>& to) {
  Step step = make_step(StepKind::unpack, statement.place, expression(*statement.value));
  const auto types = item_types(as_tuple(step.value->type), statement.targets.size(), statement.place);
  for (size_t i = 0; i < types.size(); ++i) {
    const Expr& target = statement.targets[i];
    if (target.kind != ExprKind::name) {
      throw syntax_error(target.place, "several values can only be given to names", ErrorKind::unsupported);
    }
    step.slots.push_back(bind(target.text, types[i]));
  }
  to.push_back(std::move(step));
}

// Names that have a value whichever way was taken.
void Lowering::merge(const Scope& one, const Scope& other) {
  scope_.clear();
  for (const auto& [name, binding] : one) {
    const auto found = other.find(name);
    if (found == other.end()) continue;
    Binding both = binding;
    if (both.known != found->second.known) both.known.reset();
    const auto type = unified(binding.type, found->second.type);
    if (!type || both.slot != found->second.slot) continue;
    both.type = *type;
    scope_.emplace(name, both);
  }
}

std::optional<bool> Lowering::known(const Node& condition) const {
  if (condition.kind == NodeKind::constant && condition.value.is_bool()) return condition.value.to_bool();
  if (condition.kind != NodeKind::variable) return std::nullopt;
  const auto found = scope_.find(condition.name);
  return found == scope_.end() ? std::nullopt : found->second.known;
}

// In a loop a name may have another value each time.
void Lowering::forget_known() {
  for (auto& [name, binding] : scope_) binding.known.reset();
}

// Where the way is known, the other is not even looked at, as in PyTorch: its types need not be right.
void Lowering::branch(const Stmt& statement, std::vector<Step>& to) {
  NodePtr condition = expression(*statement.value);
  const auto way = known(*condition);
  if (!way) return to.push_back(branch(statement, std::move(condition)));
  for (Step& step : block(*way ? statement.body : statement.orelse)) to.push_back(std::move(step));
}

Step Lowering::branch(const Stmt& statement, NodePtr condition) {
  Step step = make_step(StepKind::branch, statement.place, std::move(condition));
  const Scope before = scope_;
  step.body = block(statement.body);
  const Scope after_body = std::exchange(scope_, before);
  step.orelse = block(statement.orelse);
  const Scope after_else = scope_;
  if (ends(step.orelse)) {
    scope_ = after_body;
  } else if (!ends(step.body)) {
    merge(after_body, after_else);
  }
  return step;
}

Step Lowering::while_loop(const Stmt& statement) {
  forget_known();
  Step step = make_step(StepKind::loop, statement.place, expression(*statement.value));
  const Scope before = scope_;
  step.body = block(statement.body);
  merge(before, Scope(scope_));
  return step;
}

Step Lowering::for_loop(const Stmt& statement) {
  const Expr& range = *statement.value;
  const bool is_range =
      range.kind == ExprKind::call && dotted_name(range.items[0]) == "range" && range.items.size() == 2;
  if (!is_range || statement.targets.size() != 1) {
    throw syntax_error(range.place, "okibi knows loops only as PyTorch writes them", ErrorKind::unsupported)
        .expected("for i in range(n)");
  }
  Step step = make_step(StepKind::count, statement.place, expression(range.items[1]));
  forget_known();
  const Scope before = scope_;
  step.slots.push_back(bind(statement.targets[0].text, {TypeKind::integer}));
  step.body = block(statement.body);
  merge(before, Scope(scope_));
  return step;
}

Step Lowering::with(const Stmt& statement) {
  Step step = make_step(StepKind::with, statement.place, expression(*statement.value));
  const Type& type = step.value->type;
  const Signature* enter = type.kind == TypeKind::named ? program_.signature_of(type.name + ".__enter__") : nullptr;
  if (!enter) throw syntax_error(statement.place, "there is no __enter__").found(to_string(type));
  if (!statement.targets.empty()) step.slots.push_back(bind(statement.targets[0].text, enter->returns));
  step.body = block(statement.body);
  return step;
}

Step Lowering::returns(const Stmt& statement) {
  NodePtr value = statement.value
                      ? returns_known_ ? expression(*statement.value, returns_) : expression(*statement.value)
                      : make_constant({}, {TypeKind::none}, statement.place);
  if (!returns_known_) {
    returns_ = value->type;
    return make_step(StepKind::returns, statement.place, std::move(value));
  }
  const Type given = value->type;
  value = converted(value, returns_, true, program_.schemas());
  if (value) return make_step(StepKind::returns, statement.place, std::move(value));
  throw syntax_error(statement.place, "the function returns another type than it says")
      .expected(to_string(returns_))
      .found(to_string(given));
}

}  // namespace okibi::script
