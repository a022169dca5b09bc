#include "checkpoint/formats/named_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/keyed_hash.h"

namespace okibi::checkpoint {
namespace {

constexpr size_t most_listed = 5;

class Collector {
 public:
  NamedTensors collect(const Value& value);

 private:
  struct Step {
    std::string name;
    Value value;
    bool is_outermost = false;
  };
  void visit(const Step& step);
  void push_items(const Step& dict);
  void refuse(const std::string& name, const std::string& what);
  void check() const;

  std::vector<Step> waiting_;  // the next one last
  NamedTensors found_;
  std::unordered_set<const void*> dicts_;
  KeyedSet<std::string> names_;
  std::vector<std::string> refused_;  // the first ones
  size_t refused_count_ = 0;
};

NamedTensors Collector::collect(const Value& value) {
  waiting_.push_back({"", value, true});
  while (!waiting_.empty()) {
    const Step step = std::move(waiting_.back());
    waiting_.pop_back();
    visit(step);
  }
  check();
  return std::move(found_);
}

void Collector::visit(const Step& step) {
  if (step.value.is_dict()) return push_items(step);
  if (!step.value.is_tensor() || step.is_outermost) return refuse(step.name, std::string(name_of(step.value.kind())));
  if (!names_.insert(step.name).second) {
    throw Error(ErrorKind::bad_argument, fmt::format("two tensors would be named \"{}\"", printable(step.name, 200)))
        .hint("Rename one: a name is the keys of dicts in dicts, joined by '.'.");
  }
  found_.emplace_back(step.name, step.value.to_tensor());
}

// A dict in two places would be written twice, and one within itself without end.
void Collector::push_items(const Step& dict) {
  if (!dicts_.insert(dict.value.identity()).second) return refuse(dict.name, "a dict that stands elsewhere, too");
  const std::string prefix = dict.is_outermost ? "" : dict.name + ".";
  const auto& items = dict.value.to_dict().items();
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (item->first.is_string()) {
      waiting_.push_back({prefix + item->first.to_string(), item->second});
    } else {
      refuse(prefix + repr(item->first, 100), "a key that is no str");
    }
  }
}

void Collector::refuse(const std::string& name, const std::string& what) {
  ++refused_count_;
  if (refused_.size() < most_listed) {
    refused_.push_back(name.empty() ? what : fmt::format("{} ({})", printable(name, 200), what));
  }
}

void Collector::check() const {
  if (refused_count_ == 0) return;
  const std::string more =
      refused_count_ > refused_.size() ? fmt::format(", and {} more", refused_count_ - refused_.size()) : "";
  throw Error(ErrorKind::unsupported, "this format holds nothing but named tensors")
      .found(fmt::format("{}{}", fmt::join(refused_, ", "), more))
      .hint(
          "Save the part that is a state_dict, such as checkpoint[\"model_state_dict\"]; `okibi show` prints what "
          "there "
          "is, and `okibi convert --only GLOB` takes the tensors whose names match.");
}

}  // namespace

NamedTensors named_tensors(const Value& value) { return Collector().collect(value); }

uint64_t total_nbytes(const NamedTensors& tensors) {
  uint64_t total = 0;
  for (const auto& [name, tensor] : tensors) total = checked_add(total, tensor.nbytes(), "the bytes of all tensors");
  return total;
}

}  // namespace okibi::checkpoint
