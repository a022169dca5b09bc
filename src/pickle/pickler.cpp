#include "pickle/pickler.h"

#include <algorithm>

namespace okibi::pickle {
namespace {

constexpr size_t batch_size = 1000;  // _pickle.c: BATCHSIZE

bool has_children(Kind kind) {
  return kind == Kind::list || kind == Kind::tuple || kind == Kind::dict || kind == Kind::set ||
         kind == Kind::frozen_set;
}

uint64_t count_parts(const Graph& graph) {
  uint64_t parts = graph.size();
  for (uint32_t i = 0; i < graph.size(); ++i) {
    NodeId id{i};
    if (has_children(graph.kind(id))) parts += graph.children(id).size();
    if (graph.kind(id) != Kind::object) continue;
    const Object& object = graph.object(id);
    parts += object.states.size() + object.appended.size() + object.items.size();
  }
  return parts;
}

}  // namespace

void encode(const Graph& graph, io::Sink& sink, Dialect dialect) { Pickler(graph, sink, dialect).run(); }

// What CPython does not memoise, or only when it is finished, is written again at each mention, so there are graphs
// whose writing would not end. Honest graphs need few steps for each of their parts.
Pickler::Pickler(const Graph& graph, io::Sink& sink, Dialect dialect)
    : graph_(graph), dialect_(dialect), out_(sink), numbers_(graph.size()), budget_(1000 + 64 * count_parts(graph)) {}

void Pickler::run() {
  if (graph_.size() == 0) throw Error(ErrorKind::bad_argument, "an empty graph cannot be written as a pickle");
  out_.op(Op::PROTO, uint8_t{2});
  save(graph_.root());
  while (!frames_.empty()) advance();
  out_.op(Op::STOP);
  out_.flush();
}

void Pickler::spend(uint64_t steps) {
  if (steps > budget_) {
    throw Error(ErrorKind::bad_argument, "a graph cannot be written: it contains itself through tuples, sets or calls")
        .hint("Only lists, dicts and the states of objects can hold what they are part of.");
  }
  budget_ -= steps;
}

// ------------------------------------------------------------------------------------------------------- beginning

// Writes a node, or begins to: the frames left on the stack write the rest.
void Pickler::save(NodeId id) {
  spend(1);
  if (known(id)) return get_known(id);
  begin(id);
}

void Pickler::begin(NodeId id) {
  switch (graph_.kind(id)) {
    case Kind::tuple:
      return begin_tuple(id);
    case Kind::set:
    case Kind::frozen_set:
      return begin_set(id);
    case Kind::global:
      return save_global_node(id);
    case Kind::list:
      out_.op(Op::EMPTY_LIST), remember(id, put());
      break;
    case Kind::dict:
      out_.op(Op::EMPTY_DICT), remember(id, put());
      break;
    case Kind::object:
    case Kind::persistent:
      break;
    default:
      return save_atom(id);
  }
  frames_.push_back({id});
}

void Pickler::begin_tuple(NodeId id) {
  size_t size = graph_.children(id).size();
  if (size == 0) return out_.op(Op::EMPTY_TUPLE);
  if (size > 3) out_.op(Op::MARK);
  frames_.push_back({id});
}

// set([…]): protocol 2 has no opcode for it. The list is made for the call, but gets a memo number like any other.
void Pickler::begin_set(NodeId id) {
  save_global("builtins", graph_.kind(id) == Kind::set ? "set" : "frozenset");
  out_.op(Op::EMPTY_LIST);
  put();
  frames_.push_back({id});
}

// ------------------------------------------------------------------------------------------------------- advancing

// Writes what is due next of the innermost unfinished node. A frame may be gone, or moved, after any call of save().
void Pickler::advance() {
  Frame& frame = frames_.back();
  switch (graph_.kind(frame.node)) {
    case Kind::persistent:
      return advance_persistent(frame);
    case Kind::tuple:
      return advance_tuple(frame);
    case Kind::list:
      return advance_list(frame, of_list);
    case Kind::dict:
      return advance_list(frame, of_dict);
    case Kind::object:
      return advance_object(frame);
    default:
      return advance_set(frame);
  }
}

// Never memoised: Python asks persistent_id() for each mention, and gets a new tuple.
void Pickler::advance_persistent(Frame& frame) {
  if (frame.next++ == 0) return save(graph_.child(frame.node, 0));
  out_.op(Op::BINPERSID);
  frames_.pop_back();
}

// A tuple that is known by the time its members are written contains itself, through a list or the like. Then the
// members on the stack are dropped for the tuple that was finished inside.
void Pickler::advance_tuple(Frame& frame) {
  std::span<const NodeId> members = graph_.children(frame.node);
  if (frame.next < members.size()) return save(members[frame.next++]);
  NodeId id = frame.node;
  frames_.pop_back();
  if (known(id)) {
    if (members.size() > 3) out_.op(Op::POP_MARK);
    for (size_t i = 0; members.size() <= 3 && i < members.size(); ++i) out_.op(Op::POP);
    return get_known(id);
  }
  constexpr Op ops[] = {Op::TUPLE1, Op::TUPLE2, Op::TUPLE3, Op::TUPLE};
  out_.op(ops[std::min<size_t>(members.size(), 4) - 1]);
  remember(id, put());
}

void Pickler::advance_list(Frame& frame, const Batches& batches) {
  if (!advance_items(frame, graph_.children(frame.node), batches)) frames_.pop_back();
}

void Pickler::advance_set(Frame& frame) {
  NodeId id = frame.node;
  if (advance_items(frame, graph_.children(id), of_list)) return;
  make_short_tuple(Op::TUPLE1);
  frames_.pop_back();
  call(id, Made::reduce);
}

// Writes one child, with what belongs before it. False: all are written, and so is what belongs after the last.
bool Pickler::advance_items(Frame& frame, std::span<const NodeId> items, const Batches& batches) {
  size_t total = items.size() / batches.width, item = frame.next / batches.width;
  bool starts_item = frame.next % batches.width == 0;
  bool at_border = starts_item && (item % batch_size == 0 || item == total);
  if (at_border && item > 0) out_.op(is_alone(item - 1, total, batches) ? batches.one : batches.many);
  if (frame.next == items.size()) {
    // CPython looks for more after a full batch of a dict, and writes the empty one that it finds.
    bool empty_batch = batches.exact && batches.width == 2 && total > 0 && total % batch_size == 0;
    if (empty_batch) out_.op(Op::MARK), out_.op(batches.many);
    return false;
  }
  if (at_border && !is_alone(item, total, batches)) out_.op(Op::MARK);
  save(items[frame.next++]);
  return true;
}

// Whether an item is written by itself, without MARK. CPython looks at the whole list or dict where it knows the size,
// and at the batch where an iterator hands out the items.
bool Pickler::is_alone(size_t item, size_t total, const Batches& batches) const {
  if (dialect_ == Dialect::torchscript) return false;
  if (batches.exact) return total == 1;
  return item % batch_size == 0 && item + 1 == total;
}

// --------------------------------------------------------------------------------------------------------- objects

void Pickler::advance_object(Frame& frame) {
  const Object& object = graph_.object(frame.node);
  switch (frame.part) {
    case Part::callable:
      frame.part = Part::arguments;
      return save_callable(object);
    case Part::arguments:
      frame.part = object.made == Made::newobj_ex ? Part::keywords : Part::call;
      return save(object.arguments);
    case Part::keywords:
      frame.part = Part::call;
      return save(object.keywords);
    case Part::call:
      if (object.made == Made::newobj_ex) make_short_tuple(Op::TUPLE3);
      frame.part = Part::appended, frame.next = 0;
      if (!call(frame.node, object.made)) frames_.pop_back();
      return;
    case Part::appended:
      if (!advance_items(frame, object.appended, of_appended)) frame.part = Part::items, frame.next = 0;
      return;
    case Part::items:
      if (!advance_items(frame, object.items, of_items)) frame.part = Part::states, frame.next = 0;
      return;
    case Part::states:
      return advance_states(frame, object.states);
  }
}

// Protocol 2 has no opcode for keywords; copyreg's function does the same when it is called.
void Pickler::save_callable(const Object& object) {
  if (dialect_ == Dialect::python && graph_.kind(object.arguments) != Kind::tuple) {
    throw Error(ErrorKind::bad_argument, "the arguments of an object to be written are not in a tuple");
  }
  if (object.made == Made::newobj_ex) save_global("copyreg", "__newobj_ex__");
  save(object.callable);
}

// The call itself. Only now the object exists and can be mentioned. False if it is known already: its arguments
// mentioned it, and what that made, finished with its items and state, is taken instead (bugs.python.org 12687).
bool Pickler::call(NodeId id, Made made) {
  out_.op(made == Made::newobj ? Op::NEWOBJ : Op::REDUCE);
  if (!known(id)) {
    remember(id, put());
    return true;
  }
  out_.op(Op::POP);
  get_known(id);
  return false;
}

void Pickler::advance_states(Frame& frame, std::span<const NodeId> states) {
  if (frame.next > 0) out_.op(Op::BUILD);
  if (frame.next == states.size()) return frames_.pop_back();
  save(states[frame.next++]);
}

}  // namespace okibi::pickle
