// script/schema.h: the schemas of PyTorch's operators, which say what a call in a program means.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_hash.h"
#include "script/type.h"

namespace okibi::script {

struct SchemaArgument {
  std::string name;
  Type type = {};
  std::optional<int64_t> repeat = {};      // int[2]: one int stands for two
  std::optional<Expr> default_value = {};  // a constant
  bool keyword_only = false;
};

struct Schema {
  std::string_view text;  // "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"
  std::vector<SchemaArgument> arguments = {};
  std::vector<Type> returns = {};
  bool takes_any_number = false;  // "...": further arguments of any types

  std::string_view name() const noexcept { return text.substr(0, text.find('(')); }  // "aten::add.Tensor"
};

// Error(internal) for a text that is none: the table is okibi's own.
Schema parse_schema(std::string_view text);

// The table, parsed as far as it was asked for. For one thread at a time; references stay good.
class Schemas {
 public:
  // Of "aten::add", in the order in which PyTorch tries them; none where it has no such operator.
  const std::vector<Schema>& of(std::string_view operator_name);

 private:
  KeyedMap<std::string, std::vector<Schema>> parsed_;
};

// Every line of the table.
std::span<const std::string_view> all_schemas();

}  // namespace okibi::script
