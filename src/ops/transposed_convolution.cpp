// Transposed convolutions: the gradient of a convolution by its input, as an operation.
#include <fmt/format.h>

#include "ops/convolution.h"

namespace okibi::ops {
namespace {

template <size_t spatial>
struct ConvTransposeNames;
#define OKIBI_CONV_TRANSPOSE(n, overload)                                                                    \
  template <>                                                                                                \
  struct ConvTransposeNames<n> {                                                                             \
    static constexpr std::string_view schema =                                                               \
        "aten::conv_transpose" #n "d" overload "(Tensor input, Tensor weight, Tensor? bias=None, SymInt[" #n \
        "] stride=1, SymInt[" #n "] padding=0, SymInt[" #n "] output_padding=0, SymInt groups=1, SymInt[" #n \
        "] dilation=1) -> Tensor";                                                                           \
  };
OKIBI_CONV_TRANSPOSE(1, "")
OKIBI_CONV_TRANSPOSE(2, ".input")
OKIBI_CONV_TRANSPOSE(3, ".input")
#undef OKIBI_CONV_TRANSPOSE

template <size_t spatial>
struct ConvTranspose {
  static constexpr std::string_view schema = ConvTransposeNames<spatial>::schema;
  static Tensor compose(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride,
                        const Dims& padding, const Dims& output_padding, int64_t groups, const Dims& dilation) {
    check_spatial(weight, spatial, "conv_transpose");
    return convolved(x, weight, bias, {stride, padding, dilation, true, output_padding, groups});
  }
};

}  // namespace

std::span<const okibi::Op> transposed_convolution_ops() {
  static constexpr okibi::Op rows[] = {entry<ConvTranspose<1>>(), entry<ConvTranspose<2>>(), entry<ConvTranspose<3>>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor conv_transpose(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeOptions& options) {
  return ops::convolved(
      x, weight, bias,
      {options.stride, options.padding, options.dilation, true, options.output_padding, options.groups});
}

}  // namespace okibi
