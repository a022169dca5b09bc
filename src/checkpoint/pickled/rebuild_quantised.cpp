// _rebuild_qtensor(storage, storage_offset, size, stride, quantizer_params, requires_grad, backward_hooks)
#include <fmt/format.h>

#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/rebuild.h"

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

namespace {

std::optional<QScheme> scheme_named(std::string_view name) {
  for (const QScheme scheme : {QScheme::per_tensor_affine, QScheme::per_channel_affine, QScheme::per_tensor_symmetric,
                               QScheme::per_channel_symmetric, QScheme::per_channel_affine_float_qparams}) {
    if (name == name_of(scheme)) return scheme;
  }
  return std::nullopt;
}

}  // namespace

// Scales and zero points: a tensor, or as PyTorch before 1.5 wrote them a list.
Tensor Rebuilder::numbers_in(const Value& list, std::string_view name) const {
  if (list.is_tensor()) return list.to_tensor();
  if (!list.is_list()) throw Error(ErrorKind::bad_file, fmt::format("the {} of a tensor are no numbers", name));
  std::vector<double> numbers;
  for (const Value& item : list.to_list()) numbers.push_back(item.to_double());
  return okibi::tensor(numbers);
}

// (torch.per_tensor_affine, scale, zero point), (torch.per_channel_affine, scales, zero points, axis)
Quantizer Rebuilder::quantizer_of(NodeId parameters) {
  Arguments arguments(graph_, "the parameters of a quantised tensor", parameters, 3, 4);
  arguments.must_be(0, "the scheme", Kind::global);
  const auto scheme = scheme_named(graph_.text(arguments[0]));
  if (!scheme) arguments.fail(0, "the scheme", "a torch.qscheme");
  Quantizer quantizer{.scheme = *scheme};
  if (arguments.size() == 3) {
    quantizer.scale = made(arguments[1]).to_double();
    quantizer.zero_point = arguments.integer(2, "the zero point");
  } else {
    quantizer.scales = numbers_in(made(arguments[1]), "scales");
    quantizer.zero_points = numbers_in(made(arguments[2]), "zero points");
    quantizer.axis = arguments.integer(3, "the axis");
  }
  const bool by_channel = *scheme != QScheme::per_tensor_affine && *scheme != QScheme::per_tensor_symmetric;
  if (by_channel != (arguments.size() == 4)) arguments.fail(0, "the scheme", "one with these parameters");
  return quantizer;
}

Value Rebuilder::quantised_tensor(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 7, 7);
  const Tensor integers = strided(arguments, std::nullopt);
  const Tensor tensor = quantized_tensor(integers, quantizer_of(arguments[4]));
  tensors_.also_made(tensor, integers);
  if (arguments.boolean(5, "requires_grad")) tensor.requires_grad_();
  return tensor;
}

}  // namespace okibi::checkpoint
