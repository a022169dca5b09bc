#include <okibi/jit.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "script/archive.h"
#include "script/operators_used.h"
#include "script/syntax/print.h"
#include "script/type.h"

namespace okibi::jit {

std::string_view name_of(AttributeRole role) noexcept {
  static constexpr std::array<std::string_view, 5> names = {"attribute", "parameter", "buffer", "constant", "member"};
  return names[static_cast<size_t>(role)];
}

// class_of() takes one for the other.
static_assert(static_cast<int>(ClassKind::module_interface) == static_cast<int>(script::ClassKind::module_interface));

std::string_view name_of(ClassKind kind) noexcept {
  static constexpr std::array<std::string_view, 6> names = {"",     "Module",    "NamedTuple",
                                                            "Enum", "Interface", "ModuleInterface"};
  return names[static_cast<size_t>(kind)];
}

namespace {

std::string type_text(const std::optional<script::TypeExpr>& type) {
  return type ? script::to_string(script::type_of(*type)) : "Tensor";  // what stands where nothing is said
}

Parameter parameter_of(const script::Parameter& parameter) {
  Parameter described{parameter.name, type_text(parameter.type)};
  if (parameter.default_value) described.default_value = script::to_source(*parameter.default_value);
  return described;
}

Function function_of(const script::Function& function, const std::string& record, bool is_method) {
  Function described{.name = function.name, .where = fmt::format("{}:{}", record, function.place.line)};
  const size_t own = is_method ? 1 : 0;  // self
  for (size_t i = own; i < function.parameters.size(); ++i) {
    described.parameters.push_back(parameter_of(function.parameters[i]));
  }
  described.returns = function.returns ? type_text(function.returns) : "";
  return described;
}

AttributeRole role_of(const script::Class& c, const script::Attribute& attribute) {
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, attribute.name) != names.end();
  };
  if (attribute.is_final) return AttributeRole::constant;
  if (is_in(c.parameters)) return AttributeRole::parameter;
  return is_in(c.buffers) ? AttributeRole::buffer : AttributeRole::attribute;
}

Attribute attribute_of(const script::Class& c, const script::Attribute& attribute) {
  Attribute described{attribute.name, type_text(attribute.type), role_of(c, attribute)};
  if (attribute.value) described.value = script::to_source(*attribute.value);
  return described;
}

Class class_of(const script::Class& c, const script::SourceFile& file) {
  Class described{.name = fmt::format("{}.{}", file.qualifier, c.name), .kind = static_cast<ClassKind>(c.kind)};
  for (const auto& attribute : c.attributes) described.attributes.push_back(attribute_of(c, attribute));
  for (const auto& member : c.members) {
    described.attributes.push_back({member.name, "", AttributeRole::member, script::to_source(member.value)});
  }
  for (const auto& method : c.methods) described.methods.push_back(function_of(method, file.record, true));
  return described;
}

void add(Description& to, const script::SourceFile& file) {
  for (const auto& c : file.file.classes) to.classes.push_back(class_of(c, file));
  for (const auto& function : file.file.functions) {
    to.functions.push_back(function_of(function, file.record, false));
    to.functions.back().name = fmt::format("{}.{}", file.qualifier, function.name);
  }
}

Description describe(std::unique_ptr<script::ScriptArchive> archive) {
  const std::string name = store::shown(archive->name());
  return in_context("", name, [&] {
    Description description{.version = archive->version(), .root = archive->root_class()};
    script::Sources& sources = archive->sources();
    for (const std::string& qualifier : sources.qualifiers()) {
      const script::SourceFile& file = *sources.file(qualifier);
      in_context("record", file.record, [&] { add(description, file); });
    }
    for (auto& [file, nbytes] : archive->extra_files()) description.extra_files.push_back({file, nbytes});
    script::Program program(std::move(archive));
    auto used = script::operators_used(program);
    description.operators = std::move(used.operators);
    description.problems = std::move(used.problems);
    return description;
  });
}

}  // namespace

Description describe(const std::string& uri, const Limits& limits) {
  return describe(script::open_script(uri, limits));
}

Description describe(std::shared_ptr<const io::Source> source, const Limits& limits) {
  return describe(std::make_unique<script::ScriptArchive>(std::move(source), limits));
}

}  // namespace okibi::jit
