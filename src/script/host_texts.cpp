// Texts: bytes, as TorchScript has them, though Python counts characters.
#include <cstdio>

#include "script/host_values.h"

namespace okibi::script {

std::string text_of(const Value& value) { return value.is_string() ? value.to_string() : repr(value); }

Value checked_text(std::string text) {
  if (text.size() > longest_text)
    throw Error(ErrorKind::limit, "a text of the program grows beyond any").found(uint64_t{text.size()});
  return text;
}

namespace {

Value concatenated(Arguments a) { return checked_text(a[0].to_string() + a[1].to_string()); }
Value as_text(Arguments a) { return text_of(a[0]); }

// The braces of the first text give way to the others, one by one.
Value format(Arguments a) {
  const std::string& pattern = a[0].to_string();
  std::string text;
  size_t used = 1;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '{' && i + 1 < pattern.size() && pattern[i + 1] == '}') {
      if (used >= a.size())
        throw Error(ErrorKind::bad_argument, "the text has more {} than the program gives values").found(pattern);
      text += text_of(a[used++]);
      ++i;
    } else {
      text += pattern[i];
    }
  }
  return checked_text(std::move(text));
}

// "%s", "%d", "%f" … of the items of a tuple; and "%%".
Value percent_format(Arguments a) {
  const std::string& pattern = a[0].to_string();
  const std::vector<Value> given =
      a.size() == 2 && a[1].is_tuple() ? a[1].to_tuple().items() : std::vector<Value>(a.begin() + 1, a.end());
  std::string text;
  size_t used = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      text += pattern[i];
      continue;
    }
    const char kind = pattern[++i];
    if (kind == '%') {
      text += '%';
      continue;
    }
    if (used >= given.size())
      throw Error(ErrorKind::bad_argument, "the text has more % than the program gives values").found(pattern);
    const Value& value = given[used++];
    if (kind == 's' || kind == 'r') {
      text += text_of(value);
    } else if (kind == 'd' || kind == 'i') {
      text += std::to_string(value.is_double() ? static_cast<int64_t>(value.to_double()) : value.to_int());
    } else if (kind == 'f' || kind == 'F') {
      text += fmt::format("{:f}", value.to_double());
    } else if (kind == 'e' || kind == 'g') {
      text += kind == 'e' ? fmt::format("{:e}", value.to_double()) : fmt::format("{:g}", value.to_double());
    } else {
      throw Error(ErrorKind::unsupported, fmt::format("okibi does not know the format %{}", kind));
    }
  }
  return checked_text(std::move(text));
}

Value letter(Arguments a) {
  const std::string& text = a[0].to_string();
  return Value(std::string_view(text).substr(index_in(a[1].to_int(), text.size()), 1));
}

Value part(Arguments a) {
  const std::string& text = a[0].to_string();
  const Range range = slice_of(a[1], a[2], a[3], text.size());
  std::string taken;
  for (int64_t i = range.begin; range.step > 0 && i < range.end; i += std::min(range.step, range.end - i))
    taken += text[static_cast<size_t>(i)];
  if (range.step < 0) throw Error(ErrorKind::bad_argument, "the step of a text's slice must be positive");
  return taken;
}

template <char (*change)(char)>
Value changed(Arguments a) {
  std::string text = a[0].to_string();
  for (char& c : text) c = change(c);
  return text;
}

template <bool left, bool right>
Value stripped(Arguments a) {
  const std::string& text = a[0].to_string();
  const std::string letters = a.size() > 1 && a[1].is_string() ? a[1].to_string() : " \n\t\f\v\r";
  const size_t begin = left ? text.find_first_not_of(letters) : 0;
  const size_t end = right ? text.find_last_not_of(letters) : text.size() - 1;
  if (text.empty() || begin == text.npos || end == text.npos) return "";
  return text.substr(begin, end - begin + 1);
}

Value split(Arguments a) {
  const std::string& text = a[0].to_string();
  const int64_t most = a[2].to_int();
  const List parts;
  if (a[1].is_none()) {  // at white space
    for (size_t at = 0; (at = text.find_first_not_of(" \n\t\f\v\r", at)) != text.npos;) {
      const bool is_last = most >= 0 && std::cmp_greater_equal(parts.size(), most);
      const size_t end = is_last ? text.size() : std::min(text.find_first_of(" \n\t\f\v\r", at), text.size());
      parts.push_back(text.substr(at, end - at));
      at = end;
    }
    return parts;
  }
  const std::string& by = a[1].to_string();
  if (by.empty()) throw Error(ErrorKind::bad_argument, "the program splits a text by nothing");
  size_t at = 0;
  for (size_t end = 0; (end = text.find(by, at)) != text.npos; at = end + by.size()) {
    if (most >= 0 && std::cmp_greater_equal(parts.size(), most)) break;
    parts.push_back(text.substr(at, end - at));
  }
  parts.push_back(text.substr(at));
  return parts;
}

Value join(Arguments a) {
  std::string text;
  for (const Value& item : a[1].to_list())
    text += (&item == a[1].to_list().begin() ? "" : a[0].to_string()) + item.to_string();
  return checked_text(std::move(text));
}

