// ops/by_name.h: operators of other files, called as programs call them: by their names in the table.
#pragma once

#include <utility>
#include <vector>

#include "ops/op.h"

namespace okibi::ops {

// Error(unsupported) where the table has no such operator.
inline Value call_named(std::string_view name, const std::vector<Value>& arguments) {
  const okibi::Op* const op = find_op(name);
  if (op == nullptr) throw Error(ErrorKind::unsupported, std::string(name) + " is not implemented");
  return op->call(arguments);
}
template <class... Arguments>
Value call_named(std::string_view name, const Arguments&... arguments) {
  using trace::boxed;
  return call_named(name, std::vector<Value>{boxed(arguments)...});
}
template <class... Arguments>
Tensor computed(std::string_view name, const Arguments&... arguments) {
  return call_named(name, arguments...).to_tensor();
}

inline Value list_of(const Dims& dims) {
  std::vector<Value> list;
  for (const int64_t dim : dims) list.emplace_back(dim);
  return List(std::move(list));
}

// a · b as a size. Error(limit) beyond what can be counted.
inline int64_t size_product(int64_t a, int64_t b, std::string_view name) {
  const uint64_t product = checked_mul(static_cast<uint64_t>(a), static_cast<uint64_t>(b), name);
  return product > uint64_t{INT64_MAX} ? numel_of({a, b}) : static_cast<int64_t>(product);
}

}  // namespace okibi::ops
