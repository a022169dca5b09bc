#include "checkpoint/pickled/rebuild.h"

#include <fmt/format.h>

#include "checkpoint/pickled/arguments.h"

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

namespace {

// What an item of a copied list counts; an honest one takes a quarter of that in the pickle.
constexpr uint64_t copied_item = 16;

}  // namespace

void CopyBudget::take(uint64_t bytes) {
  if (bytes > left_) {
    throw Error(ErrorKind::limit, "the pickle copies what it holds more often than Limits::max_copied_bytes permits")
        .hint("Only a file made to fill the memory says one thing so often.");
  }
  left_ -= bytes;
}

Meaning Rebuilder::meaning_of(const pickle::Object& call) const {
  if (graph_.kind(call.callable) != Kind::global) {
    throw Error(ErrorKind::unsupported, "the pickle calls something that is no named class or function")
        .found(word_for(graph_.kind(call.callable)));
  }
  return globals_.of(call.callable).meaning;
}

std::string Rebuilder::name_of_callable(const pickle::Object& call) const {
  return fmt::format("{}.{}", graph_.module(call.callable), graph_.text(call.callable));
}

Rebuilder::Needs Rebuilder::needs(const pickle::Object& call) const {
  const std::span<const NodeId> all(&call.arguments, 1);
  const std::span<const NodeId> arguments = graph_.children(call.arguments);
  const auto from = [&](size_t begin, size_t count) {
    return begin < arguments.size() ? arguments.subspan(begin, std::min(count, arguments.size() - begin))
                                    : std::span<const NodeId>();
  };
  switch (meaning_of(call)) {
    case Meaning::data:
    case Meaning::ordered_dict:
    case Meaning::default_dict:
    case Meaning::counter:
      return {all, {}};
    case Meaning::parameter:
      return {from(0, 1), from(3, 1)};
    case Meaning::parameter_class:
      if (!data_in_state(call)) return {from(0, 1), {}};
      return {from(0, 1), graph_.children(call.states[0]).first(1)};
    case Meaning::device_tensor:
    case Meaning::device_tensor_numpy:
    case Meaning::first_argument:
      return {from(0, 1), {}};
    case Meaning::quantised_tensor:
      return {from(4, 1), {}};
    case Meaning::sparse_tensor:
    case Meaning::nested_tensor:
      return {arguments, {}};
    case Meaning::typed_tensor:
      if (const auto inner = inner_call(call)) {
        const Needs needed = needs(*inner);
        if (needed[1].empty()) return {needed[0], from(3, 1)};
      }
      return {all, {}};
    default:
      return {};
  }
}

// Objects only hold their arguments, and tensors look at theirs no more once they are made.
bool Rebuilder::makes_plain_data(const pickle::Object& call) const {
  const Meaning meaning = meaning_of(call);
  return meaning == Meaning::data || meaning == Meaning::parameter || meaning == Meaning::typed_tensor ||
         meaning == Meaning::parameter_class || meaning == Meaning::first_argument;
}

bool Rebuilder::consumes(const pickle::Object& call) const {
  return !makes_plain_data(call) && !needs(call)[0].empty();
}

Value Rebuilder::make(const pickle::Object& call) {
  switch (Meaning meaning = meaning_of(call)) {
    case Meaning::data:
      return data(call);
    case Meaning::tensor:
    case Meaning::tensor_v2:
    case Meaning::tensor_v3:
      return tensor(call, meaning);
    case Meaning::meta_tensor:
      return meta_tensor(call);
    case Meaning::sparse_tensor:
      return sparse_tensor(call);
    case Meaning::parameter:
      return parameter(call);
    case Meaning::parameter_class:
      return parameter_of_old(call);
    case Meaning::tensor_type:
      return tensor_of_type(call);
    case Meaning::typed_tensor:
      return typed_tensor(call);
    case Meaning::quantised_tensor:
      return quantised_tensor(call);
    case Meaning::nested_tensor:
      return nested_tensor(call);
    case Meaning::device_tensor:
    case Meaning::device_tensor_numpy:
      return device_tensor(call, meaning);
    case Meaning::first_argument:
      return first_argument(call);
    case Meaning::ordered_dict:
      return dict(call, DictKind::ordered_dict);
    case Meaning::default_dict:
      return dict(call, DictKind::default_dict);
    case Meaning::counter:
      return dict(call, DictKind::counter);
    case Meaning::complex_number:
      return complex_number(call);
    case Meaning::size:
      return size(call);
    case Meaning::device:
      return device(call);
    default:
      throw Error(ErrorKind::unsupported, fmt::format("okibi cannot make what {} makes", name_of_callable(call)))
          .hint("Save plain tensors, or a state_dict, in Python.");
  }
}

// ------------------------------------------------------------------------------------------------------- plain values

Value Rebuilder::global(NodeId id) const {
  const Global& global = globals_.of(id);
  if (global.meaning == Meaning::dtype) return global.dtype;
  return Object(
      {.module = std::string(graph_.module(id)), .name = std::string(graph_.text(id)), .made = Object::Made::named});
}

