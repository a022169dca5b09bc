// inspect/select.h: the part of an object that somebody wants of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <okibi/value.h>

namespace okibi::inspect {

// The same containers with only those leaves whose names match one of the shell patterns; containers that are empty
// then go, too. A name is the path joined by '.'. What lies in an Object is a part of that one leaf.
// Error(bad_argument) when nothing matches.
Value keep_only(const Value& root, const std::vector<std::string>& patterns);

// One flat dict of all leaves, by their names, each beginning replaced by the first rule that fits. Error(bad_argument)
// where two leaves would get one name.
Dict rename_leaves(const Value& root, const std::vector<std::pair<std::string, std::string>>& rules);

}  // namespace okibi::inspect
