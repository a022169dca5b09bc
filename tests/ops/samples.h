// Sample arguments for every operator of the table. The gradient test and the comparison with PyTorch both walk the
// table and fail for an operator that has no sample here.
#pragma once

#include <set>

#include "sample_tensors.h"

namespace okibi::samples {

const Map& all();

// Tensors of floating point that get no gradient: weights of losses and running statistics, as in PyTorch.
inline bool gets_gradient(std::string_view name, size_t argument) {
  static const std::set<std::string_view> first_alone = {"torchvision::roi_align", "aten::view_as", "aten::reshape_as",
                                                         "aten::expand_as", "aten::quantile", "aten::nanquantile",
                                                         "aten::hinge_embedding_loss", "aten::soft_margin_loss",
                                                         "aten::multi_margin_loss", "aten::linalg_pinv.rcond_tensor",
                                                         "aten::cholesky_solve"};
  if (name == "aten::batch_norm") return argument < 3;
  if (first_alone.contains(name)) return argument < 1;
  if (name == "aten::_native_multi_head_attention" || name == "aten::_transformer_encoder_layer_fwd" ||
      name == "aten::remainder.Scalar_Tensor") {
    return false;
  }
  // Beside the result they give its statistics, whose gradients PyTorch drops; or it has none at all.
  static const std::set<std::string_view> with_statistics = {
      "aten::native_layer_norm",          "aten::native_group_norm",
      "aten::native_batch_norm",          "aten::_native_batch_norm_legit",
      "aten::native_channel_shuffle", "aten::vander", "aten::cholesky_inverse", "aten::_native_batch_norm_legit.no_stats", "aten::_native_batch_norm_legit_no_training"};
  if (with_statistics.contains(name)) return false;
  if (name.starts_with("aten::fft_") || name == "aten::istft") return name.ends_with("shift");  // none through complex numbers
  if (name == "aten::instance_norm") return argument < 3;
  if (name == "aten::binary_cross_entropy" || name == "aten::nll_loss_nd" || name == "aten::cross_entropy_loss" ||
      name == "aten::binary_cross_entropy_with_logits") {
    return argument < 2;
  }
  return true;
}

// Whether the tensors among the arguments are such as finite differences can be taken of.
inline bool has_doubles_alone(const Arguments& sample) {
  bool some = false, others = false;
  const auto look = [&](const Value& value) {
    if (!value.is_tensor() || !is_floating_point(value.to_tensor().dtype())) return;
    (value.to_tensor().dtype() == float64 ? some : others) = true;
  };
  for (const Value& argument : sample) {
    look(argument);
    for (size_t i = 0; argument.is_list() && i < argument.size(); ++i) look(argument[i]);
  }
  return some && !others;
}

// Where there is no derivative, because of integers, or the gradient is another one on purpose: a padding row gets
// none, and frequent rows get less. PyTorch alone judges these.
inline bool is_no_derivative(std::string_view name, const Arguments& sample) {
  static const std::set<std::string_view> none = {"torchvision::nms", "aten::_native_multi_head_attention",
                                                  "aten::_transformer_encoder_layer_fwd",
                                                  // with the part of a log_softmax before it
                                                  "aten::ctc_loss.Tensor", "aten::ctc_loss.IntList",
                                                  // of matrices that are taken to be symmetric
                                                  "aten::linalg_cholesky", "aten::linalg_cholesky_ex",
                                                  "aten::linalg_eigh", "aten::linalg_eigvalsh",
                                                  // whose rank would change
                                                  "aten::linalg_pinv", "aten::linalg_pinv.atol_rtol_float"};
  if (none.contains(name) || !has_doubles_alone(sample)) return true;
  if (sample[0].is_tensor() && !is_floating_point(sample[0].to_tensor().dtype())) return !name.starts_with("aten::where.");
  if (name == "aten::embedding_bag.padding_idx") return sample[3].to_bool() || !sample[8].is_none();
  return name == "aten::embedding" && (sample[2].to_int() >= 0 || sample[3].to_bool());
}

}  // namespace okibi::samples
