// checkpoint/formats/torchscript.h: the programs of torch.jit.save since 1.2, of C++'s torch::save, and those for
// mobile devices (.ptl). Their layout, beside that of a torch zip:
//
//   <root>/data.pkl            the module with its attributes; classes are __torch__.… names
//   <root>/code/__torch__.py   the source of those classes, which says which tensors are parameters and buffers
//   <root>/constants.pkl       what the code refers to as CONSTANTS.c0 …
//
// The module comes as an Object with its submodules, tensors and other attributes. No code is run: none is read, but
// for the two lines of each class that name its parameters and buffers.
#pragma once

#include <okibi/zip.h>

#include "checkpoint/opened_file.h"

namespace okibi::checkpoint {

// Whether these are the records of a program. Error(unsupported) for those of before 1.2, and for torch.package.
bool is_torchscript(const zip::Reader& records);
std::unique_ptr<const OpenedFile> open_torchscript(zip::Reader records, const LoadOptions& options);
// The tuple in constants.pkl, whose storages lie in constants/.
std::unique_ptr<const OpenedFile> open_torchscript_constants(zip::Reader records, const LoadOptions& options);

}  // namespace okibi::checkpoint
