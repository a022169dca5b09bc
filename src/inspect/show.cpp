// The object as an indented tree.
#include <algorithm>

#include <fmt/format.h>

#include <okibi/inspect.h>

#include "inspect/part.h"
#include "inspect/repeats.h"
#include "inspect/sample.h"
#include "tensor/numpy.h"

namespace okibi::inspect {
namespace {

// Deeper than people look, and far less deep than the stack.
constexpr size_t max_depth = 200;
constexpr size_t most_of_name = 400;

class TreePrinter {
 public:
  explicit TreePrinter(const Archive& archive) : archive_(archive) {}

  std::string print(const Value& value) {
    add(value, 0);
    return std::move(text_);
  }

 private:
  void add(const Value& value, size_t depth) {
    repeats_.enter(value, depth) ? add_new(value, depth) : put("… (and more, as often or as deep)");
    repeats_.leave();
  }

  void add_new(const Value& value, size_t depth) {
    if (++nodes_ > Limits{}.max_printed_nodes) return put("…");
    if (is_open(value)) return put("… (contains itself)");
    if (depth > max_depth) return put("… (deeper)");
    if (value.is_tensor()) return put(line_of(value.to_tensor()));
    if (value.is_dict()) return add_dict(value, depth);
    if (value.is_list() || value.is_tuple() || value.kind() == ValueKind::set) return add_sequence(value, depth);
    if (value.is_object()) return add_object(value, depth);
    put(short_repr(value));
  }

  void add_dict(const Value& value, size_t depth) {
    const Dict dict = value.to_dict();
    if (is_small(dict)) return put(short_repr(value));
    static constexpr std::string_view kinds[] = {"dict", "OrderedDict", "defaultdict", "Counter"};
    put(fmt::format("{} of {}", kinds[static_cast<size_t>(dict.kind())], dict.size()));
    inside(value, [&] {
      for (const auto& [key, item] : dict) child(name_of_key(key), item, depth);
      if (const auto attributes = dict.attributes()) child("(attributes)", *attributes, depth);
    });
  }

  void add_sequence(const Value& value, size_t depth) {
    const std::vector<Value> items = items_of(value);
    if (is_plain(items)) return put(short_repr(value));
    put(fmt::format("{} of {}", name_of(value.kind()), items.size()));
    inside(value, [&] {
      for (size_t i = 0; i < items.size(); ++i) child(std::to_string(i), items[i], depth);
    });
  }

  void add_object(const Value& value, size_t depth) {
    if (const auto number = number_of_numpy(value)) return put(repr(*number));
    const Object::Parts& parts = value.to_object().parts();
    put(printable(value.to_object().python_class(), most_of_name));
    inside(value, [&] {
      for (size_t i = 0; i < parts.arguments.size(); ++i)
        child(fmt::format("(argument {})", i), parts.arguments[i], depth);
      if (parts.state.is_dict()) {
        for (const auto& [key, item] : parts.state.to_dict()) child(name_of_key(key), item, depth);
      } else if (!parts.state.is_none()) {
        child("(state)", parts.state, depth);
      }
      for (size_t i = 0; i < parts.appended.size(); ++i) child(std::to_string(i), parts.appended[i], depth);
      for (const auto& [key, item] : parts.items) child(repr(key, 20), item, depth);
    });
  }

  // ---- how lines are made

  void child(const std::string& name, const Value& value, size_t depth) {
    if (repeats_.spent()) return;
    text_ += '\n' + std::string(2 * (depth + 1), ' ') + printable(name, most_of_name) + ": ";
    add(value, depth + 1);
  }
  void put(std::string_view text) { text_ += text; }

  template <class Work>
  void inside(const Value& value, Work&& work) {
    open_.push_back(value.identity());
    work();
    open_.pop_back();
  }
  bool is_open(const Value& value) const {
    return value.identity() && std::find(open_.begin(), open_.end(), value.identity()) != open_.end();
  }

  static std::vector<Value> items_of(const Value& value) {
    if (value.is_list()) return value.to_list().items();
    if (value.is_tuple()) return value.to_tuple().items();
    return value.to_set().items();
  }
  static std::string name_of_key(const Value& key) {
    return key.is_string() && key.size() > 0 ? key.to_string() : repr(key, 20);
  }
  static bool is_small(const Dict& dict) {
    std::vector<Value> values;
    for (const auto& [key, item] : dict) values.push_back(item);
    return values.size() <= 3 && !dict.attributes() && is_plain(values);
  }
  // Short, and of scalars only: shown in one line.
  static bool is_plain(const std::vector<Value>& items) {
    return items.size() <= 16 && std::none_of(items.begin(), items.end(), [](const Value& item) {
             return item.is_tensor() || item.is_dict() || item.is_list() || item.is_tuple() || item.is_object() ||
                    item.kind() == ValueKind::set;
           });
  }

  static std::string short_repr(const Value& value) {
    constexpr size_t most = 200;
    if (value.is_string() && value.size() > most)
      return repr(Value(value.to_string().substr(0, most))) + fmt::format("… ({} bytes)", value.size());
    if (value.kind() == ValueKind::bytes && value.size() > most) return fmt::format("{} bytes", value.size());
    return repr(value, 1000);
  }

  std::string line_of(const Tensor& tensor) const {
    return fmt::format("tensor {} {}{}", name_of(tensor.dtype()), to_string(tensor.sizes()),
                       sample_text(archive_, tensor));
  }

  const Archive& archive_;
  std::string text_;
  Repeats repeats_;
  uint64_t nodes_ = 0;
  std::vector<const void*> open_;
};

}  // namespace

std::string show(const Archive& archive, const std::string& path) {
  return in_context("", archive.name(), [&] { return TreePrinter(archive).print(part_of(archive.skeleton(), path)); });
}

}  // namespace okibi::inspect
