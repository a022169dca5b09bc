#include "tensor/number_of.h"

#include <fmt/format.h>

#include <cstring>

namespace okibi {
namespace {

Wide negated(const Wide& number) {
  return std::visit([](const auto& value) -> Wide { return cast_element<std::decay_t<decltype(value)>>(-value); },
                    number);
}

Wide conjugated(const Wide& number) {
  const auto* complex = std::get_if<std::complex<double>>(&number);
  return complex == nullptr ? number : Wide(std::conj(*complex));
}

Wide made_true(Wide number, const TensorExtras& extras) {
  if (extras.conj) number = conjugated(number);
  return extras.neg ? negated(number) : number;
}

double number_at(const Tensor& list, int64_t index) {
  const TensorBody& body = *list.body();
  const auto step = static_cast<int64_t>(itemsize(body.dtype)) * body.strides[0];
  return std::visit([](const auto& value) { return cast_element<double>(value); },
                    load_wide(body.dtype, body.data() + index * step));
}

// In float32, as PyTorch computes it.
float dequantized(const Quantizer& quantizer, int64_t integer, int64_t channel) {
  const bool by_channel = quantizer.scales.defined();
  const double scale = by_channel ? number_at(quantizer.scales, channel) : quantizer.scale;
  const double zero =
      by_channel ? number_at(quantizer.zero_points, channel) : static_cast<double>(quantizer.zero_point);
  return static_cast<float>(static_cast<double>(integer) - zero) * static_cast<float>(scale);
}

bool has_stored_dtype(DType dtype) noexcept { return dtype == qint8 || dtype == quint8 || dtype == qint32; }

}  // namespace

DType stored_dtype(DType quantised) {
  if (quantised == qint8) return int8;
  if (quantised == quint8) return uint8;
  if (quantised == qint32) return int32;
  throw Error(ErrorKind::unsupported,
              fmt::format("elements of torch.{} are packed several to a byte; okibi cannot look at single ones",
                          name_of(quantised)));
}

bool has_numbers(const TensorBody& body) noexcept {
  if (!body.is_quantized()) return has_element_type(body.dtype);
  const Tensor& scales = body.extras->quantizer->scales;
  return has_stored_dtype(body.dtype) && !(scales.defined() && scales.is_meta());
}

Wide load_number(const TensorBody& body, const std::byte* at, int64_t channel) {
  if (!body.extras) return load_wide(body.dtype, at);
  if (!body.is_quantized()) return made_true(load_wide(body.dtype, at), *body.extras);
  const auto integer = std::get<int64_t>(load_wide(stored_dtype(body.dtype), at));
  return static_cast<double>(dequantized(*body.extras->quantizer, integer, channel));
}

void make_true(const TensorBody& body, const TensorExtras& extras) {
  with_element_type(body.dtype, [&]<class T>(std::type_identity<T>) {
    std::byte* at = body.data();
    for (int64_t i = 0; i < body.numel; ++i, at += sizeof(T)) {
      T value;
      std::memcpy(&value, at, sizeof value);
      const Wide wide = made_true(Wide(widen(value)), extras);
      value = std::visit([](const auto& number) { return cast_element<T>(number); }, wide);
      std::memcpy(at, &value, sizeof value);
    }
  });
}

}  // namespace okibi
