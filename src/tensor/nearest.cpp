#include "tensor/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace okibi {
namespace {

constexpr size_t longest = 256;  // longer names are not compared letter by letter: a file chooses them

// The number of letters to insert, drop or replace (Levenshtein), row by row.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

bool ends_with_part(std::string_view name, std::string_view part) {
  return !part.empty() && name.size() > part.size() && name.ends_with(part) &&
         name[name.size() - part.size() - 1] == '.';
}

// How far a name is from the wanted one; nothing when too far to be meant.
size_t distance(std::string_view wanted, std::string_view name, size_t too_far) {
  if (ends_with_part(name, wanted) || ends_with_part(wanted, name)) return 1;
  const size_t longer = std::max(wanted.size(), name.size()), shorter = std::min(wanted.size(), name.size());
  if (longer > longest || longer - shorter >= too_far) return too_far;
  return edit_distance(wanted, name);
}

}  // namespace

std::vector<std::string_view> nearest_names(std::string_view wanted, const std::vector<std::string_view>& names) {
  const size_t too_far = std::max<size_t>(2, wanted.size() / 3 + 1);
  std::vector<std::pair<size_t, std::string_view>> near;
  for (const std::string_view name : names) {
    const size_t far = distance(wanted, name, too_far);
    if (far < too_far) near.emplace_back(far, name);
  }
  const size_t count = std::min<size_t>(near.size(), 3);
  std::ranges::stable_sort(near, {}, &std::pair<size_t, std::string_view>::first);
  std::vector<std::string_view> nearest(count);
  std::ranges::transform(near.begin(), near.begin() + static_cast<ptrdiff_t>(count), nearest.begin(),
                         &std::pair<size_t, std::string_view>::second);
  return nearest;
}

std::string did_you_mean(const std::vector<std::string_view>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", names[i]);
  }
  return text.empty() ? "" : "Did you mean " + text + "?";
}

}  // namespace okibi
