// ops/by_name.h: operations of other families, called as programs call them.
#pragma once

#include <utility>
#include <vector>

#include <okibi/op_table.h>

namespace okibi::ops {

// Error(unsupported) where the table has no such operator.
inline Value call_named(std::string_view name, const std::vector<Value>& arguments) {
  const Op* const op = find_op(name);
  if (op == nullptr) throw Error(ErrorKind::unsupported, std::string(name) + " is not implemented");
  return op->call(arguments);
}

inline Value list_of(const Dims& dims) {
  std::vector<Value> list;
  for (const int64_t dim : dims) list.emplace_back(dim);
  return List(std::move(list));
}

}  // namespace okibi::ops
