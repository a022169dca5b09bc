#include "script/write/scripted.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "model/saved_module.h"
#include "nn/module_state.h"
#include "script/write/layer_source.h"

namespace okibi::script {
namespace {

// An attribute's type, as far as those of layers go; empty for what is left out.
std::string type_of_attribute(const Value& value) {
  if (value.is_none()) return "NoneType";
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int";
  if (value.is_double()) return "float";
  if (value.is_string()) return "str";
  if (!value.is_tuple() && !value.is_list()) return {};
  std::string items;
  for (size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_int()) return {};
    items += i > 0 ? ", int" : "int";
  }
  if (items.empty()) return {};
  return value.is_list() ? "List[int]" : fmt::format("Tuple[{}]", items);
}

bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

bool is_keyword(std::string_view name) {
  constexpr std::array words = {"False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
                                "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
                                "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
                                "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
  return std::ranges::find(words, name) != words.end();
}

// What can be written as it is.
bool is_plain_name(std::string_view name) { return is_identifier(name) && !is_keyword(name); }

// Each class has something of these names already; PyTorch's loader takes some of them for something else.
bool is_free(std::string_view name) {
  return name != "training" && name != "_is_full_backward_hook" && name != "forward" && !name.starts_with("__");
}

void check_is_free(const std::string& name) {
  if (is_free(name)) return;
  throw Error(ErrorKind::unsupported, "a module of TorchScript cannot have a tensor or a submodule of this name")
      .found(name);
}

std::string declaration(const std::string& name, const std::string& type) {
  return is_plain_name(name) ? fmt::format("  {} : {}\n", name, type)
                             : fmt::format("  __annotations__[{}] = {}\n", repr(name), type);
}

// "torch.nn.modules.linear.Linear" → "__torch__.torch.nn.modules.linear.Linear", and as PyTorch names a script's
// classes.
std::string qualified(const nn::Module& module) {
  std::string name = module.python_class();
  if (name == nn::Module::plain_class) name = module.class_name();
  if (name.starts_with("__main__.")) name = name.substr(std::string_view("__main__.").size());
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    if (!is_plain_name(std::string_view(name).substr(begin, end - begin)))
      throw Error(ErrorKind::bad_argument, "a module's class has a name that no source can have")
          .found(name)
          .hint("Say another with set_python_class.");
    begin = end + 1;
  }
  return "__torch__." + name;
}

struct Split {
  std::string qualifier, name;
};
Split split(const std::string& name) {
  const size_t dot = name.rfind('.');
  return {name.substr(0, dot), name.substr(dot + 1)};
}

std::string indented(std::string_view source) {
  std::string text;
  while (!source.empty()) {
    const size_t end = std::min(source.find('\n'), source.size() - 1) + 1;
    text += fmt::format("  {}", source.substr(0, end));
    source.remove_prefix(end);
  }
  return text.ends_with('\n') ? text : text + '\n';
}

// What a trace says of the whole.
struct Traced {
  std::string forward;
  std::vector<nn::NamedTensor> constants;
};

class Scripter {
 public:
  explicit Scripter(const Traced* traced = nullptr) : traced_(traced) {}
  Object object_of(const nn::Module& module, const std::string& path);
  Scripted finish(const Object& root);

 private:
  std::string body_of(const nn::Module& module, const std::vector<Object>& children, const std::string& path);
  std::string forward_of(const nn::Module& module, const std::string& path);
  std::string name_for(const nn::Module& module, const std::string& body);

  const Traced* const traced_;
  std::unordered_map<const void*, Object> objects_;  // by module: one that stands in two places is one
  std::map<std::string, std::string> names_;         // by the class's own name and its body
  std::map<std::string, std::string> texts_;         // by qualified name
  size_t depth_ = 0;
};

std::string Scripter::forward_of(const nn::Module& module, const std::string& path) {
  if (traced_) return path.empty() ? traced_->forward : std::string();
  if (!module.script_forward().empty()) return module.script_forward();
  if (auto source = layer_source(module)) return *source;
  const bool is_plain = module.class_name() == "Module";
  if (is_plain) return {};
  throw Error(ErrorKind::unsupported,
              fmt::format("what {} does is C++, of which no TorchScript can be made", module.class_name()))
      .at("in the model", path.empty() ? "the model itself" : path)
      .hint("Say it with set_script_forward, or use jit::trace(model, inputs).");
}

std::string list_of_names(const std::vector<nn::NamedTensor>& tensors) {
  std::string names;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.defined()) names += repr(name) + ", ";
  }
  return fmt::format("[{}]", names);
}

