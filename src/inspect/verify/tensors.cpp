#include <algorithm>
#include <set>

#include "checkpoint/opened_file.h"
#include "inspect/verify/checks.h"

namespace okibi::inspect {
namespace {

// Makes nothing; tells what cannot be made, and goes on.
class Checker final : public checkpoint::TensorMaker {
 public:
  Checker(Verifier& verifier, const checkpoint::OpenedFile& file) : verifier_(verifier), file_(file) {}

  Tensor make(const checkpoint::StorageRef& ref, const checkpoint::TensorSpec& spec) override {
    if (bad_.contains(ref.key)) return stand_in(spec);
    try {
      const checkpoint::Extent extent = file_.extent_of(ref);
      // The check is that of real tensors, over a storage with a length and no bytes.
      Tensor::over(Storage::borrow(nullptr, nullptr, extent.record->size), spec.dtype, spec.sizes, spec.strides,
                   spec.storage_offset);
    } catch (const Error& error) {
      const bool told = !error.places().empty() && error.places()[0].first == "record";
      if (told) bad_.insert(ref.key);
      told ? verifier_.add(error) : verifier_.add("data/" + ref.key, std::nullopt, error.sentence());
    }
    return stand_in(spec);
  }
  Tensor assemble(const checkpoint::Assembly& assembly) override {
    for (const auto& box : assembly.boxes) {
      const checkpoint::PlacedTensor piece = file_.piece(box.piece);
      make(piece.storage, piece.spec);
    }
    return empty_meta(assembly.sizes, assembly.dtype);
  }

 private:
  static Tensor stand_in(const checkpoint::TensorSpec& spec) {
    try {
      return empty_meta(spec.sizes, spec.dtype);
    } catch (const Error&) {
      return empty_meta({0}, spec.dtype);  // the sizes themselves were what is wrong
    }
  }

  Verifier& verifier_;
  const checkpoint::OpenedFile& file_;
  std::set<std::string> bad_;  // storages that were told
};

// Indices of sparse tensors and sizes of nested ones are numbers in the file. The rest of it stays there: it is mapped.
void verify_parts_of_tensors(const SourcePtr& source, LoadOptions options) {
  const Archive archive = open(source, options);
  const auto has_parts = [](const TensorEntry& entry) { return entry.layout != Layout::strided; };
  if (std::ranges::none_of(archive.tensors(), has_parts)) return;
  options.mmap = true;
  load(source, options);
}

}  // namespace

void verify_tensors(Verifier& verifier, const SourcePtr& source) {
  const LoadOptions options = {
      .limits = verifier.options.limits, .any_class_as_data = true, .stop = verifier.options.stop};
  const auto file = checkpoint::open_file(source, options);
  Checker checker(verifier, *file);
  file->object(checker);
  if (verifier.report.ok()) verify_parts_of_tensors(source, options);
}

}  // namespace okibi::inspect
