#include <okibi/jit.h>

#include <nlohmann/json.hpp>

namespace okibi::jit {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Function& function) {
  Json parameters = Json::array();
  for (const Parameter& parameter : function.parameters) {
    Json json = {{"name", parameter.name}, {"type", parameter.type}};
    if (parameter.default_value) json["default"] = *parameter.default_value;
    parameters.push_back(std::move(json));
  }
  return {{"name", function.name},
          {"parameters", std::move(parameters)},
          {"returns", function.returns.empty() ? Json() : Json(function.returns)},
          {"where", function.where}};
}

Json json_of(const Attribute& attribute) {
  Json json = {{"name", attribute.name}, {"role", name_of(attribute.role)}};
  if (!attribute.type.empty()) json["type"] = attribute.type;
  if (attribute.value) json["value"] = *attribute.value;
  return json;
}

Json json_of(const Operator& op) {
  return {{"name", op.name}, {"uses", op.uses}, {"first", op.first}, {"supported", op.supported}};
}

Json json_of(const Problem& problem) { return {{"function", problem.function}, {"problem", problem.problem}}; }

Json json_of(const ExtraFile& file) { return {{"name", file.name}, {"nbytes", file.nbytes}}; }

Json json_of(const Class& c);

template <class Items>
Json list_of(const Items& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(json_of(item));
  return list;
}

Json json_of(const Class& c) {
  return {{"name", c.name},
          {"kind", name_of(c.kind)},
          {"attributes", list_of(c.attributes)},
          {"methods", list_of(c.methods)}};
}

}  // namespace

// Names are whatever a file holds: what is no UTF-8 is replaced.
std::string to_json(const Description& program) {
  const Json document = {{"okibi_version", version()},
                         {"format", "torchscript"},
                         {"format_version", program.version},
                         {"root", program.root},
                         {"classes", list_of(program.classes)},
                         {"functions", list_of(program.functions)},
                         {"operators", list_of(program.operators)},
                         {"problems", list_of(program.problems)},
                         {"extra_files", list_of(program.extra_files)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace okibi::jit
