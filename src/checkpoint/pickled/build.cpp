// The walk over a Value, in the order in which Python's pickler would take it: storages get their keys so. Like the
// walk in resolve.cpp, and for the same reasons, it keeps its own stack, makes lists and dicts before what is in them,
// and fills a container last of all when it contains a tuple that contains the container.
#include "checkpoint/pickled/build.h"

#include <fmt/format.h>

#include <deque>
#include <optional>

#include "base/number_map.h"

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

namespace {

// A container on the way, and what is in it. The first `before` children must have nodes before it can have one.
struct Frame {
  const Value* value = nullptr;
  std::vector<const Value*> children = {};
  size_t before = 0;
  size_t next = 0;
};

// The attributes that a tensor has in Python; nullptr for nearly all.
const Value* state_of(const Value& tensor) {
  const TensorClass* seen_as = tensor_class(tensor.to_tensor());
  return seen_as && !seen_as->state.is_none() ? &seen_as->state : nullptr;
}

bool is_container(const Value& value) {
  switch (value.kind()) {
    case ValueKind::list:
    case ValueKind::tuple:
    case ValueKind::dict:
    case ValueKind::set:
      return true;
    case ValueKind::object:
      return value.to_object().parts().made != Object::Made::named;
    case ValueKind::tensor:
      return state_of(value) != nullptr;
    default:
      return false;
  }
}

// torch.strided and its like, of each of which Python has one.
bool is_layout(const Object::Parts& parts) {
  return parts.module == "torch.serialization" && parts.name == "_get_layout" && parts.arguments.size() == 1 &&
         parts.arguments[0].is_string();
}

// What Rebuilder::storage makes of a storage that stands by itself.
bool is_storage(const Object::Parts& parts) {
  return (parts.module == "torch" || parts.module == "torch.storage") && parts.name.ends_with("Storage") &&
         parts.arguments.size() == 1 && parts.arguments[0].is_tensor();
}

class Builder {
 public:
  Builder(const std::stop_token& stop, StorageIds ids) : stop_(stop), tensors_(graph_, made_, ids) {}
  Built build(const Value& root);

 private:
  void visit(const Value& value);
  void advance();
  Frame frame_of(const Value& value);
  void add_dict_children(Frame& frame, const Dict& dict);
  void add_object_children(Frame& frame, const Object::Parts& parts);

  NodeId make(const Frame& frame);
  NodeId make_dict(const Frame& frame, DictKind kind);
  NodeId make_object(const Frame& frame, const Object::Parts& parts);
  void finish(const Frame& frame);
  void fill(const Frame& frame);
  void fill_object(NodeId id, const Frame& frame);

  std::optional<NodeId> find(const Value& value) const;
  void remember(const Value& value, NodeId id);
  NodeId node_of(const Value& value);
  NodeId leaf(const Value& value);
  NodeId device(const Device& device);
  std::vector<NodeId> nodes_of(std::span<const Value* const> values);
  const Value* keep(Value value) { return &kept_.emplace_back(std::move(value)); }
  std::string place() const;

