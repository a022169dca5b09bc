#include "script/operators_used.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include <okibi/op_table.h>

#include "script/type.h"

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

bool is_supported(std::string_view name) {
  return std::ranges::any_of(op_table(), [&](const Op& op) {
    const std::string_view candidate = op.name();
    return candidate.starts_with(name) && (candidate.size() == name.size() || candidate[name.size()] == '.');
  });
}

// Walks the trees, which are nowhere deep.
class Collector {
 public:
  void add(const SourceFile& file) {
    record_ = file.record;
    for (const Class& c : file.file.classes) {
      for (const Function& method : c.methods) visit(method);
    }
    for (const Function& function : file.file.functions) visit(function);
  }

  std::vector<jit::Operator> operators() const {
    std::vector<jit::Operator> list;
    for (const auto& [name, op] : found_) list.push_back(op);
    return list;
  }

 private:
  void visit(const Function& function) { visit(function.body); }

  void visit(const std::vector<Stmt>& statements) {
    for (const Stmt& statement : statements) visit(statement);
  }

  void visit(const Stmt& statement) {
    for (const Expr& target : statement.targets) visit(target);
    if (statement.value) visit(*statement.value);
    if (statement.message) visit(*statement.message);
    visit(statement.body);
    visit(statement.orelse);
    for (const Function& function : statement.functions) visit(function);
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

  std::string record_;
  std::map<std::string, jit::Operator> found_;
};

}  // namespace

std::vector<jit::Operator> operators_used(Sources& sources) {
  Collector collector;
  for (const std::string& qualifier : sources.qualifiers()) collector.add(*sources.file(qualifier));
  return collector.operators();
}

}  // namespace okibi::script
