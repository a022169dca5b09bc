#include "inspect/leaves.h"

#include <fmt/format.h>

#include <unordered_set>

#include "checkpoint/step_name.h"

namespace okibi::inspect {
namespace {

using Child = std::pair<std::string, Value>;

std::vector<Child> numbered(const std::vector<Value>& items, const char* pattern = "{}") {
  std::vector<Child> children;
  for (size_t i = 0; i < items.size(); ++i) children.emplace_back(fmt::format(fmt::runtime(pattern), i), items[i]);
  return children;
}

std::vector<Child> keyed(const std::vector<Dict::Item>& items) {
  std::vector<Child> children;
  for (const auto& [key, item] : items) children.emplace_back(checkpoint::text_of_step(key), item);
  return children;
}

std::vector<Child> children_of_object(const Object& object) {
  const Object::Parts& parts = object.parts();
  std::vector<Child> children = numbered(parts.arguments, "(argument {})");
  if (parts.state.is_dict()) {
    for (Child& child : keyed(parts.state.to_dict().items())) children.push_back(std::move(child));
  } else if (!parts.state.is_none()) {
    children.emplace_back("(state)", parts.state);
  }
  for (Child& child : numbered(parts.appended)) children.push_back(std::move(child));
  for (Child& child : keyed(parts.items)) children.push_back(std::move(child));
  return children;
}

std::vector<Child> children_of(const Value& value) {
  if (value.is_dict()) return keyed(value.to_dict().items());
  if (value.is_list()) return numbered(value.to_list().items());
  if (value.is_tuple()) return numbered(value.to_tuple().items());
  return value.is_object() ? children_of_object(value.to_object()) : std::vector<Child>();
}

bool is_container(const Value& value) {
  return value.is_dict() || value.is_list() || value.is_tuple() || value.is_object();
}

class Walk {
 public:
  std::vector<Leaf> walk(const Value& root) {
    waiting_.emplace_back("", root);
    while (!waiting_.empty()) {
      const Child next = std::move(waiting_.back());
      waiting_.pop_back();
      visit(next.first, next.second);
    }
    return std::move(found_);
  }

 private:
  void visit(const std::string& name, const Value& value) {
    if (value.is_tensor()) return;
    if (is_container(value) && !seen_.insert(value.identity()).second) return;
    std::vector<Child> children = children_of(value);
    if (value.is_object()) {
      found_.push_back({name, value.to_object().python_class()});
    } else if (children.empty()) {
      found_.push_back({name, value});
    }
    for (auto child = children.rbegin(); child != children.rend(); ++child) push(name, *child);
  }

  void push(const std::string& parent, Child& child) {
    std::string name = parent.empty() ? std::move(child.first) : parent + '.' + child.first;
    if (name.size() > left_) {
      throw Error(ErrorKind::limit,
                  "the names of the object's parts are longer than Limits::max_name_bytes, all together");
    }
    left_ -= name.size();
    waiting_.emplace_back(std::move(name), std::move(child.second));
  }

  uint64_t left_ = Limits{}.max_name_bytes;  // diff holds those of two files
  std::vector<Child> waiting_;               // the last one next
  std::vector<Leaf> found_;
  std::unordered_set<const void*> seen_;
};

}  // namespace

std::vector<Leaf> leaves_of(const Value& root) { return Walk().walk(root); }

}  // namespace okibi::inspect