  std::stop_token stop_;
  pickle::Graph graph_;
  NumberMap made_;  // NodeId by Value::identity
  TensorNodes tensors_;
  std::vector<Frame> path_;
  std::vector<Frame> postponed_;
  std::deque<Value> kept_;  // Values that exist only as long as something holds them
};

Built Builder::build(const Value& root) {
  try {
    visit(root);
    for (uint64_t count = 0; !path_.empty(); ++count) {
      if (count % 65536 == 0) throw_if_stopped(stop_);
      advance();
    }
  } catch (Error& error) {
    if (!path_.empty()) error.at("in the saved object", place());
    throw;
  }
  for (const Frame& frame : postponed_) fill(frame);
  graph_.set_root(node_of(root));
  return {std::move(graph_), tensors_.take_storages(), tensors_.take_numels()};
}

// Tensors get their nodes here, since their storages are numbered in this order.
void Builder::visit(const Value& value) {
  if (is_container(value)) {
    if (!find(value)) path_.push_back(frame_of(value));
  } else if (value.is_tensor()) {
    node_of(value);
  }
}

void Builder::advance() {
  Frame& frame = path_.back();
  if (frame.next == frame.before && !find(*frame.value)) {
    const NodeId id = make(frame);
    remember(*frame.value, id);
  }
  if (frame.next < frame.children.size()) return visit(*frame.children[frame.next++]);
  finish(frame);
  path_.pop_back();
}

Frame Builder::frame_of(const Value& value) {
  Frame frame{.value = &value};
  switch (value.kind()) {
    case ValueKind::list:
      for (const Value& item : value.to_list()) frame.children.push_back(&item);
      break;
    case ValueKind::tuple:
      for (const Value& item : value.to_tuple()) frame.children.push_back(&item);
      frame.before = frame.children.size();
      break;
    case ValueKind::set:
      for (const Value& item : value.to_set().items()) frame.children.push_back(&item);
      if (value.to_set().kind() == SetKind::frozen_set) frame.before = frame.children.size();
      break;
    case ValueKind::dict:
      add_dict_children(frame, value.to_dict());
      break;
    case ValueKind::tensor:
      tensors_.begin(value.to_tensor());
      frame.children = {state_of(value)};
      frame.before = 1;
      break;
    default:
      add_object_children(frame, value.to_object().parts());
  }
  return frame;
}

// Items, and then attributes, as Python pickles them. A Counter is made from a dict of its items.
void Builder::add_dict_children(Frame& frame, const Dict& dict) {
  if (dict.kind() == DictKind::default_dict) {
    frame.children.push_back(keep(dict.default_factory()));
    frame.before = 1;
  }
  for (const auto& [key, value] : dict.items()) {
    frame.children.push_back(&key);
    frame.children.push_back(&value);
  }
  if (dict.kind() == DictKind::counter) frame.before = frame.children.size();
  const auto attributes = dict.attributes();
  if (!attributes) return;
  if (dict.kind() == DictKind::dict) {
    throw Error(ErrorKind::unsupported, "Python's plain dict has no attributes to be saved")
        .hint("Make it a Dict(DictKind::ordered_dict).");
  }
  frame.children.push_back(keep(*attributes));
}

void Builder::add_object_children(Frame& frame, const Object::Parts& parts) {
  for (const Value& argument : parts.arguments) frame.children.push_back(&argument);
  frame.before = frame.children.size();
  for (const Value& item : parts.appended) frame.children.push_back(&item);
  for (const auto& [key, value] : parts.items) {
    frame.children.push_back(&key);
    frame.children.push_back(&value);
  }
  if (!parts.state.is_none()) frame.children.push_back(&parts.state);
}

// ----------------------------------------------------------------------------------------------------- nodes of values

NodeId Builder::make(const Frame& frame) {
  const Value& value = *frame.value;
  switch (value.kind()) {
    case ValueKind::list:
      return graph_.add_container(Kind::list);
    case ValueKind::tuple: {
      const NodeId tuple = graph_.add_container(Kind::tuple, nodes_of(frame.children));
      return value.to_tuple().is_size() ? tensors_.call("torch", "Size", {tuple}) : tuple;
    }
    case ValueKind::set:
      if (value.to_set().kind() == SetKind::set) return graph_.add_container(Kind::set);
      return graph_.add_container(Kind::frozen_set, nodes_of(frame.children));
    case ValueKind::dict:
      return make_dict(frame, value.to_dict().kind());
    case ValueKind::tensor:
      return tensors_.finish(value.to_tensor(), node_of(*frame.children[0]));
    default:
      return make_object(frame, value.to_object().parts());
  }
}

NodeId Builder::make_dict(const Frame& frame, DictKind kind) {
  const auto before = nodes_of(std::span(frame.children).first(frame.before));
  switch (kind) {
    case DictKind::dict:
      return graph_.add_container(Kind::dict);
    case DictKind::ordered_dict:
      return tensors_.call("collections", "OrderedDict", {});
    case DictKind::default_dict:
      return tensors_.call("collections", "defaultdict", before);
    case DictKind::counter:
      return tensors_.call("collections", "Counter", {graph_.add_container(Kind::dict, before)});
  }
  throw Error(ErrorKind::internal, "a dict of no kind");
}

NodeId Builder::make_object(const Frame& frame, const Object::Parts& parts) {
  if (is_storage(parts)) return tensors_.add_storage(parts.arguments[0].to_tensor(), parts.name == "UntypedStorage");
  if (is_layout(parts)) return tensors_.layout(parts.arguments[0].to_string());
  const auto arguments = nodes_of(std::span(frame.children).first(frame.before));
  const NodeId id = tensors_.call(parts.module, parts.name, arguments);
  if (parts.made == Object::Made::newobj) graph_.mutable_object(id).made = pickle::Made::newobj;
  return id;
}

// A child that is still on the way has no node yet: the container waits for it.
void Builder::finish(const Frame& frame) {
  for (size_t i = frame.before; i < frame.children.size(); ++i) {
    const Value& child = *frame.children[i];
    if (is_container(child) && !find(child)) return postponed_.push_back(frame);
  }
  fill(frame);
}

void Builder::fill(const Frame& frame) {
  const NodeId id = *find(*frame.value);
  if (graph_.kind(id) == Kind::object) return fill_object(id, frame);
  graph_.append(id, nodes_of(std::span(frame.children).subspan(frame.before)));
}

void Builder::fill_object(NodeId id, const Frame& frame) {
  auto rest = nodes_of(std::span(frame.children).subspan(frame.before));
  size_t appended = 0;
  bool has_state = false;
  if (frame.value->is_object()) {
    const Object::Parts& parts = frame.value->to_object().parts();
    appended = parts.appended.size();
    has_state = !parts.state.is_none();
  } else if (frame.value->is_dict()) {
    has_state = frame.value->to_dict().attributes().has_value();
  }
  pickle::Object& object = graph_.mutable_object(id);
  if (has_state) object.states = {rest.back()}, rest.pop_back();
  object.appended.assign(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(appended));
  object.items.assign(rest.begin() + static_cast<ptrdiff_t>(appended), rest.end());
}

std::optional<NodeId> Builder::find(const Value& value) const {
  const uint32_t* found = made_.find(reinterpret_cast<uintptr_t>(value.identity()));
  return found ? std::optional(NodeId{*found}) : std::nullopt;
}

void Builder::remember(const Value& value, NodeId id) {
  made_.emplace(reinterpret_cast<uintptr_t>(value.identity()), static_cast<uint32_t>(id));
}

NodeId Builder::node_of(const Value& value) {
  const void* identity = value.identity();
  if (!identity) return leaf(value);
  if (auto id = find(value)) return *id;
  if (is_container(value)) throw Error(ErrorKind::bad_argument, "a tuple or an object is made from itself");
  const NodeId id = leaf(value);
  remember(value, id);
  return id;
}

std::vector<NodeId> Builder::nodes_of(std::span<const Value* const> values) {
  std::vector<NodeId> nodes;
  nodes.reserve(values.size());
  for (const Value* value : values) nodes.push_back(node_of(*value));
  return nodes;
}

NodeId Builder::leaf(const Value& value) {
  switch (value.kind()) {
    case ValueKind::none:
      return graph_.add_none();
    case ValueKind::boolean:
      return graph_.add_boolean(value.to_bool());
    case ValueKind::integer:
      return graph_.add_integer(value.to_int());
    case ValueKind::big_integer:
      return graph_.add_long(value.to_big_integer());
    case ValueKind::real:
      return graph_.add_real(value.to_double());
    case ValueKind::complex_number:
      return tensors_.call("builtins", "complex",
                           {graph_.add_real(value.to_complex().real()), graph_.add_real(value.to_complex().imag())});
    case ValueKind::string:
      return value.is_interned() ? tensors_.constant(value.to_string()) : graph_.add_string(value.to_string());
    case ValueKind::bytes:
      return graph_.add_bytes(value.to_bytes(),
                              value.bytes_kind() == BytesKind::bytes ? Kind::bytes : Kind::byte_array);
    case ValueKind::dtype:
      return graph_.add_global("torch", name_of(value.to_dtype()));
    case ValueKind::device:
      return device(value.to_device());
    case ValueKind::tensor:
      return tensors_.add(value.to_tensor());
    case ValueKind::object: {
      const Object::Parts& parts = value.to_object().parts();
      return graph_.add_global(parts.module, parts.name);
    }
    default:
      throw Error(ErrorKind::internal, fmt::format("a {} is no leaf", name_of(value.kind())));
  }
}

// torch.device("cuda", 0)
NodeId Builder::device(const Device& device) {
  const std::string& text = device.text();
  std::vector<NodeId> arguments = {graph_.add_string(device.type())};
  if (device.type().size() < text.size()) {
    const std::string index = text.substr(device.type().size() + 1);
    const bool is_number = !index.empty() && index.size() < 10 && index.find_first_not_of("0123456789") == index.npos;
    if (!is_number) throw Error(ErrorKind::bad_argument, fmt::format("\"{}\" is no device", text));
    arguments.push_back(graph_.add_integer(std::stoi(index)));
  }
  return tensors_.call("torch", "device", std::move(arguments));
}

// Where the walk is, as Python would write it: ["optimizer"]["state"][0]
std::string Builder::place() const {
  std::string text;
  for (const Frame& frame : path_) {
    if (frame.next == 0) continue;
    const size_t at = frame.next - 1;
    const bool is_item = frame.value->is_dict() && at >= frame.before && (at - frame.before) % 2 == 1;
    text += is_item ? fmt::format("[{}]", repr(*frame.children[at - 1])) : fmt::format("[{}]", at);
    if (text.size() > 1000) return text + "…";
  }
  return text;
}

}  // namespace

Built build(const Value& value, const std::stop_token& stop, StorageIds ids) { return Builder(stop, ids).build(value); }

}  // namespace okibi::checkpoint
