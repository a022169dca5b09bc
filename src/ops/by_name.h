// ops/by_name.h: operators of other files, called by their names in the table.
#pragma once

#include <vector>

#include "ops/op.h"

namespace okibi::ops {

template <class... Arguments>
Value call_named(std::string_view name, const Arguments&... arguments) {
  using trace::boxed;
  const std::vector<Value> values = {boxed(arguments)...};
  return find_op(name)->call(values);
}
template <class... Arguments>
Tensor computed(std::string_view name, const Arguments&... arguments) {
  return call_named(name, arguments...).to_tensor();
}

// a · b as a size. Error(limit) beyond what can be counted.
inline int64_t size_product(int64_t a, int64_t b, std::string_view name) {
  const uint64_t product = checked_mul(static_cast<uint64_t>(a), static_cast<uint64_t>(b), name);
  return product > uint64_t{INT64_MAX} ? numel_of({a, b}) : static_cast<int64_t>(product);
}

}  // namespace okibi::ops
