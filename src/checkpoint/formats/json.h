// checkpoint/formats/json.h: JSON that came from outside, told value by value. No tree is made of it, so that it takes
// no more memory than what a format keeps: its reader looks at where a value stands, and takes or refuses it at once.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/base.h>

namespace okibi::checkpoint {

struct JsonValue {
  enum class Kind : uint8_t { object, array, string, integer, real, boolean, null };  // integer: not negative
  Kind kind = Kind::null;
  std::string text = {};  // of a string, in UTF-8
  uint64_t integer = 0;
  bool boolean = false;
};

// A step from the outermost value inwards: a key of an object, or a position in an array.
struct JsonStep {
  std::string key = {};
  uint64_t index = 0;  // how many came before it in the array, or in the object
  bool is_key = false;
};
using JsonPath = std::span<const JsonStep>;

// "weight_map.lm_head": for messages.
std::string to_string(JsonPath path);

using TakeJson = std::function<void(JsonPath path, const JsonValue& value)>;

// Hands every value of the text to `take` in order, objects and arrays before what is in them. Error(bad_file) with the
// offset where it is no JSON, where it has a key twice (two readers could see different things), bytes behind its end,
// or anything but UTF-8; Error(limit) where it is deeper than Limits::max_json_depth.
void read_json(std::string_view text, const Limits& limits, const TakeJson& take);

// For whoever takes: Error(bad_file) that says what should stand there.
[[noreturn]] void refuse_json(JsonPath path, const JsonValue& found, std::string_view expected);
const std::string& string_of(JsonPath path, const JsonValue& value);
uint64_t integer_of(JsonPath path, const JsonValue& value);
int64_t size_of(JsonPath path, const JsonValue& value);  // an integer that fits
bool boolean_of(JsonPath path, const JsonValue& value);
void check_kind(JsonPath path, const JsonValue& value, JsonValue::Kind kind);

}  // namespace okibi::checkpoint
