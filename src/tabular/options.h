// The options of training: what was asked for, what a checkpoint keeps, and how both come together.
#pragma once

#include <okibi/tabular.h>

namespace okibi::tabular {

// Given ones first, then those of the checkpoint, then the defaults. An option that cannot change on resume and was
// given another value is Error(mismatch); a value that makes no sense is Error(bad_argument). Both name the option.
TrainOptions resolve(const TrainRequest& request, const std::optional<TrainOptions>& saved);

Value to_value(const TrainOptions& options);
TrainOptions options_from_value(const Value& value);

}  // namespace okibi::tabular
