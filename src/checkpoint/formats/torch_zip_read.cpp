#include "checkpoint/formats/torch_zip.h"
#include "checkpoint/formats/zip_file.h"

namespace okibi::checkpoint {
namespace {

class TorchZip final : public ZipFile {
 public:
  TorchZip(zip::Reader records, const LoadOptions& options)
      : ZipFile(std::move(records), options), graph_(read_pickle("data.pkl")) {}

  Format format() const noexcept override { return Format::torch_zip; }
  uint64_t index_bytes() const noexcept override { return graph_.end_offset(); }
  Value object(TensorMaker& tensors) const override { return resolve(graph_, tensors, options_); }

 private:
  const pickle::Graph graph_;
};

}  // namespace

std::unique_ptr<const OpenedFile> open_torch_zip(zip::Reader records, const LoadOptions& options) {
  return std::make_unique<const TorchZip>(std::move(records), options);
}

}  // namespace okibi::checkpoint
