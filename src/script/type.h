// script/type.h: the types of TorchScript.
#pragma once

#include <string>
#include <vector>

#include "script/syntax/tree.h"

namespace okibi::script {

enum class TypeKind : uint8_t {
  tensor,
  integer,
  real,
  complex_number,
  boolean,
  string,
  device,
  none,
  number,  // int, float or complex: a Scalar of the operators
  any,
  any_list,  // as the second argument of isinstance
  any_tuple,
  any_enum,  // of a schema
  list,      // items[0]
  dict,      // items[0] → items[1]
  tuple,     // items
  optional,  // items[0]
  union_of,  // items
  future,    // items[0], also of RRef and Await
  named,     // a class of the archive: name is "__torch__.Net", or of the runtime: "__torch__.torch.classes.…"
  variable,  // of a schema: t
  other,     // Generator, Stream … of which values come from and go to operators only: name
};

struct Type {
  TypeKind kind = TypeKind::tensor;
  std::string name = {};
  std::vector<Type> items = {};

  friend bool operator==(const Type&, const Type&) = default;
};

// What the expression says. Error(bad_file) with its place where it is no type.
Type type_of(const TypeExpr& expr);

// As PyTorch writes it: "Dict[str, List[int]]".
std::string to_string(const Type& type);

// "__torch__.torch.nn.Linear" of the names and dots that the expression is made of; empty where it is anything else.
std::string dotted_name(const Expr& expr);

}  // namespace okibi::script
