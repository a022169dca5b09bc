#include "checkpoint/module_objects.h"

#include <fmt/format.h>

namespace okibi::checkpoint {
namespace {

// Beyond these a file is no model, but one made to exhaust the stack or the time.
constexpr size_t deepest = 200, most_modules = 300'000;

class Gatherer {
 public:
  StateDict gather(const Value& root) {
    visit(root, "", 0);
    return std::move(found_);
  }

 private:
  void visit(const Value& module, const std::string& prefix, size_t depth);
  void take(const Dict& tensors, const std::string& prefix, const Value* left_out);

  StateDict found_;
  size_t modules_ = 0;
};

// What is None (a bias that was left out) has no name in a state_dict.
void Gatherer::take(const Dict& tensors, const std::string& prefix, const Value* left_out) {
  for (const auto& [name, value] : tensors) {
    const bool is_persistent = !left_out || left_out->kind() != ValueKind::set || !left_out->to_set().contains(name);
    if (value.is_tensor() && is_persistent) found_.set(prefix + name.to_string(), value);
  }
}

void Gatherer::visit(const Value& module, const std::string& prefix, size_t depth) {
  if (depth > deepest || ++modules_ > most_modules) {
    throw Error(ErrorKind::limit,
                fmt::format("modules lie more than {} deep, or in more than {} places", deepest, most_modules));
  }
  const auto members = members_of_module(module);
  if (!members) {
    throw Error(ErrorKind::mismatch, "this is no module").at("module", prefix).found(name_of(module.kind()));
  }
  take((*members)["_parameters"].to_dict(), prefix, nullptr);
  take((*members)["_buffers"].to_dict(), prefix, members->find("_non_persistent_buffers_set"));
  for (const auto& [name, child] : (*members)["_modules"].to_dict()) {
    if (!child.is_none()) visit(child, prefix + name.to_string() + '.', depth + 1);
  }
}

}  // namespace

bool is_graph_module(const Object& object) noexcept {
  const Object::Parts& parts = object.parts();
  return parts.module == graph_module_maker.first && parts.name == graph_module_maker.second &&
         !parts.arguments.empty();
}

std::optional<Dict> members_of_module(const Value& value) {
  if (!value.is_object()) return std::nullopt;
  const Object object = value.to_object();
  const Value& members = is_graph_module(object) ? object.parts().arguments[0] : object.parts().state;
  if (!members.is_dict()) return std::nullopt;
  for (const char* needed : {"_parameters", "_buffers", "_modules"}) {
    const Value* member = members.to_dict().find(needed);
    if (member == nullptr || !member->is_dict()) return std::nullopt;
  }
  return members.to_dict();
}

StateDict state_dict_of_module(const Value& module) { return Gatherer().gather(module); }

}  // namespace okibi::checkpoint
