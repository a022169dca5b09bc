#include <fmt/format.h>
#include <okibi/value.h>

#include <algorithm>

#include "tensor/nearest.h"
#include "tensor/value_hash.h"
#include "tensor/value_print.h"

namespace okibi {
namespace {

bool is_extra_state(std::string_view name) { return name.ends_with("_extra_state"); }

bool holds_tensors(const Value& value) {
  return value.is_dict() &&
         std::ranges::any_of(value.to_dict().items(), [](const Dict::Item& item) { return item.second.is_tensor(); });
}

// Keys whose value looks like a state_dict: those of a checkpoint. A layer's extra state may hold what it likes.
std::vector<std::string> keys_of_state_dicts(const Dict& dict) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict) {
    if (holds_tensors(value) && key.is_string() && !is_extra_state(key.to_string())) keys.push_back(key.to_string());
  }
  return keys;
}

std::string alternatives(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += fmt::format("{}load(path)[\"{}\"]", text.empty() ? "" : " or ", key);
  return text;
}

std::string plain_keys(const Dict& dict) {
  std::string text;
  size_t listed = 0;
  for (const auto& [key, value] : dict) {
    if (++listed > 20) return text + ", …";
    text += (text.empty() ? "" : ", ") + (key.is_string() ? key.to_string() : short_repr(key));
  }
  return text;
}

[[noreturn]] void throw_no_state_dict(std::string what, std::string hint) {
  throw Error(ErrorKind::mismatch, std::move(what)).hint(hint);
}

[[noreturn]] void throw_whole_checkpoint(const Dict& dict, const std::vector<std::string>& keys) {
  throw_no_state_dict("this is a whole checkpoint, not a state_dict; its keys are: " + plain_keys(dict),
                      fmt::format("Use {}.", alternatives(keys)));
}

[[noreturn]] void throw_no_dict(const Value& value) {
  if (value.is_object()) {
    throw_no_state_dict(
        fmt::format("this is a whole object of class {}, not a state_dict", value.to_object().python_class()),
        "Load it as a whole model, or save its state_dict() in Python.");
  }
  throw_no_state_dict("a state_dict is a dict of names to tensors, but this is " + describe(value),
                      "Save model.state_dict(), or take the state_dict out of this value.");
}

// What is no state_dict is refused, with what to do instead. An empty one is good: a module without parameters has it.
void check_is_state_dict(const Value& value) {
  if (!value.is_dict()) throw_no_dict(value);
  const Dict dict = value.to_dict();
  if (const auto keys = keys_of_state_dicts(dict); !keys.empty()) throw_whole_checkpoint(dict, keys);
  const auto belongs = [](const Dict::Item& item) {
    return item.second.is_tensor() || (item.first.is_string() && is_extra_state(item.first.to_string()));
  };
  if (dict.size() == 0 || std::ranges::any_of(dict.items(), belongs)) return;
  throw_no_state_dict("this dict holds no tensors, so it is no state_dict; its keys are: " + plain_keys(dict),
                      "Save model.state_dict(), or take the state_dict out of this value.");
}

const std::string& name_of_entry(const Value& key) {
  if (key.is_string()) return key.to_string();
  throw_no_state_dict("the names in a state_dict are str, but this dict has the key " + describe(key),
                      "Take the state_dict out of this value.");
}

// {"": {"version": 1}, "fc": {"version": 1}}. What else a module may have left there is not kept.
const Dict* versions_in(const std::optional<Dict>& attributes, std::optional<Dict>& metadata) {
  const Value* found = attributes ? attributes->find("_metadata") : nullptr;
  if (found == nullptr || !found->is_dict()) return nullptr;
  metadata = found->to_dict();
  return &*metadata;
}

}  // namespace

StateDict::StateDict(const Value& value) {
  check_is_state_dict(value);
  const Dict dict = value.to_dict();
  for (const auto& [key, entry] : dict) set(name_of_entry(key), entry);
  std::optional<Dict> metadata;
  if (versions_in(dict.attributes(), metadata) == nullptr) return;
  for (const auto& [prefix, facts] : *metadata) {
    const Value* version = facts.is_dict() ? facts.to_dict().find("version") : nullptr;
    if (prefix.is_string() && version != nullptr && version->is_int())
      set_version(prefix.to_string(), version->to_int());
  }
}

const Value* StateDict::find(std::string_view name) const noexcept {
  const auto position = index_.find(hash_of_text(name), [&](size_t i) { return items_[i].first == name; });
  return position ? &items_[*position].second : nullptr;
}

const Tensor& StateDict::operator[](std::string_view name) const {
  if (const Value* found = find(name))
    return in_context("state_dict entry", name, [&]() -> const Tensor& { return found->to_tensor(); });
  std::vector<std::string_view> names;
  for (const auto& [entry, value] : items_) names.push_back(entry);
  Error error(ErrorKind::not_found, fmt::format("the state_dict has no '{}' among its {} entries", name, size()));
  const std::string hint = did_you_mean(nearest_names(name, names));
  if (!hint.empty()) error.hint(hint);
  throw error;
}

void StateDict::set(std::string name, Value value) {
  const uint64_t hash = hash_of_text(name);
  if (const auto i = index_.find(hash, [&](size_t at) { return items_[at].first == name; })) {
    items_[*i].second = std::move(value);
    return;
  }
  items_.emplace_back(std::move(name), std::move(value));
  index_.push_back(hash);
}

void StateDict::set_version(std::string prefix, int64_t version) {
  const auto found = std::ranges::find(versions_, prefix, &std::pair<std::string, int64_t>::first);
  if (found != versions_.end()) {
    found->second = version;
  } else {
    versions_.emplace_back(std::move(prefix), version);
  }
}

namespace {

Dict metadata_of(const StateDict& state_dict) {
  Dict metadata(DictKind::ordered_dict);
  for (const auto& [prefix, version] : state_dict.versions()) metadata.set(prefix, Dict{{"version", version}});
  return metadata;
}

}  // namespace

Value::Value(const StateDict& state_dict) {
  Dict dict(DictKind::ordered_dict);
  for (const auto& [name, value] : state_dict) dict.set(name, value);
  if (!state_dict.versions().empty()) dict.set_attributes(Dict{{"_metadata", metadata_of(state_dict)}});
  *this = dict;
}

}  // namespace okibi
