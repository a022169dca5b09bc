// script/subtype.h: which type may stand for which, what two types have in common, and what a type variable stands for.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "script/type.h"

namespace okibi::script {

// As PyTorch has it: numbers ≤ number; T ≤ Optional[T] ≤ Any; tuples item by item; lists and dicts only of the same.
// Of classes any is taken for an interface: that it has its methods shows when they are called.
bool is_subtype(const Type& type, const Type& of);

// The least type of both: what a variable is behind an if that gave it one or the other.
std::optional<Type> unified(const Type& a, const Type& b);

bool is_number(const Type& type);
const Type& without_optional(const Type& type);
Type optional_of(Type type);
Type list_of(Type item);

// What the variables of a schema stand for in one call.
using TypeVariables = std::map<std::string, Type>;

// Finds out what variables in `formal` must be for `actual` to fit it. False where they cannot be.
bool match_variables(const Type& formal, const Type& actual, TypeVariables& variables);
// The type with its variables replaced; nothing where one is unknown.
std::optional<Type> resolved(const Type& formal, const TypeVariables& variables);

}  // namespace okibi::script
