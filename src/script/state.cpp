#include "script/state.h"

#include <fmt/format.h>

#include "model/saved_module.h"

namespace okibi::script {
namespace {

using model::max_module_depth, model::max_module_places;

class Gathering {
 public:
  explicit Gathering(Program& program) : program_(program) {}
  void add(const Object& module, const std::string& prefix, size_t depth);
  StateDict take() { return std::move(found_); }

 private:
  void add_tensors(const Object& module, const std::vector<std::string>& names, const std::string& prefix);

  Program& program_;
  StateDict found_;
  size_t places_ = 0;
};

void Gathering::add_tensors(const Object& module, const std::vector<std::string>& names, const std::string& prefix) {
  for (const std::string& name : names) {
    if (!module.has(name) || !module.attribute(name).is_tensor()) continue;
    found_.set(prefix + name, module.attribute(name).to_tensor().detach());
  }
}

void Gathering::add(const Object& module, const std::string& prefix, size_t depth) {
  if (depth > max_module_depth || ++places_ > max_module_places) {
    throw Error(ErrorKind::limit, "the modules of the program hold one another without an end, or are more than any")
        .expected(fmt::format("at most {} levels and {} modules", max_module_depth, max_module_places));
  }
  const Class& c = *program_.class_named(module.python_class()).source;
  add_tensors(module, c.parameters, prefix);
  add_tensors(module, c.buffers, prefix);
  for (const Attribute& attribute : c.attributes) {
    if (!module.has(attribute.name) || !module.attribute(attribute.name).is_object()) continue;
    const Object child = module.attribute(attribute.name).to_object();
    const ClassInfo* info = program_.find_class(child.python_class());
    if (info && info->source->kind == ClassKind::module) add(child, prefix + attribute.name + '.', depth + 1);
  }
}

}  // namespace

StateDict state_dict_of(Program& program, const Object& root) {
  Gathering gathering(program);
  gathering.add(root, "", 0);
  return gathering.take();
}

}  // namespace okibi::script
