#include <okibi/jit.h>

#include <fmt/format.h>

#include <algorithm>

#include <okibi/store.h>

#include "script/plan/runner.h"
#include "script/reachable.h"

namespace okibi::jit {

struct ModuleBody {
  ModuleBody(std::unique_ptr<script::ScriptArchive> archive, LoadOptions given)
      : name(store::shown(archive->name())),
        class_name(archive->root_class()),
        root(archive->root()),
        program(std::move(archive)),
        options(std::move(given)),
        runner(program, root, options) {
    for (const script::Function& method : program.root_class().source->methods) methods.push_back(method.name);
  }

  const std::string name, class_name;
  const Value root;
  script::Program program;
  const LoadOptions options;
  script::Runner runner;
  std::vector<std::string> methods;
};

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
                         type.kind == script::TypeKind::dict || type.kind == script::TypeKind::tuple;
  if (type.kind == script::TypeKind::list) return value.is_list();
  if (type.kind == script::TypeKind::optional) return value.is_none() || fits(value, type.items[0]);
  return !is_simple || script::is_of(value, type);
}

Value as_given(const Value& value, const script::Type& type) {
  return type.kind == script::TypeKind::real && value.is_int() ? Value(value.to_double()) : value;
}

// With self before them, and the defaults of those that are left out.
std::vector<Value> all_arguments(ModuleBody& body, const std::string& method, std::vector<Value> given) {
  const script::Code& code = body.program.code_of(fmt::format("{}.{}", body.class_name, method));
  std::vector<Value> all = {body.root};
  for (size_t i = 1; i < code.parameters.size(); ++i) {
    const script::CodeParameter& parameter = code.parameters[i];
    if (i - 1 >= given.size()) {
      if (!parameter.default_value) {
        throw Error(ErrorKind::bad_argument, fmt::format("the call of {} gives no {}", method, parameter.name))
            .expected(described(method, code))
            .found(fmt::format("{} arguments", given.size()));
      }
      all.push_back(script::Interpreter(body.program, body.options).value_of(*parameter.default_value));
    } else if (fits(given[i - 1], parameter.type)) {
      all.push_back(as_given(given[i - 1], parameter.type));
    } else {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("the argument {} of {} is of another type", parameter.name, method))
          .expected(described(method, code))
          .found(name_of(given[i - 1].kind()));
    }
  }
  if (given.size() < code.parameters.size()) return all;
  throw Error(ErrorKind::bad_argument, fmt::format("the call of {} gives more arguments than it has", method))
      .expected(described(method, code))
      .found(fmt::format("{} arguments", given.size()));
}

}  // namespace

const std::string& Module::class_name() const noexcept { return body_->class_name; }

std::vector<std::string> Module::method_names() const { return body_->methods; }

std::vector<Parameter> Module::parameters(const std::string& method) const {
  return in_context("", body_->name, [&] {
    if (std::ranges::find(body_->methods, method) == body_->methods.end()) {
      throw Error(ErrorKind::not_found, fmt::format("the program has no method {}", printable(method, 100)))
          .expected(fmt::format("one of {}", fmt::join(body_->methods, ", ")));
    }
    const script::Code& code = body_->program.code_of(fmt::format("{}.{}", body_->class_name, method));
    std::vector<Parameter> parameters;
    for (size_t i = 1; i < code.parameters.size(); ++i) {
      const script::CodeParameter& parameter = code.parameters[i];
      parameters.push_back({parameter.name, to_string(parameter.type)});
      if (parameter.default_value) parameters.back().default_value = parameter.default_text;
    }
    return parameters;
  });
}

Value Module::call(const std::string& method, std::vector<Value> arguments) const {
  return in_context("", body_->name, [&] {
    const NoGrad no_grad;
    const std::string function = fmt::format("{}.{}", body_->class_name, method);
    return body_->runner.call(function, all_arguments(*body_, method, std::move(arguments)));
  });
}

Value Module::attribute(const std::string& path) const {
  Value at = body_->root;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    at = at.to_object().attribute(path.substr(begin, end - begin));
    begin = end + 1;
  }
  const bool may_be_changed = at.is_list() || at.is_dict() || at.is_object();
  if (may_be_changed) body_->runner.use_no_plans();
  return at;
}

Module load(std::shared_ptr<const io::Source> source, const LoadOptions& options) {
  const std::string name = store::shown(source->name());
  auto body =
      std::make_shared<ModuleBody>(std::make_unique<script::ScriptArchive>(std::move(source), options.limits), options);
  in_context("", name, [&] {
    const NoGrad no_grad;
    body->program.root_class();  // its source is there
    restore_states(*body);
  });
  return Module(std::move(body));
}

Module load(const std::string& uri, const LoadOptions& options) {
  return load(store::default_store().open(uri), options);
}

}  // namespace okibi::jit
