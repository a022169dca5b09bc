// checkpoint/formats/zip_file.h: what the formats that are zip archives have in common, and which of them a file is.
#pragma once

#include <okibi/zip.h>

#include "checkpoint/opened_file.h"

namespace okibi::checkpoint {

// A torch zip, a TorchScript program or a .pt2: told apart by their records.
std::unique_ptr<const OpenedFile> open_zip_file(std::shared_ptr<const io::Source> source, const LoadOptions& options);
std::unique_ptr<const OpenedFile> open_zip_file(zip::Reader records, const LoadOptions& options);

// Whether a record that is small claims to inflate to much more than pickles do (Limits::max_pickle_ratio).
bool inflates_too_far(const zip::Record& record, const Limits& limits) noexcept;
// Of a record that is a pickle. Error(limit) when it inflates too far.
std::vector<std::byte> read_pickle_bytes(const zip::Reader& records, std::string_view record, const Limits& limits);

class ZipFile : public OpenedFile {
 public:
  std::string name() const override { return records_.source().name(); }
  // data/<key>, where the pickles of PyTorch say <key>.
  Extent extent_of(const StorageRef& storage) const override;

 protected:
  ZipFile(zip::Reader records, const LoadOptions& options);

  // Error(bad_file) when it is missing, or not exactly as long as the storage: PyTorch before 2.10 believed the pickle,
  // and read beyond the record.
  const zip::Record& record_of(const std::string& name, const StorageRef& storage) const;
  pickle::Graph read_pickle(std::string_view record) const;

  const zip::Reader records_;
  const LoadOptions options_;
  const bool swapped_;  // of the other byte order
};

}  // namespace okibi::checkpoint
