// okibi/nn/utils.h: torch.nn.utils: gradients held within bounds before a step.
#pragma once

#include <vector>

#include <okibi/tensor.h>

namespace okibi::nn::utils {

// Multiplies all gradients in place by max_norm / (total norm + 1e-6), but by no more than 1, and returns the total
// norm: that of the norms of each gradient. `norm_type` may be any number, 0 (how many are not 0) and ±infinity too.
// A sparse gradient counts as what it is once its duplicate rows are summed. Parameters without a gradient are passed
// over. With error_if_nonfinite, a norm of NaN or infinity is Error(bad_argument), and nothing was changed then.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);

// Every gradient's numbers, held between -clip_value and clip_value in place. A sparse gradient's duplicate rows are
// summed first (PyTorch refuses sparse ones); the parameter's gradient is then another tensor.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);

}  // namespace okibi::nn::utils
