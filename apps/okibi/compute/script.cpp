// okibi script URI
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include <okibi/jit.h>

#include "compute_verbs.h"
#include "options.h"
#include "table.h"
#include "terminal.h"

namespace okibi::app {
namespace {

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
  json ? fmt::print("{}\n", jit::to_json(program)) : app::print_text(program);
  return 0;
}
