#include "inspect/select.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include <okibi/inspect.h>

#include "checkpoint/step_name.h"

namespace okibi::inspect {
namespace {

// Deeper than any checkpoint that people name parts of; these walks call themselves for each container in a container.
constexpr size_t deepest = 200;

void check_depth(size_t depth) {
  if (depth < deepest) return;
  throw Error(ErrorKind::unsupported, "the object has too many containers in containers for its parts to have names")
      .expected(fmt::format("at most {}", deepest));
}

std::string joined(const std::string& name, const Value& key) {
  const std::string step = checkpoint::text_of_step(key);
  return name.empty() ? step : name + "." + step;
}

bool is_branch(const Value& value) { return value.is_dict() || value.is_list() || value.is_tuple(); }

using Wanted = std::function<bool(const std::string& name)>;

std::optional<Value> pruned(const Value& value, const std::string& name, const Wanted& wanted, size_t depth);

std::optional<Value> pruned_dict(const Dict& dict, const std::string& name, const Wanted& wanted, size_t depth) {
  Dict kept(dict.kind());
  for (const auto& [key, item] : dict) {
    if (auto rest = pruned(item, joined(name, key), wanted, depth + 1)) kept.set(key, *rest);
  }
  if (kept.size() == 0) return std::nullopt;
  if (dict.kind() == DictKind::default_dict) kept.set_default_factory(dict.default_factory());
  if (auto attributes = dict.attributes()) kept.set_attributes(*attributes);
  return kept;
}

// What is kept of a list moves up: positions are not names that anyone looks for later.
std::optional<Value> pruned_items(const Value& value, const std::string& name, const Wanted& wanted, size_t depth) {
  std::vector<Value> kept;
  for (size_t i = 0; i < value.size(); ++i) {
    if (auto rest = pruned(value.at(i), joined(name, i), wanted, depth + 1)) kept.push_back(std::move(*rest));
  }
  if (kept.empty()) return std::nullopt;
  return value.is_list() ? Value(List(std::move(kept))) : Value(Tuple(std::move(kept)));
}

std::optional<Value> pruned(const Value& value, const std::string& name, const Wanted& wanted, size_t depth) {
  check_depth(depth);
  if (value.is_dict()) return pruned_dict(value.to_dict(), name, wanted, depth);
  if (value.is_list() || value.is_tuple()) return pruned_items(value, name, wanted, depth);
  return wanted(name) ? std::optional(value) : std::nullopt;
}

using Leaf = std::pair<std::string, Value>;

void collect_leaves(const Value& value, const std::string& name, size_t depth, std::vector<Leaf>& leaves) {
  check_depth(depth);
  if (!is_branch(value)) return leaves.emplace_back(name, value), void();
  if (value.is_dict()) {
    for (const auto& [key, item] : value.to_dict()) collect_leaves(item, joined(name, key), depth + 1, leaves);
  } else {
    for (size_t i = 0; i < value.size(); ++i) collect_leaves(value.at(i), joined(name, i), depth + 1, leaves);
  }
}

std::string renamed(const std::string& name, const std::vector<std::pair<std::string, std::string>>& rules) {
  const auto rule = std::ranges::find_if(rules, [&](const auto& r) { return name.starts_with(r.first); });
  return rule == rules.end() ? name : rule->second + name.substr(rule->first.size());
}

}  // namespace

Value keep_only(const Value& root, const std::vector<std::string>& patterns) {
  const Wanted wanted = [&](const std::string& name) {
    return std::ranges::any_of(patterns, [&](const auto& pattern) { return glob_match(pattern, name); });
  };
  if (auto kept = pruned(root, "", wanted, 0)) return *kept;
  throw Error(ErrorKind::bad_argument, fmt::format("nothing in the file matches {}", fmt::join(patterns, " or ")))
      .hint("`okibi ls` shows the names; a pattern must match all of one.");
}

Dict rename_leaves(const Value& root, const std::vector<std::pair<std::string, std::string>>& rules) {
  std::vector<Leaf> leaves;
  collect_leaves(root, "", 0, leaves);
  Dict flat(DictKind::ordered_dict);
  for (const auto& [name, leaf] : leaves) {
    const std::string now = renamed(name, rules);
    if (flat.contains(now)) {
      throw Error(ErrorKind::bad_argument, fmt::format("two things would be named \"{}\"", now))
          .found(fmt::format("\"{}\" is the second", name));
    }
    flat.set(now, leaf);
  }
  return flat;
}

}  // namespace okibi::inspect
