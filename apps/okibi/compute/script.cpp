// okibi script URI
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/jit.h>

#include "compute_verbs.h"
#include "options.h"
#include "table.h"
#include "terminal.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

// ---------------------------------------------------------------------------------------------------- for programs

Json json_of(const jit::Function& function) {
  Json parameters = Json::array();
  for (const jit::Parameter& parameter : function.parameters) {
    Json json = {{"name", parameter.name}, {"type", parameter.type}};
    if (parameter.default_value) json["default"] = *parameter.default_value;
    parameters.push_back(std::move(json));
  }
  return {{"name", function.name},
          {"parameters", std::move(parameters)},
          {"returns", function.returns.empty() ? Json() : Json(function.returns)},
          {"where", function.where}};
}

Json json_of(const jit::Attribute& attribute) {
  Json json = {{"name", attribute.name}, {"role", name_of(attribute.role)}};
  if (!attribute.type.empty()) json["type"] = attribute.type;
  if (attribute.value) json["value"] = *attribute.value;
  return json;
}

Json json_of(const jit::Operator& op) {
  return {{"name", op.name}, {"uses", op.uses}, {"first", op.first}, {"supported", op.supported}};
}

Json json_of(const jit::Problem& problem) { return {{"function", problem.function}, {"problem", problem.problem}}; }

Json json_of(const jit::ExtraFile& file) { return {{"name", file.name}, {"nbytes", file.nbytes}}; }

Json json_of(const jit::Class& c);

template <class Items>
Json list_of(const Items& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(json_of(item));
  return list;
}

Json json_of(const jit::Class& c) {
  return {{"name", c.name},
          {"kind", name_of(c.kind)},
          {"attributes", list_of(c.attributes)},
          {"methods", list_of(c.methods)}};
}

void print_json(const jit::Description& program) {
  const Json document = {{"okibi_version", version()},
                         {"format", "torchscript"},
                         {"format_version", program.version},
                         {"root", program.root},
                         {"classes", list_of(program.classes)},
                         {"functions", list_of(program.functions)},
                         {"operators", list_of(program.operators)},
                         {"problems", list_of(program.problems)},
                         {"extra_files", list_of(program.extra_files)}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

// ------------------------------------------------------------------------------------------------------- for people

std::string signature_of(const jit::Function& function) {
  std::string text = function.name + '(';
  for (const jit::Parameter& parameter : function.parameters) {
    if (&parameter != &function.parameters[0]) text += ", ";
    text += fmt::format("{}: {}", parameter.name, parameter.type);
    if (parameter.default_value) text += '=' + *parameter.default_value;
  }
  text += ')';
  if (!function.returns.empty()) text += " -> " + function.returns;
  return printable(text);
}

std::string line_of(const jit::Attribute& attribute) {
  std::string text = attribute.name;
  if (!attribute.type.empty()) text += ": " + attribute.type;
  if (attribute.value) text += " = " + *attribute.value;
  const bool is_plain = attribute.role == jit::AttributeRole::attribute || attribute.role == jit::AttributeRole::member;
  return printable(is_plain ? text : fmt::format("{}  ({})", text, name_of(attribute.role)));
}

void print_class(const jit::Class& c) {
  const std::string kind = c.kind == jit::ClassKind::plain ? "" : fmt::format("({})", name_of(c.kind));
  fmt::print("\n{}\n", bold(printable(fmt::format("class {}{}", c.name, kind)), STDOUT_FILENO));
  for (const jit::Attribute& attribute : c.attributes) fmt::print("  {}\n", line_of(attribute));
  for (const jit::Function& method : c.methods) fmt::print("  def {}\n", signature_of(method));
}

void print_operators(const std::vector<jit::Operator>& operators) {
  Table table({"operator", "supported", "first use", "uses"}, 3);
  for (const jit::Operator& op : operators) {
    table.add({printable(op.name), op.supported ? "yes" : "no", printable(op.first), std::to_string(op.uses)});
  }
  if (!operators.empty()) fmt::print("\n");
  table.print();
}

void print_text(const jit::Description& program) {
  fmt::print("TorchScript program of class {}, format version {}\n", printable(program.root), program.version);
  for (const jit::ExtraFile& file : program.extra_files) {
    fmt::print("with the file {}, {}\n", printable(file.name), human_bytes(file.nbytes));
  }
  for (const jit::Class& c : program.classes) print_class(c);
  if (!program.functions.empty()) fmt::print("\n");
  for (const jit::Function& function : program.functions) fmt::print("def {}\n", signature_of(function));
  print_operators(program.operators);
  if (!program.problems.empty()) fmt::print("\n");
  for (const jit::Problem& problem : program.problems) {
    fmt::print("not understood: {}: {}\n", printable(problem.function), printable(problem.problem));
  }
  const auto missing = std::ranges::count(program.operators, false, &jit::Operator::supported);
  fmt::print("\n{}\n", bold(fmt::format("{} operators, {} of them not supported", program.operators.size(), missing),
                            STDOUT_FILENO));
}

}  // namespace
}  // namespace okibi::app

int okibi_verb_script(int count, char** arguments) {
  using namespace okibi;
  std::string uri;
  bool json = false;
  app::Options options(
      "script",
      "Tell what a TorchScript program holds: classes, methods with their signatures, and the operators "
      "that its source calls, with those that okibi does not have. Nothing is run.",
      "okibi script model_scripted.pt");
  options.positional("URI", uri, "a program of torch.jit.save");
  options.flag("--json", json, "one JSON document");
  if (!options.parse(count, arguments)) return 0;

  const jit::Description program = jit::describe(uri);
  json ? app::print_json(program) : app::print_text(program);
  return 0;
}
