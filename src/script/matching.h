// script/matching.h: which overload of an operator a call means, as PyTorch's schema_matching.cpp has it.
#pragma once

#include "script/code.h"
#include "script/subtype.h"

namespace okibi::script {

// What a call was given.
struct Actuals {
  std::vector<NodePtr> positional = {};
  std::vector<std::pair<std::string, NodePtr>> keywords = {};
};

// PyTorch tries all overloads in their order without converting anything, and then, where none of them fits, with
// conversions; of an operator that has one overload, only the latter.
enum class Conversions : uint8_t { none, allowed };

// The call as a node, with all arguments of the schema in order: conversions made, defaults filled in. nullptr where no
// overload fits.
NodePtr match(const std::vector<Schema>& overloads, Actuals& actuals, const Place& place, Schemas& schemas,
              Conversions conversions);
// Both, one after the other.
NodePtr match(const std::vector<Schema>& overloads, Actuals& actuals, const Place& place, Schemas& schemas);

// "aten::add(Tensor, int)": for messages.
std::string described(std::string_view name, const Actuals& actuals);

// A value of a type as one of another, where PyTorch converts without being told (Optional apart); or nullptr.
NodePtr converted(NodePtr& value, const Type& to, bool with_conversions, Schemas& schemas);

}  // namespace okibi::script
