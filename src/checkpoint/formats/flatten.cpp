#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/keyed_hash.h"
#include "checkpoint/formats/nesting.h"

namespace okibi::checkpoint {
namespace {

constexpr size_t most_levels = 1000;      // Python, which walks down recursively, goes no deeper
constexpr size_t most_steps = 8'000'000;  // of all paths: what is shared is written at each place

// Which lists hold tensors or dicts, in themselves or in lists in them. Each list is looked at once.
class OpenLists {
 public:
  bool has(const Value& list);

 private:
  struct Frame {
    Value list;
    size_t next = 0;
  };
  static bool opens(const Value& item) { return item.is_tensor() || item.is_dict(); }
  void look_at(Frame& frame);

  std::unordered_map<const void*, bool> known_;
  std::vector<Frame> stack_;
};

bool OpenLists::has(const Value& list) {
  if (!known_.contains(list.identity())) {
    known_[list.identity()] = false;
    stack_.push_back({list});
  }
  while (!stack_.empty()) look_at(stack_.back());
  return known_[list.identity()];
}

void OpenLists::look_at(Frame& frame) {
  const auto& items = frame.list.to_list().items();
  if (frame.next == items.size()) return stack_.pop_back();
  const Value& item = items[frame.next++];
  const bool is_new = item.is_list() && known_.try_emplace(item.identity(), false).second;
  if (is_new) return stack_.push_back({item});
  if (!opens(item) && !(item.is_list() && known_[item.identity()])) return;
  for (const Frame& around : stack_) known_[around.list.identity()] = true;
}

class Flattener {
 public:
  std::vector<Leaf> run(const Value& root);

 private:
  // A container whose items from `next` on are still to be opened.
  struct Frame {
    Value container;
    size_t next = 0;
  };
  size_t size_of(const Value& container) const;
  Leaf item_of(const Frame& frame) const;
  bool is_opened(const Value& value) { return value.is_dict() || (value.is_list() && lists_.has(value)); }
  void step();
  void add_leaf(const Value& value);
  [[noreturn]] void refuse(ErrorKind kind, std::string sentence) const;

  OpenLists lists_;
  std::vector<Frame> stack_;
  std::vector<Value> path_;
  std::vector<Leaf> leaves_;
  KeyedSet<std::string> names_;
  size_t steps_left_ = most_steps;
};

std::vector<Leaf> Flattener::run(const Value& root) {
  if (!root.is_dict()) {
    throw Error(ErrorKind::unsupported, "a distributed checkpoint is a dict")
        .found(name_of(root.kind()))
        .hint("Save a dict with the value in it.");
  }
  stack_.push_back({root});
  while (!stack_.empty()) step();
  return std::move(leaves_);
}

size_t Flattener::size_of(const Value& container) const {
  return container.is_dict() ? container.to_dict().size() : container.to_list().size();
}

// The next item, and its last step.
Leaf Flattener::item_of(const Frame& frame) const {
  if (frame.container.is_list()) {
    return {{Value(static_cast<int64_t>(frame.next))}, frame.container.to_list().items()[frame.next]};
  }
  const auto& [key, value] = *(frame.container.to_dict().begin() + static_cast<std::ptrdiff_t>(frame.next));
  return {{key.is_string() ? key : Value(repr(key))}, value};
}

void Flattener::step() {
  Frame& frame = stack_.back();
  if (frame.next == size_of(frame.container)) {
    stack_.pop_back();
    if (!path_.empty()) path_.pop_back();
    return;
  }
  const Leaf item = item_of(frame);
  ++frame.next;
  path_.push_back(item.path[0]);
  if (!is_opened(item.value)) {
    add_leaf(item.value);
    return path_.pop_back();
  }
  if (path_.size() == most_levels)
    refuse(ErrorKind::unsupported, "the value contains itself, or is too deep for Python");
  stack_.push_back({item.value});
}

void Flattener::add_leaf(const Value& value) {
  if (path_.size() > steps_left_) refuse(ErrorKind::limit, "the value has too many items for a distributed checkpoint");
  steps_left_ -= path_.size();
  if (!names_.insert(name_of_path(path_)).second) {
    refuse(ErrorKind::unsupported, "two items of the value have one name in a distributed checkpoint");
  }
  leaves_.push_back({path_, value});
}

void Flattener::refuse(ErrorKind kind, std::string sentence) const {
  throw Error(kind, std::move(sentence)).at("item", printable(name_of_path(path_), 200));
}

}  // namespace

std::vector<Leaf> flattened(const Value& value) { return Flattener().run(value); }

}  // namespace okibi::checkpoint
