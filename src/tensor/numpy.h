// NumPy's objects as numbers and as text; see from_numpy() in okibi/value.h.
#pragma once

#include <okibi/value.h>

#include <optional>
#include <string>
#include <string_view>

#include "tensor/value_print.h"

namespace okibi {

// "f4" ⇄ float32; nothing, or "", for what the other does not have.
std::optional<DType> dtype_of_numpy_code(std::string_view code);
std::string_view numpy_code_of(DType dtype);

// The number in a NumPy scalar; nothing for all else.
std::optional<Value> number_of_numpy(const Value& value);

// "np.float32(0.5)", "array([1, 2])"; nothing for what is not NumPy's or no numbers.
std::optional<std::string> numpy_text(const Value& value);

}  // namespace okibi
