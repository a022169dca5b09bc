// checkpoint/torch_zip.h: the zip archives of torch.save since 1.4. Their layout stands in docs/formats.md:
//
//   <root>/data.pkl          the object; each storage in it is a persistent id with a key
//   <root>/.format_version   "1"   (since 2.7)
//   <root>/.storage_alignment  "64"  (since 2.7)
//   <root>/byteorder         "little" or "big"; missing means little
//   <root>/data/<key>        the bytes of each storage
//   <root>/version           "3\n"
//   <root>/.data/serialization_id
#pragma once

#include <okibi/checkpoint.h>
#include <okibi/pickle.h>
#include <okibi/zip.h>

namespace okibi::checkpoint {

Value load_torch_zip(std::shared_ptr<const io::Source> file, const LoadOptions& options);
void save_torch_zip(const Value& value, io::Sink& sink, const SaveOptions& options);

// Error(unsupported) for archives of other kinds (TorchScript, torch.export), Error(bad_file) for what PyTorch would
// refuse as well: no data.pkl, no version.
void check_is_checkpoint(const zip::Reader& records);
bool is_swapped(const zip::Reader& records);  // of the other byte order than this machine
pickle::Graph read_pickle(const zip::Reader& records, const Limits& limits);

}  // namespace okibi::checkpoint
