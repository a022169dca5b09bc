// The walk over the graph. Its difficulty is that a file may be a million deep and may contain itself.
//
// A list, a dict or a set is made empty when the walk meets it and filled when the walk leaves it; a tuple or the
// arguments of a call must be complete before what holds them can be made. A container that contains a tuple which
// contains the container is filled last of all, when everything has been made.
#include "checkpoint/pickled/resolve.h"

#include <algorithm>

#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/rebuild.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// What must be visited for a node, in order: some of it before the node can be made, the rest before it is complete.
struct Steps {
  Rebuilder::Needs before = {};
  std::span<const NodeId> after = {}, more = {}, last = {};

  size_t count_before() const noexcept { return before[0].size() + before[1].size(); }
  size_t count() const noexcept { return count_before() + after.size() + more.size() + last.size(); }
  NodeId operator[](size_t i) const noexcept {
    for (auto part : {before[0], before[1], after, more}) {
      if (i < part.size()) return part[i];
      i -= part.size();
    }
    return last[i];
  }
};

// In each persistent id PyTorch says "storage" and, mostly, "cpu". Python has one object for such a word, so that a
// user's "cpu" is the same object, or, where a program put it together, another one: the file tells.
std::vector<bool> interned_strings(const Graph& graph) {
  std::vector<bool> found(graph.size(), false);
  for (uint32_t i = 0; i < graph.size(); ++i) {
    if (graph.kind(NodeId{i}) != Kind::persistent || graph.kind(graph.child(NodeId{i}, 0)) != Kind::tuple) continue;
    const auto id = graph.children(graph.child(NodeId{i}, 0));
    for (size_t at : {size_t{0}, size_t{3}}) {
      if (at >= id.size() || graph.kind(id[at]) != Kind::string) continue;
      if (graph.text(id[at]).find(':') == std::string_view::npos) found[static_cast<size_t>(id[at])] = true;
    }
  }
  return found;
}

class Resolver {
 public:
  Resolver(const Graph& graph, TensorMaker& tensors, const LoadOptions& options)
      : graph_(graph),
        globals_(graph, options),
        stop_(options.stop),
        state_(graph.size(), State::unseen),
        made_(graph.size()),
        interned_(interned_strings(graph)),
        copies_(graph, options.limits),
        rebuild_(graph, globals_, tensors, options.limits, copies_, made_) {}
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // Cycles must own themselves before the last handle from here goes, also those of a file that is refused half-way.
  ~Resolver();

  Value resolve();

 private:
  enum class State : uint8_t { unseen, open, made, postponed, complete };
  struct Frame {
    NodeId id;
    size_t next;  // of its steps
  };

  std::span<const NodeId> contents_of(NodeId id) const;
  Steps steps_of(NodeId id) const;
  void walk();
  void enter(NodeId id);
  void advance(Frame& frame);
  void make(NodeId id);
  Value make_value(NodeId id);
  void finish(NodeId id);
  void fill(NodeId id);
  Tuple tuple_of(NodeId id) const;
  void check_complete_arguments(const pickle::Object& call) const;

  State& state(NodeId id) { return state_[static_cast<size_t>(id)]; }
  State state(NodeId id) const { return state_[static_cast<size_t>(id)]; }
  Value& made(NodeId id) { return made_[static_cast<size_t>(id)]; }
  const Value& made(NodeId id) const { return made_[static_cast<size_t>(id)]; }

  const Graph& graph_;
  Globals globals_;
  std::stop_token stop_;
  std::vector<State> state_;
  std::vector<Value> made_;
  std::vector<bool> interned_;  // strings that PyTorch's own program holds
  CopyBudget copies_;
  Rebuilder rebuild_;
  std::vector<Frame> path_;        // from the root to where the walk is
  std::vector<NodeId> postponed_;  // containers to fill last
  bool has_cycle_ = false;
};

Resolver::~Resolver() {
  if (!has_cycle_) return;
  try {
    rebuild_.require_no_cycles_through_tensors();
  } catch (const Error&) {  // whoever asked for the Value was told
  }
  Value everything = List(std::move(made_));
  close_cycles(everything);
}

Value Resolver::resolve() {
  walk();
  for (NodeId id : postponed_) fill(id);
  if (has_cycle_) rebuild_.require_no_cycles_through_tensors();
  return made(graph_.root());
}

void Resolver::walk() {
  enter(graph_.root());
  for (uint64_t count = 0; !path_.empty(); ++count) {
    if (count % 65536 == 0) throw_if_stopped(stop_);
    Frame frame = path_.back();
    try {
      advance(path_.back());
    } catch (Error& error) {
      error.at("offset", graph_.offset(frame.id));
      // What a file asks for is the file's fault, whoever noticed it.
      if (error.kind() == ErrorKind::bad_argument) throw Error(ErrorKind::bad_file, error.what());
      throw;
    }
  }
}

void Resolver::advance(Frame& frame) {
  Steps steps = steps_of(frame.id);
  NodeId id = frame.id;
  if (frame.next == steps.count_before() && state(id) == State::open) make(id);
  if (frame.next < steps.count()) return enter(steps[frame.next++]);
  finish(id);
  path_.pop_back();
}