Value replace(Arguments a) {
  const std::string &text = a[0].to_string(), &old = a[1].to_string(), &by = a[2].to_string();
  int64_t left = a[3].to_int() < 0 ? INT64_MAX : a[3].to_int();
  if (old.empty()) throw Error(ErrorKind::unsupported, "okibi does not replace nothing by something");
  std::string result;
  size_t at = 0;
  for (size_t end = 0; left > 0 && (end = text.find(old, at)) != text.npos; at = end + old.size(), --left) {
    (result += text.substr(at, end - at)) += by;
    checked_text(result);
  }
  return checked_text(result + text.substr(at));
}

// The part of a text from `start` to `end`, as those are given behind what is looked for; -1 is the end itself.
struct Part {
  std::string_view text;
  int64_t begin = 0;
};
Part part_to_search(Arguments a) {
  const std::string_view text = a[0].to_string();
  const auto size = static_cast<int64_t>(text.size());
  const auto place = [size](int64_t at, int64_t from_end) {
    return std::clamp<int64_t>(at < 0 ? at + size + from_end : at, 0, size);
  };
  const int64_t begin = place(a[2].to_int(), 0), end = place(a[3].to_int(), 1);
  return {text.substr(static_cast<size_t>(begin), static_cast<size_t>(std::max<int64_t>(end - begin, 0))), begin};
}

template <bool from_behind>
Value find(Arguments a) {
  const Part part = part_to_search(a);
  const std::string& wanted = a[1].to_string();
  const size_t found = from_behind ? part.text.rfind(wanted) : part.text.find(wanted);
  return found == part.text.npos ? int64_t{-1} : part.begin + static_cast<int64_t>(found);
}
template <bool from_behind>
Value index(Arguments a) {
  const Value found = find<from_behind>(a);
  if (found.to_int() >= 0) return found;
  throw Error(ErrorKind::bad_argument, "ValueError: substring not found").found(printable(a[1].to_string(), 80));
}

// Without overlaps.
Value count(Arguments a) {
  const std::string_view text = part_to_search(a).text;
  const std::string& wanted = a[1].to_string();
  if (wanted.empty()) return static_cast<int64_t>(text.size() + 1);
  int64_t times = 0;
  for (size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + wanted.size())) ++times;
  return times;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit_or_letter(char c) { return is_digit(c) || is_letter(c); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
template <bool (*is)(char)>
Value consists_of(Arguments a) {
  return !a[0].to_string().empty() && std::ranges::all_of(a[0].to_string(), is);
}

Value device(Arguments a) { return Device(a[0].to_string()); }
Value device_with_index(Arguments a) { return Device(fmt::format("{}:{}", a[0].to_string(), a[1].to_int())); }

Value starts_with(Arguments a) { return part_to_search(a).text.starts_with(a[1].to_string()); }
Value ends_with(Arguments a) { return part_to_search(a).text.ends_with(a[1].to_string()); }

Value printed(Arguments a) {
  std::string line;
  for (const Value& value : a) line += (&value == a.data() ? "" : " ") + text_of(value);
  return line;
}

Value warn(Arguments a) {
  fmt::print(stderr, "the program warns: {}\n", printable(text_of(a[0])));
  return {};
}

// "ValueError" of "builtins.ValueError".
Value raise(Arguments a) {
  const std::string name = a[1].is_string() ? a[1].to_string() : "";
  const size_t dot = name.rfind('.');
  const std::string kind = name.empty() ? "an error" : name.substr(dot == name.npos ? 0 : dot + 1);
  throw Error(ErrorKind::bad_argument,
              fmt::format("the program raises {}: {}", printable(kind, 100), printable(a[0].to_string())));
}

constexpr HostRow rows[] = {
    {"aten::add", "str", concatenated},
    {"aten::str", "-", as_text},
    {"aten::format", "-", format},
    {"aten::percentFormat", "-", percent_format},
    {"aten::__getitem__", "str", letter},
    {"prim::StringIndex", "-", letter},
    {"aten::slice", "str", part},
    {"aten::upper", "-", changed<upper>},
    {"aten::lower", "-", changed<lower>},
    {"aten::strip", "-", stripped<true, true>},
    {"aten::lstrip", "-", stripped<true, false>},
    {"aten::rstrip", "-", stripped<false, true>},
    {"aten::split", "str", split},
    {"aten::join", "-", join},
    {"aten::replace", "-", replace},
    {"aten::startswith", "-", starts_with},
    {"aten::endswith", "-", ends_with},
    {"aten::find", "-", find<false>},
    {"aten::rfind", "-", find<true>},
    {"aten::index", "str", index<false>},
    {"aten::rindex", "-", index<true>},
    {"aten::count", "-", count},
    {"aten::isdigit", "-", consists_of<is_digit>},
    {"aten::isdecimal", "-", consists_of<is_digit>},
    {"aten::isnumeric", "-", consists_of<is_digit>},
    {"aten::isalpha", "-", consists_of<is_letter>},
    {"aten::isalnum", "-", consists_of<is_digit_or_letter>},
    {"aten::isspace", "-", consists_of<is_space>},
    {"aten::device", "-", device},
    {"aten::device", "with_index", device_with_index},
    {"prim::Print", "-", printed},  // the line; the interpreter says where it goes
    {"aten::warn", "-", warn},
    {"prim::RaiseException", "-", raise},
};

}  // namespace

std::span<const HostRow> text_rows() { return rows; }

}  // namespace okibi::script
