// repr() without recursion: a stack of steps still to be printed.
#include "tensor/value_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <ostream>
#include <unordered_set>

#include "tensor/nearest.h"
#include "tensor/numpy.h"
#include "tensor/python_text.h"
#include "tensor/value_body.h"

namespace okibi {

using namespace detail;

namespace {

constexpr size_t unlimited = SIZE_MAX;
constexpr size_t bytes_of_node = 32;  // a text counts as many nodes as it is long: one long text may be in many places

std::string device_text(const Device& device) {
  const size_t colon = device.text().find(':');
  const std::string type = python_str(device.type());
  if (colon == std::string::npos) return fmt::format("device(type={})", type);
  return fmt::format("device(type={}, index={})", type, device.text().substr(colon + 1));
}

bool is_builtin_class(std::string_view name) {
  constexpr std::string_view names[] = {"bool", "bytearray", "bytes", "complex", "dict",  "float", "frozenset", "int",
                                        "list", "object",    "range", "set",     "slice", "str",   "tuple",     "type"};
  return std::ranges::find(names, name) != std::end(names);
}

// A file names classes and functions alike; Python's habit of writing classes with a capital tells them apart.
std::string global_text(const Object::Parts& parts) {
  const bool builtin = parts.module == "builtins" || parts.module == "__builtin__";
  if (builtin && is_builtin_class(parts.name)) return fmt::format("<class '{}'>", parts.name);
  const std::string_view last = std::string_view(parts.name).substr(parts.name.rfind('.') + 1);
  if (!last.empty() && last[0] >= 'A' && last[0] <= 'Z')
    return fmt::format("<class '{}.{}'>", parts.module, parts.name);
  return fmt::format("<function {}.{}>", parts.module, parts.name);
}

std::string bytes_text(const BytesBody& body, size_t most) {
  const std::string text = python_bytes(std::span(body.bytes).first(std::min(body.bytes.size(), most)));
  return body.bytes_kind == BytesKind::bytes ? text : "bytearray(" + text + ")";
}

// Of a value that holds no others. Of long texts only the first `most` bytes.
std::string leaf_text(const Value& value, size_t most) {
  switch (value.kind()) {
    case ValueKind::none:
      return "None";
    case ValueKind::boolean:
      return value.to_bool() ? "True" : "False";
    case ValueKind::integer:
      return std::to_string(value.to_int());
    case ValueKind::big_integer:
      return python_int(value.to_big_integer());
    case ValueKind::real:
      return python_float(value.to_double());
    case ValueKind::complex_number:
      return python_complex(value.to_complex());
    case ValueKind::string:
      return python_str(std::string_view(value.to_string()).substr(0, most));
    case ValueKind::bytes:
      return bytes_text(ValueAccess::as<BytesBody>(value), most);
    case ValueKind::dtype:
      return fmt::format("torch.{}", name_of(value.to_dtype()));
    case ValueKind::device:
      return device_text(value.to_device());
    case ValueKind::tensor:
      return to_string(value.to_tensor());
    default:
      return global_text(ValueAccess::as<ObjectBody>(value).parts);
  }
}

bool is_leaf(const Value& value) {
  if (!holds_values(value.kind())) return true;
  return value.is_object() && ValueAccess::as<ObjectBody>(value).parts.made == Object::Made::named;
}

// Text to print, then a value, or the end of a container.
struct Step {
  std::string_view before;
  const Value* value = nullptr;
  const Counted* end_of = nullptr;
};

// How a container is written: the text it begins with, its items each with the text before it, and the text it ends
// with.
struct Layout {
  std::string begin;
  std::vector<Step> items;
  std::string_view end;
};

class Printer {
 public:
  Printer(uint64_t max_nodes, size_t max_bytes) : nodes_left_(max_nodes), max_bytes_(max_bytes) {}

  std::string run(const Value& value) {
    steps_.push_back({"", &value});
    while (!steps_.empty()) {
      const Step step = steps_.back();
      steps_.pop_back();
      text_ += step.before;
      if (step.end_of != nullptr) open_.erase(step.end_of);
      if (step.value == nullptr) continue;
      if (nodes_left_ == 0 || text_.size() > max_bytes_) {
        skip_rest();
      } else {
        --nodes_left_;
        print(*step.value);
      }
    }
    return std::move(text_);
  }

