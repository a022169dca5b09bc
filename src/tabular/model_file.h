// What a model file and a resume checkpoint have in common.
#pragma once

#include <okibi/tabular.h>

namespace okibi::tabular {

// The keys that say what a model is, behind those of its weights: {"encoder", "model", "okibi_version"}.
void describe(const Dict& file, const Encoder& encoder, const ModelShape& shape);

// The encoder and the model of a file, with its weights. A file that is something else is Error(mismatch) that calls
// for a `wanted` and lists the keys there are. Nothing is drawn from the default generator in the end.
TrainedModel model_from_value(const Value& file, std::string_view wanted);

// Error(mismatch) unless all of the keys are there.
void check_keys(const Value& file, std::initializer_list<std::string_view> keys, std::string_view wanted);

}  // namespace okibi::tabular
