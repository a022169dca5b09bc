#include <okibi/jit.h>

#include <fmt/format.h>

#include <algorithm>

#include "script/module_body.h"
#include "script/reachable.h"
#include "script/state.h"
#include "tensor/pool.h"

namespace okibi::jit {
namespace {

// Objects with a __setstate__ are saved as what it takes, and made by it.
void restore_states(ModuleBody& body) {
  for (const Object& object : script::objects_in(body.root)) {
    const std::string method = object.python_class() + ".__setstate__";
    if (object.parts().made != Object::Made::newobj || !body.program.signature_of(method)) continue;
    const Value state = std::exchange(object.mutable_parts().state, Value(Dict()));
    script::Interpreter(body.program, body.options).call(method, {object, state});
  }
}

std::string described(const std::string& method, const script::Code& code) {
  std::string text;
  for (size_t i = 1; i < code.parameters.size(); ++i) {
    const auto& parameter = code.parameters[i];
    text += fmt::format("{}{}: {}", i > 1 ? ", " : "", parameter.name, to_string(parameter.type));
    if (parameter.default_value) text += '=' + parameter.default_text;
  }
  return fmt::format("{}({})", method, text);
}

// Whether a value can be given for a type: ints are floats, too, and of an object the program finds out itself.
bool fits(const Value& value, const script::Type& type) {
  if (type.kind == script::TypeKind::real || type.kind == script::TypeKind::number)
    return value.is_double() || value.is_int();
  const bool is_simple = type.kind == script::TypeKind::tensor || type.kind == script::TypeKind::integer ||
                         type.kind == script::TypeKind::boolean || type.kind == script::TypeKind::string ||
                         type.kind == script::TypeKind::tuple;
  if (type.kind == script::TypeKind::dict) {
    return value.is_dict() && std::ranges::all_of(value.to_dict().items(), [&](const auto& item) {
             return fits(item.first, type.items[0]) && fits(item.second, type.items[1]);
           });
  }
  if (type.kind == script::TypeKind::list) {
    return value.is_list() &&
           std::ranges::all_of(value.to_list().items(), [&](const Value& item) { return fits(item, type.items[0]); });
  }
  if (type.kind == script::TypeKind::optional) return value.is_none() || fits(value, type.items[0]);
  return !is_simple || script::is_of(value, type);
}

Value as_given(const Value& value, const script::Type& type) {
  return type.kind == script::TypeKind::real && value.is_int() ? Value(value.to_double()) : value;
}

const Value* named_value(const NamedValues& named, const std::string& name) {
  const auto found = std::ranges::find(named, name, &NamedValues::value_type::first);
  return found == named.end() ? nullptr : &found->second;
}

Value checked(const Value& given, const script::CodeParameter& parameter, const std::string& method,
              const script::Code& code) {
  if (fits(given, parameter.type)) return as_given(given, parameter.type);
  throw Error(ErrorKind::bad_argument, fmt::format("the argument {} of {} is of another type", parameter.name, method))
      .expected(described(method, code))
      .found(name_of(given.kind()));
}

// Each name once, and of parameters that have no value by their position.
void check_names(const NamedValues& named, size_t by_position, const std::string& method, const script::Code& code) {
  for (auto one = named.begin(); one != named.end(); ++one) {
    const auto& name = one->first;
    const auto begin = code.parameters.begin() + 1;  // behind self
    const auto found = std::ranges::find(begin, code.parameters.end(), name, &script::CodeParameter::name);
    const bool is_known = found != code.parameters.end();
    const bool is_first = is_known && static_cast<size_t>(found - begin) >= by_position &&
                          std::none_of(named.begin(), one, [&](const auto& other) { return other.first == name; });
    if (is_first) continue;
    throw Error(ErrorKind::bad_argument, fmt::format("the call of {} gives {} {}", method, printable(name, 100),
                                                     is_known ? "twice" : "which it does not have"))
        .expected(described(method, code));
  }
}

// With self before them, and the defaults of those that are left out.
pool::Vector<Value> all_arguments(ModuleBody& body, const std::string& method, const script::Code& code,
                                  std::span<const Value> given, const NamedValues& named) {
  if (given.size() >= code.parameters.size()) {
    throw Error(ErrorKind::bad_argument, fmt::format("the call of {} gives more arguments than it has", method))
        .expected(described(method, code))
        .found(fmt::format("{} arguments", given.size()));
  }
  check_names(named, given.size(), method, code);
  pool::Vector<Value> all;
  all.reserve(code.parameters.size());
  all.push_back(body.root);
  for (size_t i = 1; i < code.parameters.size(); ++i) {
    const script::CodeParameter& parameter = code.parameters[i];
    if (i <= given.size()) {
      all.push_back(checked(given[i - 1], parameter, method, code));
    } else if (const Value* value = named_value(named, parameter.name)) {
      all.push_back(checked(*value, parameter, method, code));
    } else if (parameter.default_value) {
      all.push_back(script::Interpreter(body.program, body.options).value_of(*parameter.default_value));
    } else {
      throw Error(ErrorKind::bad_argument, fmt::format("the call of {} gives no {}", method, parameter.name))
          .expected(described(method, code))
          .found(fmt::format("{} arguments", given.size() + named.size()));
    }
  }
  return all;
}

Value value_at(const Value& root, const std::string& path) {
  Value at = root;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    at = at.to_object().attribute(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return at;
}

// Of a class of the archive: an object of just that class, or of any for an interface.
bool is_of_class(const Value& value, const script::ClassInfo& c) {
  if (c.source->kind == script::ClassKind::named_tuple) return value.is_tuple() && value.size() == c.fields.size();
  if (!value.is_object()) return false;
  const bool is_any =
      c.source->kind == script::ClassKind::interface || c.source->kind == script::ClassKind::module_interface;
  return is_any || value.to_object().python_class() == c.name;
}

bool fits_declared(const Value& value, const script::Type& type, script::Program& program) {
  if (type.kind == script::TypeKind::optional) return value.is_none() || fits_declared(value, type.items[0], program);
  if (type.kind != script::TypeKind::named) return fits(value, type);
  const script::ClassInfo* c = program.find_class(type.name);
  return c && is_of_class(value, *c);
}

void set_declared(ModuleBody& body, const std::string& path, Value value) {
  const size_t dot = path.rfind('.');
  const std::string name = path.substr(dot == path.npos ? 0 : dot + 1);
  const Object holder = (dot == path.npos ? body.root : value_at(body.root, path.substr(0, dot))).to_object();
  const auto& declared = body.program.class_named(holder.python_class()).attributes;
  const auto found = declared.find(name);
  if (found == declared.end()) {
    throw Error(ErrorKind::not_found,
                fmt::format("{} declares no attribute {}", holder.python_class(), printable(name, 200)));
  }
  if (!fits_declared(value, found->second, body.program)) {
    throw Error(ErrorKind::bad_argument, fmt::format("the attribute {} is of another type", printable(path, 200)))
        .expected(to_string(found->second))
        .found(name_of(value.kind()));
  }
  if (script::is_changeable(value)) body.runner.use_no_plans();
  holder.mutable_parts().state.to_dict().set(name, as_given(value, found->second));
  body.program.note_change(Value(holder).identity());
}

}  // namespace

const std::string& Module::class_name() const noexcept { return body_->class_name; }

std::vector<std::string> Module::method_names() const { return body_->methods; }

std::vector<Parameter> Module::parameters(const std::string& method) const {
  return in_context("", body_->name, [&] {
    const script::Code& code = body_->program.code_of(body_->function_of(method));
    std::vector<Parameter> parameters;
    for (size_t i = 1; i < code.parameters.size(); ++i) {
      const script::CodeParameter& parameter = code.parameters[i];
      parameters.push_back({parameter.name, to_string(parameter.type)});
      if (parameter.default_value) parameters.back().default_value = parameter.default_text;
    }
    return parameters;
  });
}

Value Module::call(const std::string& method, std::vector<Value> arguments, NamedValues named) const {
  return in_context("", body_->name, [&] {
    const NoGrad no_grad;
    body_->program.archive().check_unchanged();
    const script::Code& code = body_->program.code_of(body_->function_of(method));
    return body_->runner.call(code.name, all_arguments(*body_, method, code, arguments, named));
  });
}

void Module::prepare(const std::string& method, std::vector<Value> arguments, NamedValues named) const {
  in_context("", body_->name, [&] {
    const NoGrad no_grad;
    body_->program.archive().check_unchanged();
    const script::Code& code = body_->program.code_of(body_->function_of(method));
    body_->runner.prepare(code.name, all_arguments(*body_, method, code, arguments, named));
  });
}

Value Module::attribute(const std::string& path) const {
  const Value found = value_at(body_->root, path);
  if (script::is_changeable(found)) body_->runner.use_no_plans();
  return found;
}

void Module::set_attribute(const std::string& path, Value value) const {
  in_context("", body_->name, [&] { set_declared(*body_, path, std::move(value)); });
}

StateDict Module::state_dict() const {
  return in_context("", body_->name, [&] { return script::state_dict_of(body_->program, body_->root.to_object()); });
}

std::string Module::extra_file(const std::string& name) const {
  const script::ScriptArchive& archive = body_->program.archive();
  const std::string record = fmt::format("{}{}", script::extra_folder, name);
  if (archive.records().find(record)) return std::string(as_text(archive.records().read(record)));
  std::vector<std::string> names;
  for (const auto& [one, nbytes] : archive.extra_files()) names.push_back(one);
  throw Error(ErrorKind::not_found, fmt::format("the program has no extra file {}", printable(name, 200)))
      .expected(names.empty() ? "none: it has no such files" : fmt::format("one of {}", fmt::join(names, ", ")))
      .at("", body_->name);
}

namespace {

// Errors name the file, once: those of reading it do already.
template <class Work>
auto in_file(const std::string& name, Work&& work) {
  try {
    return work();
  } catch (Error& error) {
    const bool is_named = std::ranges::any_of(error.places(), [](const auto& place) { return place.first.empty(); });
    if (!is_named) error.at("", name);
    throw;
  }
}

}  // namespace

Module load(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  return in_file(store::shown(source->name()), [&] {
    const NoGrad no_grad;
    auto archive = std::make_unique<script::ScriptArchive>(std::move(source), options.limits, options.mmap);
    auto body = std::make_shared<ModuleBody>(std::move(archive), options);
    body->program.root_class();  // its source is there
    restore_states(*body);
    body->program.read_ahead(fmt::format("{}.forward", body->class_name));
    return ModuleAccess::make(std::move(body));
  });
}

Module load(const std::string& uri, const LoadOptions& options) {
  return load(store::default_store().open(uri), options);
}

}  // namespace okibi::jit
