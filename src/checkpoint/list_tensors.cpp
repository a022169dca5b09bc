#include <fmt/format.h>

#include <unordered_set>

#include "checkpoint/archive_body.h"
#include "checkpoint/step_name.h"

namespace okibi::checkpoint {
namespace {

constexpr size_t longest_path = 1000;  // each name repeats its path: a file a million deep would take a million squared

constexpr uint64_t step_bytes = 16;  // what a step of a path counts

// One step of the walk: a value, and how it was reached.
struct Step {
  Value value;
  Value key;      // str, int …; of a dict, its key; of a list or tuple, the position
  size_t parent;  // in the steps; the root is its own
};

class Lister {
 public:
  explicit Lister(uint64_t pickle_bytes) : name_bytes_left_(Limits{}.max_name_bytes + 4 * pickle_bytes) {}
  std::vector<NamedTensor> list(const Value& root);

 private:
  void push_children(size_t at);
  void push(std::vector<std::pair<Value, Value>> children, size_t parent);
  NamedTensor named(size_t at);
  void append_to(std::string& name, const Value& key);

  uint64_t name_bytes_left_;
  std::vector<Step> steps_;
  std::vector<size_t> waiting_;  // steps to visit; the last one next
  std::unordered_set<const void*> seen_;
};

std::vector<NamedTensor> Lister::list(const Value& root) {
  std::vector<NamedTensor> tensors;
  steps_.push_back({root, nullptr, 0});
  waiting_.push_back(0);
  while (!waiting_.empty()) {
    const size_t at = waiting_.back();
    waiting_.pop_back();
    if (steps_[at].value.is_tensor()) {
      tensors.push_back(named(at));
    } else {
      push_children(at);
    }
  }
  return tensors;
}

void Lister::push_children(size_t at) {
  const Value value = steps_[at].value;
  if (value.identity() && !seen_.insert(value.identity()).second) return;
  std::vector<std::pair<Value, Value>> children;
  switch (value.kind()) {
    case ValueKind::list:
    case ValueKind::tuple:
      for (size_t i = 0; i < value.size(); ++i) children.emplace_back(i, value[i]);
      break;
    case ValueKind::dict:
      for (const auto& item : value.to_dict().items()) children.push_back(item);
      break;
    case ValueKind::object: {
      const Object::Parts& parts = value.to_object().parts();
      for (size_t i = 0; i < parts.arguments.size(); ++i) children.emplace_back(i, parts.arguments[i]);
      for (size_t i = 0; i < parts.appended.size(); ++i) children.emplace_back(i, parts.appended[i]);
      for (const auto& item : parts.items) children.push_back(item);
      if (parts.state.is_dict()) {  // attributes are named as Python names them
        for (const auto& item : parts.state.to_dict().items()) children.push_back(item);
      } else {
        children.emplace_back("state", parts.state);
      }
      break;
    }
    default:
      return;
  }
  push(std::move(children), at);
}

void Lister::push(std::vector<std::pair<Value, Value>> children, size_t parent) {
  for (auto child = children.rbegin(); child != children.rend(); ++child) {
    waiting_.push_back(steps_.size());
    steps_.push_back({std::move(child->second), std::move(child->first), parent});
  }
}

NamedTensor Lister::named(size_t at) {
  NamedTensor found{.name = {}, .path = {}, .tensor = steps_[at].value.to_tensor()};
  for (; at != 0; at = steps_[at].parent) {
    found.path.push_back(steps_[at].key);
    if (found.path.size() > longest_path) {
      throw Error(ErrorKind::limit, "a tensor lies deeper in containers than okibi names tensors")
          .expected(fmt::format("at most {} containers", longest_path))
          .hint("load() reads the whole object.");
    }
  }
  std::reverse(found.path.begin(), found.path.end());
  for (const Value& key : found.path) append_to(found.name, key);
  return found;
}

void Lister::append_to(std::string& name, const Value& key) {
  const std::string text = text_of_step(key);
  const uint64_t cost = step_bytes + text.size();
  if (cost > name_bytes_left_) {
    throw Error(ErrorKind::limit, "the names of the file's tensors are far longer than the file itself")
        .hint("load() reads the whole object.");
  }
  name_bytes_left_ -= cost;
  name += (name.empty() ? "" : ".") + text;
}

}  // namespace

std::vector<NamedTensor> list_tensors(const Value& root, uint64_t pickle_bytes) {
  return Lister(pickle_bytes).list(root);
}

}  // namespace okibi::checkpoint