 private:
  void skip_rest() {
    text_ += "...";
    while (!steps_.empty() && steps_.back().end_of == nullptr) steps_.pop_back();
  }

  void print_text(const std::string& text) {
    nodes_left_ -= std::min<uint64_t>(nodes_left_, text.size() / bytes_of_node);
    text_ += text;
  }

  void print(const Value& value) {
    if (is_leaf(value)) return print_text(leaf_text(value, max_bytes_));
    if (const auto text = numpy_text(value)) return print_text(*text);
    const Counted* body = ValueAccess::body(value);
    if (!open_.insert(body).second) {
      text_ += text_of_cycle(value);
      return;
    }
    Layout layout = layout_of(value);
    text_ += layout.begin;
    steps_.push_back({layout.end, nullptr, body});
    steps_.insert(steps_.end(), layout.items.rbegin(), layout.items.rend());
  }

  static std::string_view text_of_cycle(const Value& value) {
    if (value.is_list()) return "[...]";
    if (value.is_tuple()) return "(...)";
    if (!value.is_dict()) return "...";
    return ValueAccess::as<DictBody>(value).dict_kind == DictKind::ordered_dict ? "..." : "{...}";
  }

  Layout layout_of(const Value& value) const {
    if (value.is_list()) return {"[", listed(ValueAccess::as<ListBody>(value).items), "]"};
    if (value.is_tuple()) return layout_of_tuple(ValueAccess::as<TupleBody>(value));
    if (value.is_dict()) return layout_of_dict(ValueAccess::as<DictBody>(value));
    if (value.is_object()) return layout_of_object(ValueAccess::as<ObjectBody>(value).parts);
    return layout_of_set(ValueAccess::as<SetBody>(value));
  }

  Layout layout_of_tuple(const TupleBody& tuple) const {
    if (tuple.is_size) return {"torch.Size([", listed(tuple.items), "])"};
    return {"(", listed(tuple.items), tuple.items.size() == 1 ? ",)" : ")"};
  }

  Layout layout_of_set(const SetBody& set) const {
    const bool frozen = set.set_kind == SetKind::frozen_set;
    if (set.items.empty()) return {frozen ? "frozenset()" : "set()", {}, ""};
    return frozen ? Layout{"frozenset({", listed(set.items), "})"} : Layout{"{", listed(set.items), "}"};
  }

  Layout layout_of_dict(const DictBody& dict) const {
    const bool empty = dict.items.empty();
    switch (dict.dict_kind) {
      case DictKind::ordered_dict:
        return empty ? Layout{"OrderedDict()", {}, ""}
                     : Layout{"OrderedDict([", paired(dict, "(", ", ", "), ("), ")])"};
      case DictKind::default_dict:
        return layout_of_default_dict(dict);
      case DictKind::counter:
        return empty ? Layout{"Counter()", {}, ""} : Layout{"Counter({", most_common(dict), "})"};
      default:
        return {"{", paired(dict, "", ": ", ", "), "}"};
    }
  }

  Layout layout_of_default_dict(const DictBody& dict) const {
    Layout layout{"defaultdict(", {{"", &dict.default_factory}}, dict.items.empty() ? ", {})" : "})"};
    const std::vector<Step> items = paired(dict, ", {", ": ", ", ");
    layout.items.insert(layout.items.end(), items.begin(), items.end());
    return layout;
  }

  // pkg.Class(argument, state={...}, appended=[...], items={...}): what it was made with, and what it was then given.
  Layout layout_of_object(const Object::Parts& parts) const {
    Layout layout{fmt::format("{}.{}(", parts.module, parts.name), listed(parts.arguments), ")"};
    const auto comma = [&](std::string_view with, std::string_view without) {
      return layout.items.empty() ? without : with;
    };
    if (!parts.state.is_none()) layout.items.push_back({comma(", state=", "state="), &parts.state});
    if (!parts.appended.empty()) {
      const auto items = listed(parts.appended, comma(", appended=[", "appended=["));
      layout.items.insert(layout.items.end(), items.begin(), items.end());
      layout.end = "])";
    }
    if (parts.items.empty()) return layout;
    const std::string_view first = layout.end == "])" ? "], items={" : comma(", items={", "items={");
    const auto items = paired(parts.items, first, ": ", ", ");
    layout.items.insert(layout.items.end(), items.begin(), items.end());
    layout.end = "})";
    return layout;
  }

