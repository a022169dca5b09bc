// script/syntax/tree.h: a file of TorchScript source as plain data. The tree owns all it says, knows nothing of types
// or operators, and is never deeper than Limits::max_script_depth, so that whoever walks it may recurse.
//
// The language is what PyTorch's python_print.cpp emits, with what its parser takes beside that at no cost: operators
// between expressions, methods on anything, elif.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace okibi::script {

struct Place {
  uint32_t line = 1, column = 1;  // both count from 1; columns in bytes
};

enum class ExprKind : uint8_t {
  none,       // None
  boolean,    // integer is 0 or 1
  integer,    // 3, -3
  real,       // 1.5, -1.5
  imaginary,  // 2.j: `real` of it
  string,     // text, decoded
  name,       // text
  attribute,  // items[0] "." text
  call,       // items[0] "(" items[1 …] ")"
  keyword,    // text "=" items[0]: an argument of a call
  index,      // items[0] "[" items[1 …] "]"
  slice,      // items: begin, end, and the step where there is one; None where nothing stands
  list,       // "[" items "]"
  tuple,      // "(" items ")", or items with commas between
  dict,       // items: key, value, key, value …
  unary,      // text ("-", "~", "not") items[0]
  binary,     // items[0] text ("+", "and", "is not" …) items[1]
};

struct Expr {
  ExprKind kind = ExprKind::none;
  uint16_t height = 1;  // of the tree that it is
  Place place = {};
  int64_t integer = 0;
  double real = 0;
  std::string text = {};
  std::vector<Expr> items = {};
};

// A type as it is written; script/type.h says what it means.
using TypeExpr = Expr;

struct Function;

enum class StmtKind : uint8_t {
  assign,      // targets "=" value
  annotated,   // targets[0] ":" type "=" value
  expression,  // value
  if_else,     // "if" value ":" body "else:" orelse; without an else that is empty
  while_loop,  // "while" value ":" body
  for_loop,    // "for" targets "in" value ":" body
  with,        // "with" value ["as" targets[0]] ":" body
  function,    // a nested def: functions[0]
  returns,     // "return" [value]
  pass,
  raise,   // "raise" value
  asserts  // "assert" value ["," message]
};

struct Stmt {
  StmtKind kind = StmtKind::pass;
  Place place = {};
  std::vector<Expr> targets = {};
  // `a, = t` and `a, b = t` take a value apart; `a = t` does not.
  bool unpacks = false;
  std::optional<TypeExpr> type = {};
  std::optional<Expr> value = {}, message = {};
  std::vector<Stmt> body = {}, orelse = {};
  std::vector<Function> functions = {};  // one or none
};

struct Parameter {
  std::string name;
  Place place = {};
  std::optional<TypeExpr> type = {};
  std::optional<Expr> default_value = {};
  bool keyword_only = false;
};

struct Function {
  std::string name;
  Place place = {};
  std::vector<Parameter> parameters = {};  // of a method, the first is self
  std::optional<TypeExpr> returns = {};
  std::vector<Stmt> body = {};
};

enum class ClassKind : uint8_t { plain, module, named_tuple, enumeration, interface, module_interface };

struct Attribute {
  std::string name;
  Place place = {};
  TypeExpr type = {};
  bool is_final = false;           // Final[…]: a constant of the class, not in its objects
  std::optional<Expr> value = {};  // of a constant; a default of a NamedTuple
};

struct EnumMember {
  std::string name;
  Place place = {};
  Expr value = {};
};

struct Class {
  std::string name;
  ClassKind kind = ClassKind::plain;
  Place place = {};
  std::vector<Attribute> attributes = {};
  std::vector<EnumMember> members = {};
  std::vector<std::string> parameters = {}, buffers = {}, forward_pre_hooks = {}, forward_hooks = {};
  std::vector<Function> methods = {};
};

// One record of an archive, such as code/__torch__/torch/nn/modules/linear.py.
struct File {
  std::optional<int64_t> op_version_set = {};  // in the first files of format 1
  std::vector<Class> classes = {};             // in the order of the file, as the functions
  std::vector<Function> functions = {};
};

}  // namespace okibi::script