Value Rebuilder::storage(NodeId persistent) {
  const StorageRef& ref = refs_.of(persistent);
  NodeId storage_class = graph_.child(graph_.child(persistent, 0), 1);
  const StorageView part = refs_.view_of(persistent);
  Tensor all =
      tensors_.make(ref, {.dtype = ref.dtype, .storage_offset = part.offset, .sizes = {part.numel}, .strides = {1}});
  return Object({.module = std::string(graph_.module(storage_class)),
                 .name = std::string(graph_.text(storage_class)),
                 .made = Object::Made::reduce,
                 .arguments = {Value(all)}});
}

// build_intlist([1, 2]), restore_type_tag({…}, "Dict[str, int]"): what TorchScript tells the type of, is what it makes.
Value Rebuilder::first_argument(const pickle::Object& call) {
  const Arguments arguments(graph_, name_of_callable(call), call.arguments, 1, 2);
  return made(arguments[0]);
}

Value Rebuilder::complex_number(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 2, 2);
  arguments.must_be(0, "the real part", Kind::real);
  arguments.must_be(1, "the imaginary part", Kind::real);
  return std::complex<double>(graph_.real(arguments[0]), graph_.real(arguments[1]));
}

Value Rebuilder::size(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 1, 1);
  return Tuple::size_of(arguments.dims(0, "the sizes", limits_.max_tensor_dims));
}

Value Rebuilder::device(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 1, 2);
  std::string text = arguments.text(0, "the type");
  copies_.take(text.size());
  if (arguments.size() == 2) text += fmt::format(":{}", arguments.integer(1, "the index"));
  return Device(text);
}

// --------------------------------------------------------------------------------------------------------- containers

// OrderedDict(), OrderedDict([[k, v], …]) as Python 2 wrote it, defaultdict(list), Counter({k: n}).
Value Rebuilder::dict(const pickle::Object& call, DictKind kind) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 0, 1);
  Dict dict(kind);
  if (arguments.size() == 0) return dict;
  const Value& content = made(arguments[0]);
  if (content.is_dict() || content.is_list()) copies_.take(copied_item * content.size());
  if (kind == DictKind::default_dict) {
    if (!content.is_none() && !content.is_object()) arguments.fail(0, "the default factory", "a class, or None");
    dict.set_default_factory(content);
  } else if (content.is_dict()) {
    for (const auto& [key, value] : content.to_dict()) dict.set(key, value);
  } else {
    arguments.must_be(0, "the items", Kind::list);
    for (const Value& pair : content.to_list()) {
      if ((!pair.is_list() && !pair.is_tuple()) || pair.size() != 2) arguments.fail(0, "the items", "a list of pairs");
      dict.set(pair.at(0), pair.at(1));
    }
  }
  return dict;
}

Value Rebuilder::data(const pickle::Object& call) {
  bool has_keywords = call.made == pickle::Made::newobj_ex &&
                      !(graph_.kind(call.keywords) == Kind::dict && graph_.children(call.keywords).empty());
  if (has_keywords) {
    throw Error(ErrorKind::unsupported, fmt::format("{} is made with keyword arguments", name_of_callable(call)));
  }
  const Value& arguments = made(call.arguments);
  if (!arguments.is_tuple()) throw Error(ErrorKind::bad_file, "the arguments of a call are no tuple");
  bool is_reduce = call.made == pickle::Made::reduce;
  copies_.take(copied_item * arguments.size() + graph_.module(call.callable).size() +
               graph_.text(call.callable).size());
  return Object({.module = std::string(graph_.module(call.callable)),
                 .name = std::string(graph_.text(call.callable)),
                 .made = is_reduce ? Object::Made::reduce : Object::Made::newobj,
                 .arguments = arguments.to_tuple().items()});
}

// ------------------------------------------------------------------------------------------------------------- finish

void Rebuilder::finish(const Value& object, const pickle::Object& call) {
  if (object.is_object()) {
    Object::Parts& parts = object.to_object().mutable_parts();
    if (call.states.size() > 1) throw Error(ErrorKind::unsupported, "an object gets its state twice");
    if (!call.states.empty()) parts.state = made(call.states[0]);
    for (NodeId item : call.appended) parts.appended.push_back(made(item));
    for (size_t i = 0; i + 1 < call.items.size(); i += 2) {
      parts.items.emplace_back(made(call.items[i]), made(call.items[i + 1]));
    }
  } else if (object.is_dict() && call.appended.empty()) {
    finish_dict(object.to_dict(), call);
  } else if (object.is_tensor() && call.appended.empty() && call.items.empty()) {
    return;  // its state was looked at when it was made
  } else if (!call.states.empty() || !call.appended.empty() || !call.items.empty()) {
    throw Error(ErrorKind::unsupported, fmt::format("a {} is given a state or items", name_of(object.kind())));
  }
}

void Rebuilder::finish_dict(const Dict& dict, const pickle::Object& call) {
  for (size_t i = 0; i + 1 < call.items.size(); i += 2) dict.set(made(call.items[i]), made(call.items[i + 1]));
  for (NodeId state : call.states) {
    if (!made(state).is_dict()) throw Error(ErrorKind::bad_file, "the attributes of a dict are no dict");
    dict.set_attributes(made(state).to_dict());
  }
}

}  // namespace okibi::checkpoint
