// The public functions: find out what a file is, and hand it to its format.
#include <okibi/checkpoint.h>

#include "checkpoint/in_file.h"
#include "checkpoint/formats/looks_like.h"
#include "checkpoint/formats/torch_zip.h"

namespace okibi {
namespace {

// A Buffer of the caller's as a Source that nobody owns.
std::shared_ptr<const io::Source> borrowed(const Buffer& buffer) { return {std::shared_ptr<void>(), &buffer}; }

}  // namespace

Value load(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return checkpoint::in_file(*source, [&] {
    if (!zip::is_zip(*source)) checkpoint::throw_no_checkpoint(*source);
    return checkpoint::load_torch_zip(source, options);
  });
}

Value load(const std::string& uri, const LoadOptions& options) {
  return load(store::default_store().open(uri), options);
}

Value load(const Buffer& buffer, const LoadOptions& options) { return load(borrowed(buffer), options); }

StateDict load_state_dict(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  const Value value = load(source, options);
  return checkpoint::in_file(*source, [&] { return StateDict(value); });
}

StateDict load_state_dict(const std::string& uri, const LoadOptions& options) {
  return load_state_dict(store::default_store().open(uri), options);
}

StateDict load_state_dict(const Buffer& buffer, const LoadOptions& options) {
  return load_state_dict(borrowed(buffer), options);
}

void save(const Value& value, io::Sink& sink, const SaveOptions& options) {
  checkpoint::save_torch_zip(value, sink, options);
}

void save(const Value& value, const std::string& uri, const SaveOptions& options) {
  SaveOptions named = options;
  if (named.root.empty()) named.root = zip::root_for(uri);
  const std::unique_ptr<io::Sink> sink = store::default_store().create(uri);
  save(value, *sink, named);
  sink->commit();
}

}  // namespace okibi