void Resolver::enter(NodeId id) {
  if (state(id) == State::unseen) {
    state(id) = State::open;
    path_.push_back({id, 0});
  } else if (state(id) != State::complete) {
    has_cycle_ = true;
  }
}

// What lies in a container; nothing where the node is none, which has no children to ask for.
std::span<const NodeId> Resolver::contents_of(NodeId id) const {
  const Kind kind = graph_.kind(id);
  return kind >= Kind::list && kind <= Kind::frozen_set ? graph_.children(id) : std::span<const NodeId>();
}

Steps Resolver::steps_of(NodeId id) const {
  switch (graph_.kind(id)) {
    case Kind::tuple:
    case Kind::frozen_set:
      return {.before = {contents_of(id)}};
    case Kind::list:
    case Kind::dict:
    case Kind::set:
      return {.after = contents_of(id)};
    case Kind::object: {
      const pickle::Object& call = graph_.object(id);
      return {.before = rebuild_.needs(call), .after = call.states, .more = call.appended, .last = call.items};
    }
    default:
      return {};
  }
}

void Resolver::make(NodeId id) {
  const Steps steps = steps_of(id);
  for (size_t i = 0; i < steps.count_before(); ++i) {
    if (state(steps[i]) == State::open) throw Error(ErrorKind::bad_file, "an object is made from itself");
  }
  made(id) = make_value(id);
  state(id) = State::made;
}

Value Resolver::make_value(NodeId id) {
  switch (graph_.kind(id)) {
    case Kind::none:
      return nullptr;
    case Kind::boolean:
      return graph_.integer(id) != 0;
    case Kind::integer:
      return graph_.integer(id);
    case Kind::long_integer:
      return Value::big_integer(graph_.bytes(id));
    case Kind::real:
      return graph_.real(id);
    case Kind::string:
      return interned_[static_cast<size_t>(id)] ? Value::interned(graph_.text(id)) : Value(graph_.text(id));
    case Kind::bytes:
      copies_.take(graph_.bytes(id).size());
      return Value::bytes(graph_.bytes(id));
    case Kind::byte_array:
      copies_.take(graph_.bytes(id).size());
      return Value::bytes(graph_.bytes(id), BytesKind::byte_array);
    case Kind::list:
      return List();
    case Kind::tuple:
      return tuple_of(id);
    case Kind::dict:
      return Dict();
    case Kind::set:
      return Set();
    case Kind::frozen_set: {
      Set set(SetKind::frozen_set);
      for (NodeId item : graph_.children(id)) set.insert(made(item));
      return set;
    }
    case Kind::global:
      return rebuild_.global(id);
    case Kind::persistent:
      return rebuild_.storage(id);
    case Kind::object:
      check_complete_arguments(graph_.object(id));
      return rebuild_.make(graph_.object(id));
  }
  throw Error(ErrorKind::internal, "a node of no kind");
}

Tuple Resolver::tuple_of(NodeId id) const {
  std::vector<Value> items;
  items.reserve(graph_.children(id).size());
  for (NodeId child : graph_.children(id)) items.push_back(made(child));
  return Tuple(std::move(items));
}

// set([…]) copies its list: a list that waits for the set itself to be made could only be copied unfilled.
void Resolver::check_complete_arguments(const pickle::Object& call) const {
  if (postponed_.empty() || !rebuild_.consumes(call)) return;
  const auto check = [&](NodeId id) {
    if (state(id) != State::postponed) return;
    throw Error(ErrorKind::bad_file, "an object is made from a list that contains the object");
  };
  for (const auto& needs : rebuild_.needs(call)) {
    for (NodeId need : needs) {
      check(need);
      std::ranges::for_each(contents_of(need), check);
    }
  }
}

void Resolver::finish(NodeId id) {
  Steps steps = steps_of(id);
  bool all_made = true;
  for (size_t i = steps.count_before(); i < steps.count(); ++i) all_made &= state(steps[i]) != State::open;
  if (all_made) {
    fill(id);
  } else {
    postponed_.push_back(id);
  }
  state(id) = all_made ? State::complete : State::postponed;
}

void Resolver::fill(NodeId id) {
  const auto children = contents_of(id);
  switch (graph_.kind(id)) {
    case Kind::list: {
      auto& items = made(id).to_list().mutable_items();
      items.reserve(children.size());
      for (NodeId child : children) items.push_back(made(child));
      return;
    }
    case Kind::dict: {
      Dict dict = made(id).to_dict();
      for (size_t i = 0; i + 1 < children.size(); i += 2) dict.set(made(children[i]), made(children[i + 1]));
      return;
    }
    case Kind::set: {
      Set set = made(id).to_set();
      for (NodeId child : children) set.insert(made(child));
      return;
    }
    case Kind::object:
      return rebuild_.finish(made(id), graph_.object(id));
    default:
      return;
  }
}

}  // namespace

Value resolve(const Graph& graph, TensorMaker& tensors, const LoadOptions& options) {
  return Resolver(graph, tensors, options).resolve();
}

}  // namespace okibi::checkpoint
