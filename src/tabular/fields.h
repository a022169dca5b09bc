// Reading named fields out of a file's dict, which may hold anything.
#pragma once

#include <okibi/value.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace okibi::tabular {

// A dict and its place in the file, for messages. A field that is missing or of the wrong kind is Error(bad_file).
class Fields {
 public:
  Fields(const Value& value, std::string place);

  bool has(std::string_view key) const;
  const Value& value(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  int64_t integer(std::string_view key, int64_t least, int64_t most = std::numeric_limits<int64_t>::max()) const;
  double real(std::string_view key) const;
  std::vector<Value> list(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<int64_t> integers(std::string_view key, int64_t least) const;
  Fields dict(std::string_view key) const { return {value(key), place_of(key)}; }
  std::vector<Fields> dicts(std::string_view key) const;

  std::string place_of(std::string_view key) const;

 private:
  Value value_;
  std::string place_;
};

// Each as what it says, or Error(bad_file) with the place.
const std::string& text_of(const Value& value, const std::string& place);
int64_t integer_of(const Value& value, const std::string& place, int64_t least, int64_t most);
double real_of(const Value& value, const std::string& place);
std::vector<Value> list_of(const Value& value, const std::string& place);

// A real number as model files keep it: a float64 tensor of no dimensions. PyTorch before 2.0 reads no Python float
// with weights_only=True. real_of takes both.
Value real_tensor(double number);

// The keys of a dict, for messages about a file that is something else: "'epoch', 'loss'".
std::string keys_of(const Value& value);

}  // namespace okibi::tabular
