// What operators meant in files of older formats (PyTorch's operator_upgraders): div before 4 and full before 5.
// linspace and logspace, whose steps could be None before 8 and 9, are an error then; gelu, which changed at 10, has the
// old meaning by default.
#include <okibi/ops.h>

#include "script/host_values.h"

namespace okibi::script {
namespace {

bool is_real(const Value& value) {
  return value.is_tensor() ? is_floating_point(value.to_tensor().dtype()) : value.is_double();
}

// Of integers it was rounded towards zero.
void require_real(Arguments a) {
  if (is_real(a[0]) || is_real(a[1])) return;
  throw Error(ErrorKind::unsupported, "the program divides integers as PyTorch did before 1.6, which okibi cannot yet")
      .hint("Load it in Python with torch.jit.load and save it again.");
}

template <bool by_scalar, bool in_place>
Value old_div(Arguments a) {
  require_real(a);
  const char* name = by_scalar  ? in_place ? "aten::div_.Scalar" : "aten::div.Scalar"
                     : in_place ? "aten::div_.Tensor"
                                : "aten::div.Tensor";
  return find_kernel(name)(a);
}

// Without a dtype it was float32, whatever the number.
Value old_full(Arguments a) {
  std::vector<Value> arguments(a.begin(), a.end());
  if (arguments[2].is_none()) arguments[2] = number_of(DType::float32);
  return find_kernel("aten::full")(arguments);
}

constexpr OldRow rows[] = {
    {{"aten::div", "Tensor", old_div<false, false>}, 4},
    {{"aten::div", "Scalar", old_div<true, false>}, 4},
    {{"aten::div_", "Tensor", old_div<false, true>}, 4},
    {{"aten::div_", "Scalar", old_div<true, true>}, 4},
    {{"aten::full", "-", old_full}, 5},
};

}  // namespace

std::span<const OldRow> old_rows() { return rows; }

}  // namespace okibi::script
