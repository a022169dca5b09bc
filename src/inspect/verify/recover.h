// inspect/verify/recover.h: what is whole of a checkpoint that was damaged.
//
// Of a zip archive whose end is missing the records can still be found, one behind the other: each has its header in
// front and a descriptor behind. A stream of torch.save and safetensors say at their begin where the tensors are. Of a
// folder, files may be missing or cut.
#pragma once

#include <okibi/inspect.h>

namespace okibi::inspect {

// Errors say why nothing is found: an index that is not whole, a format that has it at its end.
Recoverable recoverable_of(const std::string& uri, const VerifyOptions& options);

// Writes the tensors that are whole, piece by piece. Error(bad_file) where there are none.
Recoverable write_rescued(const std::string& uri, const std::string& target, const VerifyOptions& options);

}  // namespace okibi::inspect
