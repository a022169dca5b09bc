// inspect/verify/recover.h: a torch zip archive whose end is missing. Its records can still be found, one behind the
// other: each has its header in front and a descriptor behind.
#pragma once

#include <okibi/inspect.h>

namespace okibi::inspect {

// Nothing where the file does not begin with such records, or its pickle is not whole.
std::optional<Recoverable> recoverable_of(const std::shared_ptr<const io::Source>& source,
                                          const VerifyOptions& options);

// The tensors that are whole, over a mapping of the file where it can be mapped.
Dict rescued_tensors(const std::shared_ptr<const io::Source>& source, const VerifyOptions& options);

}  // namespace okibi::inspect
