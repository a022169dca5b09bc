#include "script/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "script/lowering.h"
#include "script/syntax/lexer.h"
#include "script/walk.h"

namespace okibi::script {
namespace {

Type parameter_type(const Parameter& parameter, bool is_self, const ClassInfo* of) {
  if (parameter.type) return type_of(*parameter.type);
  return is_self ? Type{TypeKind::named, of->name} : Type{TypeKind::tensor};
}

constexpr uint64_t types_always = 1 << 20, types_for_a_byte = 8, deepest_type = 200;

struct Measure {
  uint64_t types = 1, depth = 1;
};
Measure measure_of(const Type& type) {
  Measure all;
  for (const Type& item : type.items) {
    const Measure one = measure_of(item);
    all.types += one.types;
    all.depth = std::max(all.depth, one.depth + 1);
  }
  return all;
}

}  // namespace

Program::Program(std::unique_ptr<ScriptArchive> archive)
    : archive_(std::move(archive)), types_left_(types_always + types_for_a_byte * archive_->sources().bytes()) {}

void Program::spend(const Type& type, const Place& place) {
  const Measure measure = measure_of(type);
  if (measure.depth > deepest_type || measure.types > types_left_) {
    throw syntax_error(place, "the types of the program grow beyond those of any", ErrorKind::limit);
  }
  types_left_ -= measure.types;
}

uint64_t Program::changes() const {
  const std::lock_guard lock(changes_mutex_);
  return changes_;
}

void Program::note_change(const void* holder) {
  constexpr size_t most_known = 4096;
  const std::lock_guard lock(changes_mutex_);
  ++changes_;
  last_changes_.push_back(holder);
  if (last_changes_.size() > most_known) last_changes_.pop_front();
}

bool Program::were_changed(const std::unordered_set<const void*>& holders, uint64_t since) const {
  const std::lock_guard lock(changes_mutex_);
  const uint64_t missed = changes_ - since;
  if (missed > last_changes_.size()) return true;
  const auto first = last_changes_.end() - static_cast<std::ptrdiff_t>(missed);
  return std::any_of(first, last_changes_.end(), [&](const void* holder) { return holders.contains(holder); });
}

Signature signature_of(const Function& function, const ClassInfo* of) {
  Signature signature;
  for (const Parameter& parameter : function.parameters) {
    const bool is_self = of && signature.parameters.empty();
    const Expr* given = parameter.default_value ? &*parameter.default_value : nullptr;
    signature.parameters.push_back({parameter.name, parameter_type(parameter, is_self, of), given});
  }
  signature.returns = function.returns ? type_of(*function.returns) : Type{TypeKind::none};
  return signature;
}

std::unique_ptr<ClassInfo> Program::make_class(std::string_view name, const Class& source, const SourceFile& file) {
  return in_context("record", file.record, [&] {
    auto made = std::make_unique<ClassInfo>();
    made->name = name;
    made->source = &source;
    made->file = &file;
    for (const Attribute& attribute : source.attributes) {
      if (attribute.is_final) {
        made->constants.emplace(attribute.name, &attribute);
        continue;
      }
      made->attributes.emplace(attribute.name, type_of(attribute.type));
      if (source.kind == ClassKind::named_tuple) made->fields.push_back(attribute.name);
    }
    for (const Function& method : source.methods) made->methods.emplace(method.name, &method);
    return made;
  });
}

const ClassInfo* Program::find_class(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = classes_.find(name);
  if (found != classes_.end()) return found->second.get();
  const Class* source = archive_->sources().find_class(name);
  if (!source) return nullptr;
  const SourceFile& file = *archive_->sources().file_of(name);
  return classes_.emplace(std::string(name), make_class(name, *source, file)).first->second.get();
}

const ClassInfo& Program::class_named(std::string_view name) {
  if (const ClassInfo* found = find_class(name)) return *found;
  throw Error(ErrorKind::bad_file, fmt::format("the archive has no source of the class {}", printable(name, 200)));
}

Program::Found Program::find(const std::string& function) {
  const size_t dot = function.rfind('.');
  if (dot == function.npos) return {};
  if (const Function* free = archive_->sources().find_function(function))
    return {free, archive_->sources().file_of(function), nullptr};
  const ClassInfo* of = find_class(std::string_view(function).substr(0, dot));
  if (!of) return {};
  const auto method = of->methods.find(std::string_view(function).substr(dot + 1));
  return method == of->methods.end() ? Found{} : Found{method->second, of->file, of};
}

const Signature* Program::signature_of(const std::string& function) {
  const std::lock_guard lock(mutex_);
  const auto known = signatures_.find(function);
  if (known != signatures_.end()) return &known->second;
  const Found found = find(function);
  if (!found.function) return nullptr;
  Signature signature =
      in_context("record", found.file->record, [&] { return script::signature_of(*found.function, found.of); });
  return &signatures_.emplace(function, std::move(signature)).first->second;
}

const Kernel& Program::kernel_of(const Schema& schema) {
  const auto known = kernels_.find(schema.name());
  if (known != kernels_.end()) return known->second;
  Kernel kernel = find_kernel(schema.name(), archive_->version());
  kernel.effects = effects_of(schema);
  return kernels_.emplace(std::string(schema.name()), std::move(kernel)).first->second;
}

std::unique_ptr<const Code> Program::make_code(const std::string& function) {
  const Found found = find(function);
  if (!found.function) {
    throw Error(ErrorKind::not_found, fmt::format("the program has no function {}", printable(function, 200)));
  }
  auto code = in_context("record", found.file->record, [&] {
    return std::make_unique<Code>(Lowering(*this).lower(*found.function, *signature_of(function)));
  });
  code->name = function;
  code->record = found.file->record;
  change_each_node(*code, [&](Node& node) {
    if (!node.schema) return;
    node.kernel = kernel_of(*node.schema);
    if (node.schema->name() == "prim::Print") node.kind = NodeKind::print_line;
  });
  return code;
}

const Code& Program::code_of(const std::string& function) {
  const std::lock_guard lock(mutex_);
  const auto known = codes_.find(function);
  if (known != codes_.end()) return *known->second;
  return *codes_.emplace(function, make_code(function)).first->second;
}

namespace {

// Of a node that calls one.
std::string called_by(const Node& node) {
  if (node.kind == NodeKind::call_function) return node.name;
  return node.kind == NodeKind::call_method ? fmt::format("{}.{}", node.inputs[0]->type.name, node.name) : "";
}

}  // namespace

void Program::read_ahead(const std::string& function) {
  std::vector<std::string> waiting{function};
  std::unordered_set<std::string> seen(waiting.begin(), waiting.end());
  while (!waiting.empty()) {
    const std::string name = std::move(waiting.back());
    waiting.pop_back();
    try {
      for_each_node(code_of(name), [&](const Node& node) {
        std::string called = called_by(node);
        if (!called.empty() && seen.insert(called).second) waiting.push_back(std::move(called));
      });
    } catch (const Error&) {
      continue;  // code_of() will say it again
    }
  }
}

std::string Program::name_of_member(std::string_view enumeration, const Value& value) {
  const std::lock_guard lock(mutex_);
  for (const EnumMember& member : class_named(enumeration).source->members) {
    const bool is_it = member.value.kind == ExprKind::string ? value == Value(member.value.text)
                       : member.value.kind == ExprKind::real ? value == Value(member.value.real)
                                                             : value == Value(member.value.integer);
    if (is_it) return member.name;
  }
  throw Error(ErrorKind::bad_file, fmt::format("the enum {} has no member of this value", printable(enumeration, 200)));
}

const Value& Program::constant(size_t index) {
  if (!constants_) constants_ = archive_->constants();
  if (index < constants_->size()) return (*constants_)[index];
  throw Error(ErrorKind::bad_file, fmt::format("the program has no constant c{}", index))
      .expected(fmt::format("one of {}", constants_->size()));
}

}  // namespace okibi::script
