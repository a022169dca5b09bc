#include "checkpoint/formats/nesting.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace okibi::checkpoint {
namespace {

constexpr int64_t most_gaps = 100'000;  // positions of lists in which no leaf lies: empty dicts leave them

class Nester {
 public:
  Value run(std::span<const Leaf> leaves);

 private:
  Value child(const Value& container, const Value& key, const Value& next_key);
  const Value* find(const Value& container, const Value& key);
  void set(const Value& container, const Value& key, const Value& value);
  void grow(const List& list, int64_t position);

  int64_t gaps_left_ = most_gaps;
  std::unordered_set<const void*> made_;  // containers: what else is a dict or a list is a leaf
};

Value Nester::run(std::span<const Leaf> leaves) {
  const Value root = Dict();
  made_.insert(root.identity());
  for (const Leaf& leaf : leaves) {
    Value container = root;
    try {
      for (size_t i = 0; i + 1 < leaf.path.size(); ++i) container = child(container, leaf.path[i], leaf.path[i + 1]);
      if (find(container, leaf.path.back())) throw Error(ErrorKind::bad_file, "two items have one path");
      set(container, leaf.path.back(), leaf.value);
    } catch (Error& error) {
      error.at("item", printable(name_of_path(leaf.path), 200));
      throw;
    }
  }
  return root;
}

Value Nester::child(const Value& container, const Value& key, const Value& next_key) {
  if (const Value* found = find(container, key)) {
    if (made_.contains(found->identity())) return *found;
    throw Error(ErrorKind::bad_file, "the path of an item leads through another item");
  }
  const Value made = next_key.is_int() ? Value(List()) : Value(Dict());
  made_.insert(made.identity());
  set(container, key, made);
  return made;
}

// Nothing where the container has nothing there yet.
const Value* Nester::find(const Value& container, const Value& key) {
  if (container.is_dict()) return container.to_dict().find(key);
  if (!key.is_int()) throw Error(ErrorKind::bad_file, "the path of an item has a name where others have a position");
  const auto& items = container.to_list().items();
  const int64_t at = key.to_int();
  if (at < 0) throw Error(ErrorKind::bad_file, "the path of an item has a negative position");
  if (at >= static_cast<int64_t>(items.size()) || items[static_cast<size_t>(at)].is_none()) return nullptr;
  return &items[static_cast<size_t>(at)];
}

void Nester::set(const Value& container, const Value& key, const Value& value) {
  if (container.is_dict()) return container.to_dict().set(key, value);
  const List list = container.to_list();
  grow(list, key.to_int());
  list[static_cast<size_t>(key.to_int())] = value;
}

void Nester::grow(const List& list, int64_t position) {
  auto& items = list.mutable_items();
  const int64_t missing = position - static_cast<int64_t>(items.size());
  if (missing < 0) return;
  if (missing > gaps_left_) {
    throw Error(ErrorKind::limit, "the path of an item has a position far beyond the items there are")
        .found(static_cast<uint64_t>(position));
  }
  gaps_left_ -= missing;
  items.resize(static_cast<size_t>(position) + 1);
}

}  // namespace

Value nested(std::span<const Leaf> leaves) { return Nester().run(leaves); }

std::string name_of_path(std::span<const Value> path) {
  std::string name;
  for (const Value& step : path) {
    if (!name.empty() || &step != path.data()) name += '.';
    name += step.is_string() ? step.to_string() : repr(step);
  }
  return name;
}

}  // namespace okibi::checkpoint
