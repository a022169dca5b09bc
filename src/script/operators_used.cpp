#include "script/operators_used.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "script/type.h"
#include "script/walk.h"

namespace okibi::script {
namespace {

// Functions without a module before their name that are operators.
struct Builtin {
  std::string_view name, op;
};
constexpr std::array builtins = {
    Builtin{"int", "aten::Int"},         Builtin{"float", "aten::Float"}, Builtin{"bool", "aten::Bool"},
    Builtin{"complex", "aten::Complex"}, Builtin{"str", "aten::str"},     Builtin{"print", "prim::Print"},
    Builtin{"sorted", "aten::sorted"},   Builtin{"fork", "prim::fork"},   Builtin{"awaitable", "prim::awaitable"},
};

// "torch.add" → "aten::add", "ops.torchvision.nms" → "torchvision::nms"; "" of anything else.
std::string operator_named(const std::string& function) {
  if (function.starts_with("torch.")) return "aten::" + function.substr(function.rfind('.') + 1);
  const auto builtin = std::ranges::find(builtins, function, &Builtin::name);
  if (builtin != builtins.end()) return std::string(builtin->op);
  const size_t dot = function.rfind('.');
  if (!function.starts_with("ops.") || dot <= 4) return {};
  return fmt::format("{}::{}", function.substr(4, dot - 4), function.substr(dot + 1));
}

class Collector {
 public:
  explicit Collector(Program& program) : program_(program) {}

  void add(const SourceFile& file) {
    record_ = file.record;
    for (const Class& c : file.file.classes) {
      const bool has_bodies = c.kind != ClassKind::interface && c.kind != ClassKind::module_interface;
      for (const Function& method : c.methods) {
        if (has_bodies) add(fmt::format("{}.{}.{}", file.qualifier, c.name, method.name), method);
      }
    }
    for (const Function& function : file.file.functions) {
      add(fmt::format("{}.{}", file.qualifier, function.name), function);
    }
  }

  OperatorsUsed result() const {
    OperatorsUsed used{.problems = problems_};
    for (const auto& [name, op] : found_) used.operators.push_back(op);
    return used;
  }

 private:
  // With overloads, where the types can be found out.
  void add(const std::string& name, const Function& function) {
    try {
      const Code& code = program_.code_of(name);
      for_each_node(code, [&](const Node& node) {
        if (node.schema) count(std::string(node.schema->name()), node.place);
      });
      for (const auto& unknown : code.unknown) add(name, *unknown);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::bad_file && error.kind() != ErrorKind::unsupported) throw;
      problems_.push_back({name, error.what()});
      visit(function.body);
    }
  }

  void add(const std::string& name, const Unknown& unknown) {
    Error problem = unknown.problem;
    problems_.push_back({name, problem.at("record", record_).what()});
    visit(unknown.statements);
  }

  void visit(std::span<const Stmt> statements) {
    for (const Stmt& statement : statements) visit(statement);
  }

  void visit(const Stmt& statement) {
    for (const Expr& target : statement.targets) visit(target);
    if (statement.value) visit(*statement.value);
    if (statement.message) visit(*statement.message);
    visit(statement.body);
    visit(statement.orelse);
    for (const Function& function : statement.functions) visit(function.body);
  }

  void visit(const Expr& expr) {
    if (expr.kind == ExprKind::call) count(operator_named(dotted_name(expr.items[0])), expr.place);
    for (const Expr& item : expr.items) visit(item);
  }

  void count(const std::string& name, const Place& place) {
    if (name.empty()) return;
    jit::Operator& op = found_[name];
    if (op.uses++ > 0) return;
    op.name = name;
    op.first = fmt::format("{}:{}", record_, place.line);
    op.supported = is_supported(name);
  }

  // Without an overload: where there is a kernel for one.
  bool is_supported(const std::string& name) {
    if (find_kernel(name)) return true;
    if (name.find('.') != name.npos) return false;
    return std::ranges::any_of(program_.schemas().of(name),
                               [](const Schema& one) { return bool(find_kernel(one.name())); });
  }

  Program& program_;
  std::string record_;
  std::map<std::string, jit::Operator> found_;
  std::vector<jit::Problem> problems_;
};

}  // namespace

OperatorsUsed operators_used(Program& program) {
  Collector collector(program);
  Sources& sources = program.archive().sources();
  for (const std::string& qualifier : sources.qualifiers()) collector.add(*sources.file(qualifier));
  return collector.result();
}

}  // namespace okibi::script
