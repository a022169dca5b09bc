// script/plan/fuse.h: convolutions and linear layers, made faster than operator by operator.
//
// Halves are computed in float32 and rounded where something else reads them.
//
// Batch norms go into the weights of the convolutions before them, additions and activations into the same operation,
// and between convolutions numbers stay in the layout in which they are computed fastest. Low digits change by it.
#pragma once

#include <variant>

#include "kernels/prepared.h"
#include "script/plan/plan.h"

namespace okibi::script {

// A convolution or a linear layer with all that it takes in: x ∗ weight · scale + bias + added, then the activation.
struct Fused {
  std::variant<kernels::Convolution, kernels::Linear> shape = {};
  Tensor weight, bias;  // as the program has them; bias may be undefined
  Tensor scale;         // of each filter of the weight, float64; undefined for 1
  std::string name;     // of what the weights were made of
  uint32_t x = 0;
  std::optional<uint32_t> added = {};
  kernels::FusedActivation activation = {};
  uint32_t out = 0;
};

// What stands in a draft in place of several instructions. Instruction::work is empty where there is one.
struct FusedDraft {
  Draft draft;
  std::vector<std::optional<Fused>> fused = {};  // by instruction
};

bool is_fused(DType dtype) noexcept;  // float32, and halves

// Of a draft that changes nothing in place: an operation takes the place of the last that it takes in.
FusedDraft fuse(Draft draft);
// None where oneDNN has not what it takes, or a weight is not finite.
std::optional<Draft> lay_out(FusedDraft fused, kernels::PackedWeights& packed);

// The activation that an instruction computes of its first argument. None where it is something else.
std::optional<kernels::FusedActivation> activation_of(const Instruction& instruction);

}  // namespace okibi::script
