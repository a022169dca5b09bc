// What a tensor's bytes are as numbers, where that is more than a matter of the dtype: lazily conjugated, lazily
// negated, quantised.
#pragma once

#include "tensor/body.h"
#include "tensor/element.h"

namespace okibi {

// One element. `channel`: its index in the dimension along which the tensor is quantised.
Wide load_number(const TensorBody& body, const std::byte* at, int64_t channel = 0);
bool has_numbers(const TensorBody& body) noexcept;  // its dtype is one that load_number reads

// Conjugates and negates the elements of a contiguous tensor in place, as `extras` say.
void make_true(const TensorBody& body, const TensorExtras& extras);

// The integer dtype in which a quantised dtype is stored. Error(unsupported) for packed ones.
DType stored_dtype(DType quantised);

}  // namespace okibi
