// checkpoint/formats/named_tensors.h: a Value → what the formats can hold that know only named tensors.
#pragma once

#include <okibi/value.h>

namespace okibi::checkpoint {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The tensors of dicts in dicts; the name of each is its keys joined by '.'. Error(unsupported) that lists what else is
// there: such a format would lose it. Error(bad_argument) when two tensors would get one name. Iterative.
NamedTensors named_tensors(const Value& value);
uint64_t total_nbytes(const NamedTensors& tensors);  // of all elements

}  // namespace okibi::checkpoint
