// checkpoint/formats/pt2.h: programs of torch.export.save: their weights and constants. Nothing of the program itself is
// read. A zip archive of (since 2.9)
//
//   models/<name>.json                                     the program
//   data/weights/<name>_weights_config.json                fqn → which record, and how the tensor lies in it
//   data/weights/weight_0 …                                the bytes of a storage; or a file of torch.save (use_pickle)
//   data/constants/<name>_constants_config.json, tensor_0 …, custom_obj_0 …, opaque_obj_0 …
//
// before that data/weights/<name>.pt and data/constants/<name>.pt, files of torch.save; and before 2.8
// serialized_state_dict.pt and serialized_constants.pt.
//
// The object has the names of torch.export.ExportedProgram: {"state_dict": {fqn: tensor}, "constants": {fqn: tensor}}; of
// several programs, a dict of such by their names. A constant that is no tensor is what the config says of it
// ({"path_name": "opaque_obj_0", "use_pickle": True}): its own record, a pickle of anything, is never read.
#pragma once

#include <okibi/zip.h>

#include "checkpoint/opened_file.h"

namespace okibi::checkpoint {

bool is_pt2(const zip::Reader& records);
std::unique_ptr<const OpenedFile> open_pt2(zip::Reader records, const LoadOptions& options);

}  // namespace okibi::checkpoint
