#include "script/plan/call_key.h"

#include <algorithm>
#include <bit>

#include "script/plan/recording.h"

namespace okibi::script {
namespace {

constexpr size_t longest = 8192;
constexpr int deepest = 30;

class Writer {
 public:
  Writer(std::string_view function, const void* self) : text_(function) {
    text_ += '\0';
    number(static_cast<int64_t>(reinterpret_cast<intptr_t>(self)));
  }

  bool add(const Value& value, int depth = 0) {
    number(static_cast<int64_t>(value.kind()));
    if (depth > deepest || text_.size() > longest) return false;
    if (value.identity() != nullptr) number(place_of(value.identity()));
    if (value.is_tensor()) return add(value.to_tensor());
    if (value.is_bool()) return number(value.to_bool());
    if (value.is_double()) return number(std::bit_cast<int64_t>(value.to_double()));
    if (value.is_string()) return text(value.to_string());
    if (value.is_int()) return number(value.to_int());
    if (value.is_list()) return all(value.to_list().items(), depth);
    if (value.is_tuple()) return all(value.to_tuple().items(), depth);
    return value.is_dict() ? add(value.to_dict(), depth) : value.is_none();
  }

  CallKey take() { return std::move(text_); }

 private:
  bool number(int64_t n) {
    text_.append(reinterpret_cast<const char*>(&n), sizeof n);
    return true;
  }
  bool text(const std::string& words) {
    number(static_cast<int64_t>(words.size()));
    text_ += words;
    return true;
  }
  bool all(const std::vector<Value>& values, int depth) {
    number(static_cast<int64_t>(values.size()));
    for (const Value& value : values) {
      if (!add(value, depth + 1)) return false;
    }
    return true;
  }
  bool add(const Dict& dict, int depth) {
    number(static_cast<int64_t>(dict.size()));
    for (const auto& [key, value] : dict) {
      if (!add(key, depth + 1) || !add(value, depth + 1)) return false;
    }
    return true;
  }
  bool add(const Tensor& tensor) {
    if (!is_plain(tensor)) return false;
    number(static_cast<int64_t>(tensor.dtype()));
    number(tensor.requires_grad());
    text(tensor.device().text());
    number(tensor.storage_offset());
    number(tensor.dim());
    for (const int64_t size : tensor.sizes()) number(size);
    for (const int64_t stride : tensor.strides()) number(stride);
    return true;
  }

  // Which of those before it is the same thing: programs may ask.
  int64_t place_of(const void* identity) {
    const auto found = std::ranges::find(seen_, identity);
    const int64_t place = found - seen_.begin();
    if (found == seen_.end()) seen_.push_back(identity);
    return place;
  }

  CallKey text_;
  pool::Vector<const void*> seen_;
};

}  // namespace

std::optional<CallKey> call_key(const std::string& function, const Value& self, std::span<const Value> arguments) {
  Writer writer(function, self.identity());
  for (const Value& argument : arguments) {
    if (!writer.add(argument)) return std::nullopt;
  }
  return writer.take();
}

}  // namespace okibi::script
