// What the schedulers' files share.
#pragma once

#include <okibi/optim/lr_scheduler.h>

namespace okibi::optim {

template <class T>
List list_of(const std::vector<T>& items) {
  List list;
  for (const T& item : items) list.push_back(item);
  return list;
}

Dict copy_of(const Dict& entries);

// The number of each group; Error(bad_argument) when `numbers` are for another number of groups.
std::vector<double> for_groups(std::string_view name, const PerGroup& numbers, const Optimizer& optimizer);

// Error(bad_argument) where a count that something is divided by is not positive.
int64_t positive(std::string_view name, int64_t count);

// Copies `loaded` over `own`, once every value that is in both was found to be of the same kind. A number may be int or
// float, and None is taken where Python has it.
void check_attributes(const Dict& own, const Dict& loaded);

}  // namespace okibi::optim
