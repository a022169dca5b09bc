// The object as JSON. What JSON has no word for is an object with one key that begins with '$'.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/inspect.h>

#include "inspect/part.h"
#include "inspect/repeats.h"

namespace okibi::inspect {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t max_depth = 200;

class JsonMaker {
 public:
  explicit JsonMaker(const Archive& archive) : archive_(archive) {}

  Json make(const Value& value) {
    if (++nodes_ > Limits{}.max_printed_nodes || open_.size() > max_depth) return {{"$cut", "too large to show"}};
    if (value.identity() && std::find(open_.begin(), open_.end(), value.identity()) != open_.end()) {
      return {{"$cycle", "contains itself"}};
    }
    open_.push_back(value.identity());
    Json json = repeats_.enter(value, open_.size()) ? make_new(value) : Json{{"$cut", "and more, as often or as deep"}};
    repeats_.leave();
    open_.pop_back();
    return json;
  }

 private:
  Json make_new(const Value& value) {
    switch (value.kind()) {
      case ValueKind::none:
        return nullptr;
      case ValueKind::boolean:
        return value.to_bool();
      case ValueKind::integer:
        return value.to_int();
      case ValueKind::real:
        return real(value.to_double());
      case ValueKind::string:
        return value.to_string();
      case ValueKind::big_integer:
        return {{"$int", repr(value)}};
      case ValueKind::complex_number:
        return {{"$complex", {real(value.to_complex().real()), real(value.to_complex().imag())}}};
      case ValueKind::bytes:
        return {{"$bytes", hexadecimal(value.to_bytes())}};
      case ValueKind::list:
        return array(value.to_list().items());
      case ValueKind::tuple:
        return {{"$tuple", array(value.to_tuple().items())}};
      case ValueKind::set:
        return {{"$set", array(value.to_set().items())}};
      case ValueKind::dict:
        return dict(value.to_dict());
      case ValueKind::dtype:
        return {{"$dtype", name_of(value.to_dtype())}};
      case ValueKind::device:
        return {{"$device", value.to_device().text()}};
      case ValueKind::tensor:
        return {{"$tensor", tensor(value.to_tensor())}};
      case ValueKind::object:
        return object(value.to_object());
    }
    throw Error(ErrorKind::internal, "a value of a kind that show does not know");
  }

  static Json real(double value) {
    if (std::isfinite(value)) return value;
    return {{"$float", std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"}};
  }

  static std::string hexadecimal(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<int>(byte));
    return text;
  }

  Json array(const std::vector<Value>& items) {
    Json json = Json::array();
    for (const Value& item : items) {
      if (repeats_.spent()) break;
      json.push_back(make(item));
    }
    return json;
  }

  Json pairs(const std::vector<Dict::Item>& items) {
    Json json = Json::array();
    for (const auto& [key, item] : items) {
      if (repeats_.spent()) break;
      json.push_back({make(key), make(item)});
    }
    return json;
  }

  // A JSON object where the keys permit; otherwise, so that nothing is mistaken for something else, pairs.
  Json dict(const Dict& dict) {
    const bool plain = std::all_of(dict.begin(), dict.end(), [](const Dict::Item& item) {
      return item.first.is_string() && !item.first.to_string().starts_with('$');
    });
    if (!plain) return {{"$dict", pairs(dict.items())}};
    Json json = Json::object();
    // Not by json[key], which looks at all the keys before it.
    auto& items = json.get_ref<Json::object_t&>();
    for (const auto& [key, item] : dict) {
      if (repeats_.spent()) break;
      items.emplace_back(key.to_string(), make(item));
    }
    return json;
  }

  Json tensor(const Tensor& tensor) const {
    const TensorEntry* entry = archive_.entry_of(tensor);
    Json json = {{"dtype", name_of(tensor.dtype())},
                 {"shape", std::vector<int64_t>(tensor.sizes().begin(), tensor.sizes().end())}};
    if (!entry) return json;
    json["name"] = entry->name;
    json["stride"] = std::vector<int64_t>(entry->strides.begin(), entry->strides.end());
    json["storage"] = entry->storage;
    json["offset"] = entry->storage_offset;
    json["nbytes"] = entry->nbytes;
    json["device"] = entry->device.text();
    json["requires_grad"] = entry->requires_grad;
    return json;
  }

  Json object(const Object& object) {
    const Object::Parts& parts = object.parts();
    Json json = {{"$object", object.python_class()}};
    if (!parts.arguments.empty()) json["arguments"] = array(parts.arguments);
    if (!parts.state.is_none()) json["state"] = make(parts.state);
    if (!parts.appended.empty()) json["appended"] = array(parts.appended);
    if (!parts.items.empty()) json["items"] = pairs(parts.items);
    return json;
  }

  const Archive& archive_;
  Repeats repeats_;
  uint64_t nodes_ = 0;
  std::vector<const void*> open_;
};

}  // namespace

std::string show_json(const Archive& archive, const std::string& path) {
  return in_context("", archive.name(), [&] {
    const Json document = {{"okibi_version", version()},
                           {"format", name_of(archive.format())},
                           {"path", path},
                           {"object", JsonMaker(archive).make(part_of(archive.skeleton(), path))}};
    return document.dump(2, ' ', false, Json::error_handler_t::replace);
  });
}

}  // namespace okibi::inspect
