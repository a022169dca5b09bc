// script/lowering.h: a function's source → code: finds out types, and which overload each call of an operator means.
#pragma once

#include <map>
#include <set>

#include "script/matching.h"
#include "script/program.h"

namespace okibi::script {

// One function. Errors have line and column. Statements that cannot be understood become a step that says so, when it
// is reached.
class Lowering {
 public:
  explicit Lowering(Program& program) : program_(program) {}
  Code lower(const Function& function, const Signature& signature);

 private:
  // What a name stands for.
  struct Binding {
    uint32_t slot = 0;
    Type type = {};
    std::string function = {};         // an alias of a free function; no variable then
    const Function* nested = nullptr;  // a function to be forked
    std::optional<bool> known = {};    // a bool that is the same in every run
  };
  using Scope = std::map<std::string, Binding, std::less<>>;
  class Nested;

  // ---- statements
  std::vector<Step> block(const std::vector<Stmt>& statements);
  bool understands(const std::vector<Stmt>& statements, size_t at, std::vector<Step>& to);
  void statement(const Stmt& statement, std::vector<Step>& to);
  void assign(const Stmt& statement, std::vector<Step>& to);
  void assign_to(const Expr& target, NodePtr value, std::vector<Step>& to);
  void unpack(const Stmt& statement, std::vector<Step>& to);
  void branch(const Stmt& statement, std::vector<Step>& to);
  Step branch(const Stmt& statement, NodePtr condition);
  Step while_loop(const Stmt& statement);
  Step for_loop(const Stmt& statement);
  Step with(const Stmt& statement);
  Step returns(const Stmt& statement);
  void merge(const Scope& one, const Scope& other);
  uint32_t bind(const std::string& name, const Type& type);
  std::optional<bool> known(const Node& condition) const;
  void forget_known();

  // ---- expressions
  NodePtr expression(const Expr& expr);
  NodePtr any_expression(const Expr& expr);
  NodePtr constant_expression(const Expr& expr, const Type& wanted);  // a default, a constant of a class
  NodePtr expression(const Expr& expr, const Type& wanted);           // empty literals take it, and None
  NodePtr default_of(const Signature::Item& parameter);
  NodePtr name(const Expr& expr);
  NodePtr attribute(const Expr& expr);
  NodePtr attribute_of(NodePtr object, const std::string& name, const Place& place);
  NodePtr class_constant(const ClassInfo& c, const std::string& name, const Place& place);
  NodePtr dotted_constant(const std::string& dotted, const Expr& expr);
  NodePtr index(const Expr& expr);
  NodePtr index_of_tuple(NodePtr tuple, const Expr& subscript);
  NodePtr list(const Expr& expr, const Type* wanted);
  NodePtr dict(const Expr& expr, const Type* wanted);
  NodePtr tuple(const Expr& expr, const Type* wanted);
  NodePtr unary(const Expr& expr);
  NodePtr binary(const Expr& expr);

  // ---- calls
  NodePtr call(const Expr& expr);
  NodePtr call_named(const std::string& name, const Expr& expr);
  NodePtr call_of_language(const std::string& name, const Expr& expr);
  NodePtr call_method(const Expr& expr);
  NodePtr call_function(const std::string& function, const Expr& expr, NodePtr self);
  NodePtr call_operator(const std::string& name, const Expr& expr, NodePtr self = {});
  NodePtr call_operator(const std::string& name, Actuals actuals, const Place& place);
  NodePtr call_turned(const std::string& name, Actuals& actuals, const Place& place);
  NodePtr convert(const std::string& name, const Expr& expr, TypeKind already);
  NodePtr make_named_tuple(const ClassInfo& c, const Expr& expr);
  NodePtr fork(const Expr& expr);
  NodePtr is_instance(const Expr& expr);
  Actuals actuals_of(const Expr& call);
  Type as_tuple(const Type& type);  // of a NamedTuple, what it consists of; any other as it is
  std::vector<Type> types_in(const Expr& expr);

  Program& program_;
  Scope scope_;
  // A name has one slot in each function; a nested one has its own names.
  std::map<std::pair<uint32_t, std::string>, uint32_t> slots_;
  uint32_t function_ = 0, functions_ = 1;
  std::set<const Function*> forked_;
  Type returns_ = {};
  bool returns_known_ = true;
  std::vector<std::shared_ptr<const Unknown>> unknown_;
};

NodePtr make_constant(Value value, Type type, const Place& place);

}  // namespace okibi::script
