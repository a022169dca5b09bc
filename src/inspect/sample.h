#pragma once

#include <string>
#include <vector>

#include <okibi/checkpoint.h>

namespace okibi::inspect {

// The first few numbers of a tensor of the archive's skeleton, as PyTorch would print them: "  0.5000, -1.2500, …".
// Empty where they could not be had by reading a few kilobytes, or the tensor has no bytes.
std::string sample_text(const Archive& archive, const Tensor& in_skeleton);

}  // namespace okibi::inspect
