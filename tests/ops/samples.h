// Sample arguments for every operator of the table. The gradient test and the comparison with PyTorch both walk the
// table and fail for an operator that has no sample here.
#pragma once

#include <set>

#include "sample_tensors.h"

namespace okibi::samples {

const Map& all();

// Tensors of floating point that get no gradient, as they are constants by what they mean: weights of losses, running
// statistics, bounds, and what gives no more than its sizes.
inline bool gets_gradient(std::string_view name, size_t argument) {
  static const std::set<std::string_view> first_alone = {"torchvision::roi_align",
                                                         "aten::view_as",
                                                         "aten::reshape_as",
                                                         "aten::expand_as",
                                                         "aten::quantile",
                                                         "aten::nanquantile",
                                                         "aten::hinge_embedding_loss",
                                                         "aten::soft_margin_loss",
                                                         "aten::multi_margin_loss",
                                                         "aten::linalg_pinv.rcond_tensor"};
  static const std::set<std::string_view> none = {
      "aten::_native_multi_head_attention", "aten::_transformer_encoder_layer_fwd", "aten::remainder.Scalar_Tensor"};
  static const std::set<std::string_view> first_two = {"aten::binary_cross_entropy", "aten::nll_loss_nd",
                                                       "aten::cross_entropy_loss",
                                                       "aten::binary_cross_entropy_with_logits"};
  if (none.contains(name)) return false;
  if (first_alone.contains(name)) return argument < 1;
  if (first_two.contains(name)) return argument < 2;
  if (name.find("batch_norm") != name.npos || name == "aten::instance_norm") return argument < 3;
  if (name.starts_with("aten::fft_") || name == "aten::istft") return name.ends_with("shift");  // none through complex
  return true;
}

// Where PyTorch gives none, so that finite differences alone judge it: it has none or fails, or takes the other
// triangle of a factor, which is not read, to be as good as this one.
inline bool pytorch_drops_gradient(std::string_view name, size_t argument) {
  return name == "aten::vander" || name == "aten::native_channel_shuffle" || name == "aten::cholesky_inverse" ||
         (name == "aten::cholesky_solve" && argument == 1);
}

// Norms that give their statistics beside the result, whose gradients PyTorch drops.
inline bool has_statistics_beside(std::string_view name) {
  return name.starts_with("aten::native_layer_norm") || name.starts_with("aten::native_group_norm") ||
         name.starts_with("aten::native_batch_norm") || name.starts_with("aten::_native_batch_norm_legit");
}

// What gradients are taken of: all numbers of a result that may have some, in one row where it has several tensors.
inline Tensor differentiable_part(std::string_view name, const Value& result) {
  if (result.is_tensor()) return result.to_tensor();
  if (has_statistics_beside(name)) return result[0].to_tensor();
  std::vector<Tensor> parts;
  for (const Tensor& each : tensors_in(result)) {
    if (is_floating_point(each.dtype())) parts.push_back(each.flatten());
  }
  return parts.empty() ? result[0].to_tensor() : cat(parts);
}

// Whether the tensors among the arguments are such as finite differences can be taken of.
inline bool has_doubles_alone(const Arguments& sample) {
  bool some = false, others = false;
  for (const Value& argument : sample) {
    for (const Tensor& tensor : tensors_in(argument)) {
      if (is_floating_point(tensor.dtype())) (tensor.dtype() == float64 ? some : others) = true;
    }
  }
  return some && !others;
}

// Where there is no derivative, because of integers, or the gradient is another one on purpose: a padding row gets
// none, and frequent rows get less. PyTorch alone judges these.
inline bool is_no_derivative(std::string_view name, const Arguments& sample) {
  static const std::set<std::string_view> none = {
      "torchvision::nms", "aten::_native_multi_head_attention", "aten::_transformer_encoder_layer_fwd",
      // with the part of a log_softmax before it
      "aten::ctc_loss.Tensor", "aten::ctc_loss.IntList",
      // of matrices that are taken to be symmetric
      "aten::linalg_cholesky", "aten::linalg_cholesky_ex", "aten::linalg_eigh", "aten::linalg_eigvalsh",
      // whose rank would change
      "aten::linalg_pinv", "aten::linalg_pinv.atol_rtol_float"};
  if (none.contains(name) || !has_doubles_alone(sample)) return true;
  if (sample[0].is_tensor() && !is_floating_point(sample[0].to_tensor().dtype()))
    return !name.starts_with("aten::where.");
  if (name == "aten::embedding_bag.padding_idx") return sample[3].to_bool() || !sample[8].is_none();
  return name == "aten::embedding" && (sample[2].to_int() >= 0 || sample[3].to_bool());
}

}  // namespace okibi::samples
