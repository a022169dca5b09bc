// script/trace/trace_log.h: what one call of a forward does with tensors, operator by operator, and where each tensor
// comes from.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <okibi/nn.h>

#include "tensor/trace.h"

namespace okibi::script {

enum class TracedKind : uint8_t { input, weight, output, constant };

// Where a tensor comes from: the third input; the second output (`part`) of the fifth call.
struct TracedTensor {
  TracedKind kind = TracedKind::constant;
  uint32_t index = 0, part = 0;
  friend bool operator==(const TracedTensor&, const TracedTensor&) = default;
};

// An argument or a result: a tensor, a list, tuple or dict of such, or anything else as it is.
struct TracedValue {
  enum class Kind : uint8_t { tensor, list, tuple, dict, plain };
  Kind kind = Kind::plain;
  TracedTensor tensor = {};
  std::vector<TracedValue> items = {};  // of a dict its keys and values in turn
  Value plain = {};
};

struct TracedCall {
  std::string name;  // "aten::add.Tensor"
  std::vector<TracedValue> arguments = {};
  bool is_of_integers = false;  // its first tensor is
};

class TraceLog final : public trace::Listener {
 public:
  TraceLog(std::span<const Tensor> inputs, std::span<const nn::NamedTensor> weights);

  // Error(unsupported) where a tensor was changed in place since it was known, or is a view in a way nobody told.
  void called(std::string_view schema, std::vector<Value> arguments, std::span<const Tensor> outputs) override;
  // Error(unsupported) for a number that depends on the inputs: a program would have just this one.
  void reads(const Tensor& tensor) override;
  TracedValue traced(const Value& value);

  const std::vector<TracedCall>& calls() const noexcept { return calls_; }
  // Tensors that came from nowhere: made in the forward, or held by the model without being registered.
  const std::vector<Tensor>& constants() const noexcept { return constants_; }

 private:
  struct Known {
    Tensor tensor;
    TracedTensor from;
    uint32_t version;
    bool depends;  // on an input
  };
  const Known& known(const Tensor& tensor);
  const Known* find(const Tensor& tensor) const;
  const Known& add(const Tensor& tensor, TracedTensor from, bool depends);
  bool depends_on_inputs(const TracedValue& value) const;

  std::vector<TracedCall> calls_;
  std::vector<Tensor> constants_;
  std::vector<Known> known_;
  std::unordered_map<const TensorBody*, size_t> by_body_;
  std::unordered_map<const Storage*, std::vector<size_t>> by_storage_;
  std::vector<bool> call_depends_;
};

}  // namespace okibi::script
