// okibi/op_table.h: the operators by their schemas, to be called with Values. TorchScript programs, whole models and the
// tests of gradients find operations here; C++ calls the functions of okibi/ops.h, which are the same operations.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <okibi/ops.h>
#include <okibi/value.h>

namespace okibi {

// What an output will be. Outputs are contiguous.
struct OutputSpec {
  Dims sizes;
  DType dtype = DType::float32;
};

// One operator. The table is constant and shared by all threads.
struct Op {
  std::string_view schema;  // "aten::relu(Tensor self) -> Tensor", as PyTorch writes it
  bool is_view = false;     // its output shares the first argument's storage
  bool differentiable = false;

  // Checks the arguments (in the schema's order, all of them) and says what the outputs will be: those of the schema,
  // and behind them such as only backward reads. infer and run are null for views, and for what is made of other
  // operators.
  std::vector<OutputSpec> (*infer)(std::span<const Value> arguments) = nullptr;
  // Computes into outputs of the inferred sizes and dtypes, wherever they lie. Records nothing, allocates no result.
  void (*run)(std::span<const Value> arguments, std::span<const Tensor> outputs) = nullptr;
  // What the C++ function does: checks, allocates, computes, records for backward. Several outputs come as a Tuple.
  Value (*call)(std::span<const Value> arguments) = nullptr;

  std::string_view name() const noexcept { return schema.substr(0, schema.find('(')); }  // "aten::add.Tensor"
};

std::span<const Op> op_table();

// By full schema or by name with overload ("aten::add.Tensor"). nullptr when okibi has no such operator.
const Op* find_op(std::string_view schema_or_name);

}  // namespace okibi