  // No more steps are made than may be printed: a container may be huge, and the budget small.
  size_t printable(size_t items) const { return static_cast<size_t>(std::min<uint64_t>(items, nodes_left_ + 1)); }

  std::vector<Step> listed(const std::vector<Value>& values, std::string_view first = "") const {
    std::vector<Step> steps(printable(values.size()));
    for (size_t i = 0; i < steps.size(); ++i) steps[i] = {i == 0 ? first : ", ", &values[i]};
    return steps;
  }

  std::vector<Step> paired(const std::vector<Dict::Item>& items, std::string_view first, std::string_view middle,
                           std::string_view between) const {
    std::vector<Step> steps;
    for (size_t i = 0; i < printable(items.size()); ++i) {
      steps.push_back({i == 0 ? first : between, &items[i].first});
      steps.push_back({middle, &items[i].second});
    }
    return steps;
  }
  std::vector<Step> paired(const DictBody& dict, std::string_view first, std::string_view middle,
                           std::string_view between) const {
    return paired(dict.items, first, middle, between);
  }

  // A Counter prints its largest counts first, when all are numbers that can be compared.
  std::vector<Step> most_common(const DictBody& counter) const {
    std::vector<Step> steps;
    for (const Dict::Item* item : by_count(counter)) {
      steps.push_back({steps.empty() ? "" : ", ", &item->first});
      steps.push_back({": ", &item->second});
    }
    return steps;
  }

  static std::vector<const Dict::Item*> by_count(const DictBody& counter) {
    std::vector<const Dict::Item*> items;
    for (const Dict::Item& item : counter.items) items.push_back(&item);
    const auto counts = [](const Dict::Item* item) { return item->second.is_int() || item->second.is_double(); };
    if (!std::ranges::all_of(items, counts)) return items;
    std::ranges::stable_sort(items, std::greater{}, [](const Dict::Item* item) { return item->second.to_double(); });
    return items;
  }

  uint64_t nodes_left_;
  size_t max_bytes_;
  std::string text_;
  std::vector<Step> steps_;
  std::unordered_set<const Counted*> open_;  // containers whose end is still to come
};

// Not in the middle of a character.
std::string cut(std::string text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (text[bytes] & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes) + "...";
}

std::string_view article_and_name(const Value& value) {
  constexpr std::string_view words[] = {
      "None",   "a bool",  "an int", "an int", "a float",       "a complex",      "a str",    "bytes",
      "a list", "a tuple", "a dict", "a set",  "a torch.dtype", "a torch.device", "a Tensor", "an object"};
  return words[static_cast<size_t>(value.kind())];
}

}  // namespace

std::string repr(const Value& value, uint64_t max_nodes) { return Printer(max_nodes, unlimited).run(value); }

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << repr(value); }

std::string short_repr(const Value& value, size_t max_bytes) {
  return cut(Printer(max_bytes, max_bytes).run(value), max_bytes);
}

std::string describe(const Value& value) {
  if (value.is_none()) return "None";
  if (value.is_tensor()) {
    const Tensor& tensor = value.to_tensor();
    return fmt::format("a Tensor of shape {} and dtype torch.{}", to_string(tensor.sizes()), name_of(tensor.dtype()));
  }
  if (value.is_object()) return "an object of class " + value.to_object().python_class();
  return fmt::format("{}: {}", article_and_name(value), short_repr(value));
}

std::string listed_keys(const std::vector<Dict::Item>& items) {
  constexpr size_t most = 20;
  std::string text;
  for (size_t i = 0; i < std::min(items.size(), most); ++i) {
    text += (i == 0 ? "" : ", ") + short_repr(items[i].first);
  }
  return items.size() > most ? text + ", …" : text;
}

void throw_missing_key(const DictBody& dict, const Value& key) {
  const std::string have = dict.items.empty() ? "it is empty" : "its keys are: " + listed_keys(dict.items);
  Error error(ErrorKind::not_found, fmt::format("the dict has no key {}; {}", short_repr(key), have));
  if (!key.is_string()) throw error;
  std::vector<std::string_view> names;
  for (const auto& item : dict.items)
    if (item.first.is_string()) names.push_back(item.first.to_string());
  const std::string hint = did_you_mean(nearest_names(key.to_string(), names));
  if (!hint.empty()) error.hint(hint);
  throw error;
}

}  // namespace okibi
