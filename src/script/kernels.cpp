#include "script/kernels.h"

#include <fmt/format.h>

#include <algorithm>

#include "script/aliases.h"
#include "script/host_values.h"
#include "tensor/pool.h"

namespace okibi::script {
namespace {

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

bool is_of(const HostRow& row, std::string_view name) {
  const size_t dot = name.find('.');
  return row.name == name.substr(0, dot) && has_word(row.overloads, dot == name.npos ? "-" : name.substr(dot + 1));
}

HostFunction find_old(std::string_view name, int64_t version) {
  for (const OldRow& old : old_rows()) {
    if (version < old.before && is_of(old.row, name)) return old.row.function;
  }
  return nullptr;
}

HostFunction find_host(std::string_view name) {
  for (const auto rows : {number_rows(), container_rows(), text_rows(), tensor_rows(), making_rows(), drawing_rows(),
                          indexing_rows(), nested_rows(), more_text_rows(), window_rows()}) {
    for (const HostRow& row : rows) {
      if (is_of(row, name)) return row.function;
    }
  }
  return nullptr;
}

// Which arguments of "f(Tensor self, ScalarType dtype, …)" are dtypes.
std::vector<size_t> dtypes_of(std::string_view schema) {
  std::vector<size_t> dtypes;
  schema.remove_prefix(schema.find('(') + 1);
  schema = schema.substr(0, schema.find(") ->"));
  for (size_t index = 0; !schema.empty();) {
    const size_t end = std::min(schema.find(", "), schema.size());
    const std::string_view argument = schema.substr(0, end);
    if (argument.starts_with("ScalarType")) dtypes.push_back(index);
    if (argument != "*") ++index;
    schema.remove_prefix(std::min(end + 2, schema.size()));
  }
  return dtypes;
}

// Of an operator by one of its names.
Kernel plain_kernel(std::string_view name) {
  if (const HostFunction host = find_host(name)) return {.host = host};
  if (const Op* op = find_op(name)) return {.op = op, .dtypes = dtypes_of(op->schema)};
  const std::string meant = meant_by(name);
  return meant.empty() ? Kernel{} : plain_kernel(meant);
}

Kernel find_in_place(std::string_view name) {
  const std::string functional = functional_of(name);
  Kernel kernel = functional.empty() ? Kernel{} : plain_kernel(functional);
  kernel.in_place = true;
  return kernel;
}

void check_fits(const Tensor& result, const Tensor& self) {
  if (rank_of(result.dtype()) > rank_of(self.dtype())) {
    throw Error(ErrorKind::bad_argument, fmt::format("result type {} can't be cast to the desired output type {}",
                                                     name_of(result.dtype()), name_of(self.dtype())));
  }
  if (result.sizes() != self.sizes()) {
    throw Error(ErrorKind::bad_argument, fmt::format("output with shape {} doesn't match the broadcast shape {}",
                                                     to_string(self.sizes()), to_string(result.sizes())));
  }
}

Value copied_back(const Value& self, const Value& result) {
  check_fits(result.to_tensor(), self.to_tensor());
  self.to_tensor().copy_(result.to_tensor());
  return self;
}

}  // namespace

int rank_of(DType dtype) {
  return is_complex(dtype) ? 3 : is_floating_point(dtype) ? 2 : dtype == DType::boolean ? 0 : 1;
}

// Of what only looks at its argument otherwise, as transpose_ does, nothing can be copied back.
std::string functional_of(std::string_view in_place) {
  const std::string name = without_in_place(in_place);
  if (name.empty()) return {};
  for (const std::string& one : {name, name.ends_with(".Tensor") ? name.substr(0, name.rfind('.')) : std::string()}) {
    const Kernel kernel = plain_kernel(one);
    if (kernel && !(kernel.op && kernel.op->is_view)) return one;
  }
  return {};
}

Kernel find_kernel(std::string_view name, int64_t format_version) {
  if (const HostFunction old = find_old(name, format_version)) return {.host = old};
  const Kernel plain = plain_kernel(name);
  return plain ? plain : find_in_place(name);
}

Value Kernel::operator()(std::span<const Value> arguments) const {
  return in_place ? copied_back(arguments[0], computed(arguments)) : computed(arguments);
}

Value Kernel::computed(std::span<const Value> arguments) const {
  if (host) return host(arguments);
  if (dtypes.empty()) return op->call(arguments);
  pool::Vector<Value> changed(arguments.begin(), arguments.end());
  for (const size_t index : dtypes) {
    if (index < changed.size() && changed[index].is_int()) changed[index] = dtype_numbered(changed[index].to_int());
  }
  return op->call(changed);
}

}  // namespace okibi::script
