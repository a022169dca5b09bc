#include "checkpoint/formats/json.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/keyed_hash.h"

namespace okibi::checkpoint {
namespace {

using Json = nlohmann::json;
using Kind = JsonValue::Kind;

constexpr std::array kind_names = {"an object", "an array",      "a string", "an integer",
                                   "a number",  "a truth value", "null"};

std::string_view name_of(Kind kind) { return kind_names[static_cast<size_t>(kind)]; }

// nlohmann's parser, which is iterative, calls this with each thing that it meets.
class Reader final : public nlohmann::json_sax<Json> {
 public:
  Reader(const Limits& limits, const TakeJson& take) : limits_(limits), take_(take) {}

  bool null() override { return scalar({.kind = Kind::null}); }
  bool boolean(bool value) override { return scalar({.kind = Kind::boolean, .boolean = value}); }
  bool number_unsigned(number_unsigned_t value) override { return scalar({.kind = Kind::integer, .integer = value}); }
  bool number_integer(number_integer_t) override { return scalar({.kind = Kind::real}); }  // begins with a minus
  bool number_float(number_float_t, const string_t&) override { return scalar({.kind = Kind::real}); }
  bool string(string_t& value) override { return scalar({.kind = Kind::string, .text = std::move(value)}); }
  bool binary(binary_t&) override { return false; }  // is in no text

  bool start_object(std::size_t) override { return begin({.kind = Kind::object}, {.is_key = true}); }
  bool start_array(std::size_t) override { return begin({.kind = Kind::array}, {}); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool key(string_t& key) override;
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception&) override;

 private:
  // What was in an open container so far.
  struct Level {
    KeyedSet<std::string> keys = {};
    uint64_t items = 0;
  };
  bool scalar(const JsonValue& value);
  bool begin(const JsonValue& value, JsonStep first);
  bool end();
  void arrive();

  const Limits& limits_;
  const TakeJson& take_;
  std::vector<JsonStep> path_;  // one step for each open container
  std::vector<Level> levels_;   // and what was in it
};

void Reader::arrive() {
  if (!path_.empty()) path_.back().index = levels_.back().items++;
}

bool Reader::scalar(const JsonValue& value) {
  arrive();
  take_(path_, value);
  return true;
}

bool Reader::begin(const JsonValue& value, JsonStep first) {
  scalar(value);
  if (path_.size() >= limits_.max_json_depth) {
    throw Error(ErrorKind::limit, "the JSON is deeper than Limits::max_json_depth allows")
        .expected(fmt::format("at most {}", limits_.max_json_depth));
  }
  path_.push_back(std::move(first));
  levels_.emplace_back();
  return true;
}

bool Reader::end() {
  path_.pop_back();
  levels_.pop_back();
  return true;
}

bool Reader::key(string_t& key) {
  if (!levels_.back().keys.insert(key).second) {
    throw Error(ErrorKind::bad_file, fmt::format("the JSON has the key \"{}\" twice", printable(key, 200)))
        .hint("Of two values one would be taken by one program, the other by another.");
  }
  path_.back().key = std::move(key);
  return true;
}

bool Reader::parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception&) {
  throw Error(ErrorKind::bad_file, "this is no JSON")
      .at("offset", position)
      .found(token.empty() ? "its end" : fmt::format("\"{}\"", printable(token, 100)))
      .hint("The file is damaged, or was not copied whole.");
}

}  // namespace

std::string to_string(JsonPath path) {
  std::string text;
  for (const JsonStep& step : path) {
    text += text.empty() ? "" : ".";
    text += step.is_key ? printable(step.key, 200) : std::to_string(step.index);
  }
  return text;
}

void read_json(std::string_view text, const Limits& limits, const TakeJson& take) {
  const size_t nul = text.find('\0');  // nlohmann takes it for the end, whatever follows
  if (nul != text.npos) throw Error(ErrorKind::bad_file, "this is no JSON: it holds a NUL").at("offset", nul);
  if (text.starts_with('\xef')) throw Error(ErrorKind::bad_file, "this is no JSON: it begins with a byte order mark");
  Reader reader(limits, take);
  Json::sax_parse(text, &reader);
}

void refuse_json(JsonPath path, const JsonValue& found, std::string_view expected) {
  throw Error(ErrorKind::bad_file, path.empty()
                                       ? "the JSON is not what it should be"
                                       : fmt::format("\"{}\" in the JSON is not what it should be", to_string(path)))
      .expected(expected)
      .found(found.kind == Kind::string ? fmt::format("\"{}\"", printable(found.text, 200)) : name_of(found.kind));
}

void check_kind(JsonPath path, const JsonValue& value, Kind kind) {
  if (value.kind != kind) refuse_json(path, value, name_of(kind));
}

const std::string& string_of(JsonPath path, const JsonValue& value) {
  check_kind(path, value, Kind::string);
  return value.text;
}

uint64_t integer_of(JsonPath path, const JsonValue& value) {
  if (value.kind != Kind::integer) refuse_json(path, value, "a number of 0, 1, 2 …");
  return value.integer;
}

int64_t size_of(JsonPath path, const JsonValue& value) {
  const uint64_t number = integer_of(path, value);
  if (number > INT64_MAX) refuse_json(path, value, "a number below 2^63");
  return static_cast<int64_t>(number);
}

bool boolean_of(JsonPath path, const JsonValue& value) {
  check_kind(path, value, Kind::boolean);
  return value.boolean;
}

}  // namespace okibi::checkpoint