std::string Scripter::body_of(const nn::Module& module, const std::vector<Object>& children, const std::string& path) {
  const nn::ModuleState& state = nn::ModuleAccess::state(module);
  std::string text = fmt::format("  __parameters__ = {}\n  __buffers__ = {}\n", list_of_names(state.parameters),
                                 list_of_names(state.buffers));
  for (const auto* tensors : {&state.parameters, &state.buffers}) {
    for (const auto& [name, tensor] : *tensors) {
      check_is_free(name);
      text += declaration(name, tensor.defined() ? "Tensor" : "NoneType");
    }
  }
  if (traced_ && path.empty()) {
    for (const auto& [name, tensor] : traced_->constants) text += declaration(name, "Tensor");
  }
  text += declaration("training", "bool") + declaration("_is_full_backward_hook", "Optional[bool]");
  for (size_t i = 0; i < children.size(); ++i) {
    check_is_free(state.children[i].first);
    text += declaration(state.children[i].first, children[i].python_class());
  }
  for (const auto& [name, value] : state.attributes) {
    const std::string type = type_of_attribute(value);
    if (!type.empty() && is_plain_name(name) && is_free(name))
      text += fmt::format("  {} : Final[{}] = {}\n", name, type, literal(value));
  }
  return text + indented(forward_of(module, path));
}

// Classes of one name and two texts get names apart, as PyTorch mangles them.
std::string Scripter::name_for(const nn::Module& module, const std::string& body) {
  const std::string plain = qualified(module);
  const auto [known, is_new] = names_.try_emplace(plain + '\n' + body);
  if (!is_new) return known->second;
  const auto [qualifier, name] = split(plain);
  std::string free = plain;
  for (size_t i = 0; texts_.contains(free); ++i) free = fmt::format("{}.___torch_mangle_{}.{}", qualifier, i, name);
  texts_.emplace(free, fmt::format("class {}(Module):\n{}", name, body));
  return known->second = free;
}

Object Scripter::object_of(const nn::Module& module, const std::string& path) {
  const nn::ModuleState& state = nn::ModuleAccess::state(module);
  if (const auto known = objects_.find(&state); known != objects_.end()) return known->second;
  if (++depth_ > model::max_module_depth)
    throw Error(ErrorKind::limit, "the modules of the model hold one another without an end");
  std::vector<Object> children;
  const Dict attributes;
  for (const auto* tensors : {&state.parameters, &state.buffers}) {
    for (const auto& [name, tensor] : *tensors) attributes.set(name, tensor.defined() ? Value(tensor) : Value());
  }
  if (traced_ && path.empty()) {
    for (const auto& [name, tensor] : traced_->constants) attributes.set(name, tensor);
  }
  attributes.set("training", state.training);
  attributes.set("_is_full_backward_hook", nullptr);
  for (const auto& [name, child] : state.children) {
    children.push_back(object_of(child, path.empty() ? name : fmt::format("{}.{}", path, name)));
    attributes.set(name, children.back());
  }
  const auto [qualifier, name] = split(name_for(module, body_of(module, children, path)));
  --depth_;
  return objects_.emplace(&state, Object({.module = qualifier, .name = name, .state = attributes})).first->second;
}

// The first format in which each of these operators does what it does now, however somebody writes it.
int64_t version_for(std::string_view source) {
  constexpr std::array<std::pair<std::string_view, int64_t>, 6> since = {
      {{".gelu(", 10}, {".logspace(", 9}, {".linspace(", 8}, {".full(", 5}, {".div", 4}, {"/", 4}}};
  for (const auto& [name, version] : since) {
    if (source.find(name) != source.npos) return version;
  }
  return 3;
}

Scripted Scripter::finish(const Object& root) {
  Scripted all{.sources = {}, .root = root};
  for (const auto& [name, text] : texts_) {
    std::string record = split(name).qualifier;
    std::ranges::replace(record, '.', '/');
    all.sources[fmt::format("code/{}.py", record)] += text;
    all.version = std::max(all.version, version_for(text));
  }
  return all;
}

}  // namespace

Scripted scripted(const nn::Module& module) {
  Scripter scripter;
  return scripter.finish(scripter.object_of(module, ""));
}

Scripted scripted_by(const nn::Module& module, std::string forward, const std::vector<nn::NamedTensor>& constants) {
  const Traced traced{std::move(forward), constants};
  Scripter scripter(&traced);
  return scripter.finish(scripter.object_of(module, ""));
}

}  // namespace okibi::script
