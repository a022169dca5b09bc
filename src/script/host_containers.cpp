// Lists, dicts and tuples. A list or dict that a program changes is changed for all who hold it, as in Python.
#include "script/host_values.h"

namespace okibi::script {

size_t index_in(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  const int64_t at = index < 0 ? index + count : index;
  if (at >= 0 && at < count) return static_cast<size_t>(at);
  throw Error(ErrorKind::out_of_range, "an index of the program lies outside of the list")
      .expected(fmt::format("{} to {}", -count, count - 1))
      .found(std::to_string(index));
}

Range slice_of(const Value& begin, const Value& end, const Value& step, size_t size) {
  const auto count = static_cast<int64_t>(size);
  Range range{.step = step.is_none() ? 1 : step.to_int()};
  if (range.step == 0) throw Error(ErrorKind::bad_argument, "the step of a slice is zero");
  const bool back = range.step < 0;
  const auto bound = [&](const Value& value, int64_t otherwise) {
    if (value.is_none()) return otherwise;
    const int64_t at = value.to_int() < 0 ? value.to_int() + count : value.to_int();
    return back ? std::clamp<int64_t>(at, -1, count - 1) : std::clamp<int64_t>(at, 0, count);
  };
  range.begin = bound(begin, back ? count - 1 : 0);
  range.end = bound(end, back ? -1 : count);
  return range;
}

namespace {

// What a program can make grow without end, it may not.
constexpr size_t most_items = 100'000'000;

void check_size(size_t size) {
  if (size > most_items) throw Error(ErrorKind::limit, "a list of the program grows beyond any").found(uint64_t{size});
}

Value length(Arguments a) { return a[0].size(); }

Value item(Arguments a) {
  const List list = a[0].to_list();
  return list[index_in(a[1].to_int(), list.size())];
}

Value set_item(Arguments a) {
  const List list = a[0].to_list();
  list[index_in(a[1].to_int(), list.size())] = a[2];
  return list;
}

Value append(Arguments a) {
  check_size(a[0].size());
  a[0].to_list().push_back(a[1]);
  return a[0];
}

Value insert(Arguments a) {
  std::vector<Value>& items = a[0].to_list().mutable_items();
  check_size(items.size());
  const auto count = static_cast<int64_t>(items.size());
  const int64_t at = a[1].to_int() < 0 ? a[1].to_int() + count : a[1].to_int();
  items.insert(items.begin() + std::clamp<int64_t>(at, 0, count), a[2]);
  return {};
}

Value extend(Arguments a) {
  const std::vector<Value> more = a[1].to_list().items();
  check_size(a[0].size() + more.size());
  for (const Value& value : more) a[0].to_list().push_back(value);
  return a[0];
}

Value joined(Arguments a) {
  std::vector<Value> items = a[0].to_list().items();
  const auto& more = a[1].to_list().items();
  check_size(items.size() + more.size());
  items.insert(items.end(), more.begin(), more.end());
  return List(std::move(items));
}

Value repeated(Arguments a) {
  const auto times = static_cast<size_t>(std::max<int64_t>(a[1].to_int(), 0));
  const auto& items = a[0].to_list().items();
  check_size(checked_mul(items.size(), times, "the items of a list"));
  std::vector<Value> all;
  for (size_t i = 0; i < times; ++i) all.insert(all.end(), items.begin(), items.end());
  return List(std::move(all));
}

Value slice(Arguments a) {
  const auto& items = a[0].to_list().items();
  const Range range = slice_of(a[1], a[2], a[3], items.size());
  std::vector<Value> part;
  for (int64_t i = range.begin; range.step > 0 ? i < range.end : i > range.end;) {
    part.push_back(items[static_cast<size_t>(i)]);
    if (range.step > 0 ? range.end - i <= range.step : i - range.end <= -range.step) break;  // else i might wrap
    i += range.step;
  }
  return List(std::move(part));
}

Value copy(Arguments a) {
  if (a[0].is_string()) {
    std::vector<Value> letters;
    for (const char c : a[0].to_string()) letters.push_back(Value(std::string_view(&c, 1)));
    return List(std::move(letters));
  }
  return List(a[0].to_list().items());
}

Value pop(Arguments a) {
  std::vector<Value>& items = a[0].to_list().mutable_items();
  const size_t at = index_in(a[1].to_int(), items.size());
  Value taken = items[at];
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
  return taken;
}

Value clear(Arguments a) {
  a[0].to_list().mutable_items().clear();
  return {};
}

Value reverse(Arguments a) {
  std::ranges::reverse(a[0].to_list().mutable_items());
  return {};
}

bool is_less(const Value& a, const Value& b) {
  if (a.is_string()) return a.to_string() < b.to_string();
  return are_ints(a, b) ? a.to_int() < b.to_int() : a.to_double() < b.to_double();
}

Value sorted(Arguments a) {
  std::vector<Value> items = a[0].to_list().items();
  std::ranges::stable_sort(items, is_less);
  return List(std::move(items));
}

Value contains(Arguments a) {
  if (a[0].is_dict()) return a[0].to_dict().contains(a[1]);
  return std::ranges::find(a[0].to_list().items(), a[1]) != a[0].to_list().items().end();
}

// In place, equal ones in their order.
Value sort(Arguments a) {
  const bool falling = a[1].to_bool();
  std::ranges::stable_sort(a[0].to_list().mutable_items(),
                           [falling](const Value& x, const Value& y) { return falling ? is_less(y, x) : is_less(x, y); });
  return {};
}

Value count(Arguments a) { return static_cast<int64_t>(std::ranges::count(a[0].to_list().items(), a[1])); }

size_t place_of(const std::vector<Value>& items, const Value& wanted) {
  const auto found = std::ranges::find(items, wanted);
  if (found != items.end()) return static_cast<size_t>(found - items.begin());
  throw Error(ErrorKind::not_found, "the program looks for what is not in the list").found(text_of(wanted));
}
Value index_of(Arguments a) { return static_cast<int64_t>(place_of(a[0].to_list().items(), a[1])); }
Value remove(Arguments a) {
  std::vector<Value>& items = a[0].to_list().mutable_items();
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(place_of(items, a[1])));
  return {};
}

template <bool all>
Value truth_of_all(Arguments a) {
  for (const Value& item : a[0].to_list()) {
    if ((item.to_double() != 0) != all) return !all;
  }
  return all;
}

Value sum(Arguments a) {
  const List list = a[0].to_list();
  double real = 0;
  uint64_t integer = 0;
  bool is_real = false;
  for (const Value& item : list) {
    is_real = is_real || item.is_double();
    real += item.to_double();
    if (!item.is_double()) integer += static_cast<uint64_t>(item.to_int());
  }
  return is_real ? Value(real) : Value(static_cast<int64_t>(integer));
}

// ------------------------------------------------------------------------------------------------------------- dicts

Value dict_item(Arguments a) { return a[0].to_dict()[a[1]]; }

Value set_dict_item(Arguments a) {
  a[0].to_dict().set(a[1], a[2]);
  return {};
}

Value delete_dict_item(Arguments a) {
  if (a[0].to_dict().erase(a[1])) return {};
  throw Error(ErrorKind::not_found, "the program deletes a key that is not in the dict").found(text_of(a[1]));
}

Value delete_list_item(Arguments a) {
  pop(a);
  return {};
}

Value get_or_none(Arguments a) {
  const Value* found = a[0].to_dict().find(a[1]);
  return found ? *found : a.size() > 2 ? a[2] : Value();
}

Value pop_key(Arguments a) {
  const Value* found = a[0].to_dict().find(a[1]);
  if (!found && a.size() > 2) return a[2];
  const Value taken = found ? *found : a[0].to_dict()[a[1]];  // which says what is there
  a[0].to_dict().erase(a[1]);
  return taken;
}

Value set_default(Arguments a) {
  if (!a[0].to_dict().contains(a[1])) a[0].to_dict().set(a[1], a[2]);
  return a[0].to_dict()[a[1]];
}

Value clear_dict(Arguments a) {
  const std::vector<Dict::Item> all = a[0].to_dict().items();
  for (size_t i = all.size(); i-- > 0;) a[0].to_dict().erase(all[i].first);
  return {};
}

Value keys(Arguments a) {
  std::vector<Value> keys;
  for (const auto& [key, value] : a[0].to_dict()) keys.push_back(key);
  return List(std::move(keys));
}

Value values(Arguments a) {
  std::vector<Value> values;
  for (const auto& [key, value] : a[0].to_dict()) values.push_back(value);
  return List(std::move(values));
}

Value items(Arguments a) {
  std::vector<Value> items;
  for (const auto& [key, value] : a[0].to_dict()) items.push_back(Tuple{key, value});
  return List(std::move(items));
}

Value make_dict(Arguments a) {
  const Dict dict;
  if (a.empty()) return dict;
  if (a[0].is_dict()) {
    for (const auto& [key, value] : a[0].to_dict()) dict.set(key, value);
  } else {
    for (const Value& pair : a[0].to_list()) dict.set(pair[0], pair[1]);
  }
  return dict;
}

Value update(Arguments a) {
  const std::vector<Dict::Item> more = a[1].to_dict().items();
  for (const auto& [key, value] : more) a[0].to_dict().set(key, value);
  return {};
}

constexpr std::string_view keyed = "str int bool float complex Tensor",
                           dicts = "Dict_str Dict_int Dict_bool Dict_float Dict_complex Dict_Tensor";

constexpr HostRow rows[] = {
    {"aten::len", "t any str Dict_str Dict_int Dict_bool Dict_float Dict_complex Dict_Tensor", length},
    {"aten::__getitem__", "t", item},
    {"aten::__getitem__", dicts, dict_item},
    {"aten::_set_item", "t", set_item},
    {"aten::_set_item", keyed, set_dict_item},
    {"aten::Delete", "t", delete_list_item},
    {"aten::Delete", dicts, delete_dict_item},
    {"aten::append", "t", append},
    {"aten::insert", "t", insert},
    {"aten::extend", "t", extend},
    {"aten::add_", "t", extend},
    {"aten::add", "t", joined},
    {"aten::mul", "left_t", repeated},
    {"aten::slice", "t", slice},
    {"aten::list", "t -", copy},
    {"aten::copy", "t", copy},
    {"aten::copy", dicts, make_dict},
    {"aten::pop", "t", pop},
    {"aten::clear", "t", clear},
    {"aten::reverse", "t", reverse},
    {"aten::sorted", "int float bool str", sorted},
    {"aten::sort", "int float bool str", sort},
    {"aten::count", "int float bool str", count},
    {"aten::index", "list_int list_float list_bool list_str", index_of},
    {"aten::remove", "int float bool str", remove},
    {"aten::select", "t", item},
    {"aten::pop", dicts, pop_key},
    {"aten::pop", "Dict_default_str Dict_default_int Dict_default_bool Dict_default_float Dict_default_complex", pop_key},
    {"aten::setdefault", keyed, set_default},
    {"aten::clear", keyed, clear_dict},
    {"aten::__contains__", "int int_list float_list str_list bool_list", contains},
    {"aten::__contains__", keyed, contains},
    {"aten::all", "int float bool", truth_of_all<true>},
    {"aten::any", "int float bool str", truth_of_all<false>},
    {"aten::sum", "int float bool", sum},
    {"aten::keys", keyed, keys},
    {"aten::values", keyed, values},
    {"aten::items", keyed, items},
    {"aten::get", keyed, get_or_none},
    {"aten::get", "default_str default_int default_bool default_float default_complex default_Tensor", get_or_none},
    {"aten::dict", "- str int bool float complex Tensor", make_dict},
    {"aten::dict", dicts, make_dict},
    {"aten::update", keyed, update},
};

}  // namespace

std::span<const HostRow> container_rows() { return rows; }

}  // namespace okibi::script
