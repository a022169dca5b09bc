#include "script/write/typed_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "script/subtype.h"

namespace okibi::script {
namespace {

constexpr uint32_t deepest = 400;
constexpr uint64_t most_objects = 1'000'000;

Value call(std::string name, std::vector<Value> arguments) {
  return Object({.module = "torch.jit._pickle",
                 .name = std::move(name),
                 .made = Object::Made::reduce,
                 .arguments = std::move(arguments)});
}

std::string_view maker_of_list(TypeKind item) {
  switch (item) {
    case TypeKind::integer:
      return "build_intlist";
    case TypeKind::real:
      return "build_doublelist";
    case TypeKind::boolean:
      return "build_boollist";
    case TypeKind::tensor:
      return "build_tensorlist";
    default:
      return {};
  }
}

Value tagged(const Value& container, const Type& type) {
  const std::string_view maker = type.kind == TypeKind::list ? maker_of_list(type.items[0].kind) : std::string_view();
  if (!maker.empty()) return call(std::string(maker), {container});
  return call("restore_type_tag", {container, to_string(type)});
}

Type simple(ValueKind kind) {
  switch (kind) {
    case ValueKind::boolean:
      return {TypeKind::boolean};
    case ValueKind::integer:
      return {TypeKind::integer};
    case ValueKind::real:
      return {TypeKind::real};
    case ValueKind::string:
      return {TypeKind::string};
    case ValueKind::tensor:
      return {TypeKind::tensor};
    default:
      return {TypeKind::any};
  }
}

// What all of them are, as far as one look at each tells.
Type common_type(std::span<const Value> values) {
  if (values.empty()) return {TypeKind::any};
  const ValueKind kind = values[0].kind();
  const bool are_same = std::ranges::all_of(values, [&](const Value& one) { return one.kind() == kind; });
  return are_same ? simple(kind) : Type{TypeKind::any};
}

Type type_of_dict(const Dict& dict) {
  std::vector<Value> keys, values;
  for (const auto& [key, value] : dict) keys.push_back(key), values.push_back(value);
  return {TypeKind::dict, {}, {keys.empty() ? Type{TypeKind::string} : common_type(keys), common_type(values)}};
}

void require_plain(const Tensor& tensor) {
  const bool is_plain = tensor.layout() == Layout::strided && !tensor.is_quantized() && !tensor.is_meta() &&
                        !tensor.is_conj() && !tensor.is_neg();
  if (is_plain) return;
  throw Error(ErrorKind::unsupported, "okibi writes strided tensors alone into TorchScript archives")
      .found(fmt::format("a tensor of {} and the layout {}", name_of(tensor.dtype()), name_of(tensor.layout())));
}

[[noreturn]] void throw_no_place(const Value& value, const Type& type) {
  throw Error(ErrorKind::unsupported, "an attribute cannot be written into a TorchScript archive")
      .expected(to_string(type))
      .found(name_of(value.kind()));
}

}  // namespace

class TypedValues::Deeper {
 public:
  explicit Deeper(TypedValues& values) : values_(values) {
    if (++values_.depth_ <= deepest) return;
    --values_.depth_;
    throw Error(ErrorKind::limit, "the attributes of the program hold one another deeper than those of any")
        .expected(fmt::format("at most {} levels", deepest));
  }
  ~Deeper() { --values_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  TypedValues& values_;
};

Value TypedValues::remembered(const Value& value, Value written) {
  kept_.push_back(value);
  known_.emplace(value.identity(), written);
  return written;
}

Value TypedValues::of(const Value& value, const Type& type) {
  const Deeper deeper(*this);
  switch (type.kind) {
    case TypeKind::optional:
      return value.is_none() ? value : of(value, type.items[0]);
    case TypeKind::real:
      return value.is_int() ? Value(value.to_double()) : of_any(value);
    case TypeKind::list:
      return list(value, type);
    case TypeKind::dict:
      return dict(value, type);
    case TypeKind::tuple:
      return tuple(value, type);
    case TypeKind::named:
      return value.is_tuple() ? tuple(value, fields_of(type)) : of_any(value);
    default:
      return of_any(value);
  }
}

// What the type does not tell, the value does.
Value TypedValues::of_any(const Value& value) {
  switch (value.kind()) {
    case ValueKind::list:
      return list(value, {TypeKind::list, {}, {common_type(value.to_list().items())}});
    case ValueKind::dict:
      return dict(value, type_of_dict(value.to_dict()));
    case ValueKind::tuple:
      return tuple(value, {TypeKind::tuple});
    case ValueKind::object:
      return object(value.to_object());
    case ValueKind::tensor:
      return tensor(value);
    case ValueKind::bytes:
    case ValueKind::set:
    case ValueKind::big_integer:
      throw_no_place(value, {TypeKind::any});
    default:
      return value;
  }
}

// What is an nn.Parameter in Python's files is a plain tensor here: its class says that it is a parameter.
Value TypedValues::tensor(const Value& value) {
  const Tensor& given = value.to_tensor();
  require_plain(given);
  if (!tensor_class(given)) return value;
  if (const auto known = known_.find(value.identity()); known != known_.end()) return known->second;
  return remembered(value, given.detach().requires_grad_(given.requires_grad()));
}

Value TypedValues::list(const Value& value, const Type& type) {
  if (!value.is_list()) throw_no_place(value, type);
  if (const auto known = known_.find(value.identity()); known != known_.end()) return known->second;
  const List items;
  for (const Value& item : value.to_list()) items.push_back(of(item, type.items[0]));
  return remembered(value, tagged(items, type));
}

Value TypedValues::dict(const Value& value, const Type& type) {
  if (!value.is_dict()) throw_no_place(value, type);
  if (const auto known = known_.find(value.identity()); known != known_.end()) return known->second;
  const Dict items;
  for (const auto& [key, item] : value.to_dict()) items.set(of(key, type.items[0]), of(item, type.items[1]));
  return remembered(value, tagged(items, type));
}

// A NamedTuple is a plain one in the pickle.
Type TypedValues::fields_of(const Type& type) {
  const ClassInfo& c = program_.class_named(type.name);
  Type tuple{TypeKind::tuple};
  for (const std::string& field : c.fields) tuple.items.push_back(c.attributes.at(field));
  return tuple;
}

Value TypedValues::tuple(const Value& value, const Type& type) {
  if (!value.is_tuple()) throw_no_place(value, type);
  std::vector<Value> items;
  for (const Value& item : value.to_tuple()) {
    items.push_back(items.size() < type.items.size() ? of(item, type.items[items.size()]) : of_any(item));
  }
  return Tuple(std::move(items));
}

Value TypedValues::object(const Object& object) {
  if (++objects_ > most_objects) {
    throw Error(ErrorKind::limit, "the program holds more objects than any")
        .expected(fmt::format("at most {}, those that stand in several places counted each time", most_objects));
  }
  const Object::Parts& parts = object.parts();
  const ClassInfo& c = program_.class_named(object.python_class());
  Object::Parts written{.module = parts.module, .name = parts.name, .made = parts.made};
  if (c.source->kind == ClassKind::enumeration) {
    for (const Value& argument : parts.arguments) written.arguments.push_back(of_any(argument));
  } else {
    written.state = attributes_of(object, c);
  }
  return Object(std::move(written));
}

Value TypedValues::attributes_of(const Object& object, const ClassInfo& c) {
  if (c.methods.contains("__getstate__") && c.methods.contains("__setstate__")) {
    const std::string method = c.name + ".__getstate__";
    const Type type = program_.signature_of(method)->returns;
    return of(Interpreter(program_, options_).call(method, {object}), type);
  }
  const Dict attributes;
  for (const Attribute& attribute : c.source->attributes) {
    if (attribute.is_final) continue;
    attributes.set(attribute.name, in_context("attribute", attribute.name, [&] {
                     return of(object.attribute(attribute.name), c.attributes.at(attribute.name));
                   }));
  }
  return attributes;
}

}  // namespace okibi::script
