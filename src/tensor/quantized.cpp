#include <fmt/format.h>

#include "tensor/body.h"
#include "tensor/element.h"
#include "tensor/number_of.h"

namespace okibi {
namespace {

bool is_list_of_numbers(const Tensor& tensor, int64_t count) {
  return tensor.defined() && tensor.layout() == Layout::strided && tensor.dim() == 1 && tensor.size(0) == count &&
         (tensor.dtype() == float64 || tensor.dtype() == float32 || is_integral(tensor.dtype()));
}

void check_channels(const Tensor& integers, const Quantizer& quantizer) {
  if (quantizer.axis < 0 || quantizer.axis >= integers.dim()) {
    throw Error(ErrorKind::bad_argument, "the tensor has no dimension along which it could be quantised so")
        .expected(fmt::format("an axis from 0 to {}", integers.dim() - 1))
        .found(std::to_string(quantizer.axis));
  }
  const int64_t count = integers.size(quantizer.axis);
  if (is_list_of_numbers(quantizer.scales, count) && is_list_of_numbers(quantizer.zero_points, count)) return;
  throw Error(ErrorKind::bad_argument, "scales and zero points must be lists of numbers, one for each channel")
      .expected(fmt::format("{} of each", count))
      .found(fmt::format("{} and {}", quantizer.scales.defined() ? to_string(quantizer.scales.sizes()) : "none",
                         quantizer.zero_points.defined() ? to_string(quantizer.zero_points.sizes()) : "none"));
}

}  // namespace

std::string_view name_of(QScheme scheme) noexcept {
  constexpr std::string_view names[] = {"per_tensor_affine", "per_channel_affine", "per_tensor_symmetric",
                                        "per_channel_symmetric", "per_channel_affine_float_qparams"};
  return names[static_cast<size_t>(scheme)];
}

Tensor quantized_tensor(const Tensor& integers, Quantizer quantizer) {
  if (integers.layout() != Layout::strided || info(integers.dtype()).category != DTypeCategory::quantised) {
    throw Error(ErrorKind::bad_argument, "only a strided tensor of a quantised dtype can be quantised")
        .found(fmt::format("torch.{}, layout torch.{}", name_of(integers.dtype()), name_of(integers.layout())));
  }
  const bool by_channel = quantizer.scheme == QScheme::per_channel_affine ||
                          quantizer.scheme == QScheme::per_channel_symmetric ||
                          quantizer.scheme == QScheme::per_channel_affine_float_qparams;
  if (by_channel) check_channels(integers, quantizer);
  if (!by_channel) quantizer.scales = quantizer.zero_points = Tensor();
  Tensor result = same_numbers(integers);
  extras_of(result).quantizer = std::make_shared<const Quantizer>(std::move(quantizer));
  return result;
}

bool Tensor::is_quantized() const noexcept { return body_ && body_->is_quantized(); }

const Quantizer& Tensor::quantizer() const {
  const TensorBody& body = body_of(*this);
  if (body.is_quantized()) return *body.extras->quantizer;
  throw Error(ErrorKind::bad_argument, "the tensor is not quantised")
      .found(fmt::format("torch.{}", name_of(body.dtype)));
}

QScheme Tensor::qscheme() const { return quantizer().scheme; }

double Tensor::q_scale() const {
  if (!quantizer().scales.defined()) return quantizer().scale;
  throw Error(ErrorKind::bad_argument, "the tensor is quantised per channel: see q_per_channel_scales()");
}

int64_t Tensor::q_zero_point() const {
  if (!quantizer().scales.defined()) return quantizer().zero_point;
  throw Error(ErrorKind::bad_argument, "the tensor is quantised per channel: see q_per_channel_zero_points()");
}

namespace {

const Quantizer& channels_of(const Tensor& tensor) {
  const Quantizer& quantizer = tensor.quantizer();
  if (quantizer.scales.defined()) return quantizer;
  throw Error(ErrorKind::bad_argument, "the tensor is quantised as a whole: see q_scale() and q_zero_point()");
}

}  // namespace

Tensor Tensor::q_per_channel_scales() const { return channels_of(*this).scales; }
Tensor Tensor::q_per_channel_zero_points() const { return channels_of(*this).zero_points; }
int64_t Tensor::q_per_channel_axis() const { return channels_of(*this).axis; }

Tensor Tensor::int_repr() const {
  quantizer();
  return Tensor::over(storage(), stored_dtype(dtype()), sizes(), strides(), storage_offset()).clone();
}

// (integers - zero) * scale, the lists stretched along their axis.
Tensor Tensor::dequantize() const {
  const NoGrad computing;
  const Tensor integers = int_repr();
  Tensor result = empty(sizes(), {.dtype = float32, .device = device()});
  const int64_t channels = quantizer().scales.defined() ? size(quantizer().axis) : 1;
  int64_t inner = 1;
  for (int64_t dim = quantizer().scales.defined() ? quantizer().axis + 1 : this->dim(); dim < this->dim(); ++dim)
    inner *= size(dim);
  if (!quantizer().scales.defined()) inner = std::max<int64_t>(1, numel());
  TensorBody as_stored = TensorBody();
  as_stored.dtype = dtype();
  as_stored.extras = std::make_unique<TensorExtras>(*body_->extras);
  const auto step = static_cast<int64_t>(itemsize(dtype()));
  for (int64_t i = 0; i < numel(); ++i) {
    const int64_t channel = i / inner % channels;
    result.data<float>()[i] =
        static_cast<float>(std::get<double>(load_number(as_stored, integers.raw_data() + i * step, channel)));
  }
  return result;
}

}  // namespace okibi
