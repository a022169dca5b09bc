// checkpoint/formats/torch_tar.h: what torch.save wrote before 0.1.10: a tar archive of four files.
//
//   sys_info   a pickle; nobody needs it
//   pickle     the object; its persistent ids are keys of tensors and storages, or (class, file, source)
//   tensors    n, and n times: (key, key of its storage, class) as a pickle; i32 ndim, 4 bytes of nothing, i64 sizes,
//              i64 strides, i64 storage_offset
//   storages   n, and n times: (key, location, class) as a pickle; i64 numel, the elements. Then a pickle of
//              [(key, key of its root, offset, numel), …]: storages that are views of others
//
// PyTorch unpacks it into a folder and runs its pickles, and so does not load it under weights_only. Here its tables
// are translated to what the pickles of later versions say (_rebuild_tensor of storages with keys), and the rest is
// shared.
#pragma once

#include "checkpoint/formats/tar.h"
#include "checkpoint/opened_file.h"

namespace okibi::checkpoint {

std::unique_ptr<const OpenedFile> open_torch_tar(std::shared_ptr<const io::Source> source, const LoadOptions& options);

}  // namespace okibi::checkpoint
