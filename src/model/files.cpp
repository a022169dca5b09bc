#include <okibi/model.h>
#include <okibi/store.h>

namespace okibi {
namespace {

// Classes are names here: from_value says what okibi makes of each, and names those that it does not have.
LoadOptions as_data(LoadOptions options) {
  options.any_class_as_data = true;
  return options;
}

}  // namespace

void save(const nn::Module& module, const std::string& uri, const SaveOptions& options) {
  save(model::to_value(module), uri, options);
}

void save(const nn::Module& module, io::Sink& sink, const SaveOptions& options) {
  save(model::to_value(module), sink, options);
}

nn::AnyModule load_module(const std::string& uri, const ModuleLoadOptions& options) {
  const Value value = load(uri, as_data(options.file));  // says itself where an error lies
  return in_context("", store::shown(uri), [&] { return model::from_value(value, options.classes); });
}

nn::AnyModule load_module(std::shared_ptr<const io::Source> source, const ModuleLoadOptions& options) {
  return model::from_value(load(std::move(source), as_data(options.file)), options.classes);
}

nn::AnyModule load_module(const Buffer& buffer, const ModuleLoadOptions& options) {
  return model::from_value(load(buffer, as_data(options.file)), options.classes);
}

}  // namespace okibi
