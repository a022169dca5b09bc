// script/plan/recording.h: one call of a program, noted operator by operator while it is interpreted.
//
// Sizes, dtypes and all that is no tensor decide which way a program takes; for inputs of the same sizes it calls the
// same operators again, unless it looks at the numbers of a tensor that came of its inputs. What was noted is then a
// program without questions (plan.h). A recording that cannot be one says why.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "script/code.h"
#include "script/plan/pattern.h"
#include "script/reachable.h"

namespace okibi::script {

struct RecordedCall {
  const Node* node = nullptr;
  const Code* code = nullptr;  // in which it stands
  std::vector<Pattern> arguments = {};
  std::vector<std::optional<uint32_t>> outputs = {};  // for each tensor of the result; none where it was there before
  bool depends = false;                               // on the inputs, or on chance
};

// A tensor of the program, as it was when it was made.
struct Register {
  Dims sizes = {}, strides = {};
  DType dtype = float32;
  uint32_t storage = 0;  // registers that share one have the same number
  bool is_contiguous = true;
  Value value = {};  // kept while it depends on nothing
};

// By the numbers of storages: who made it, and whether it was changed in place.
struct StorageFacts {
  bool is_ours = false, is_changed = false;
};

struct Recorded {
  std::vector<RecordedCall> calls = {};
  std::vector<Register> registers = {};  // the inputs first
  size_t inputs = 0;
  std::vector<StorageFacts> storages = {};
  std::unordered_set<const Storage*> changed_outside = {};  // of the module
  std::unordered_set<const Storage*> of_module = {};
  std::unordered_set<const void*> holders = {};  // what of the module may be changed
  std::vector<Pattern> read = {};                // tensors whose numbers chose the way, though no input changes them
  Pattern result = {};
};

class Recording {
 public:
  // Of a method of `root`, with these inputs. With a refusal from the first, nothing is noted, but what outlives the
  // call is known all the same.
  Recording(const Value& root, std::span<const Value> inputs, const char* refusal = nullptr);

  void call(const Node& node, const Code& code, std::span<const Value> arguments, const Value& result);
  void reads(const Value& tensor);
  bool changes(const Value& container_or_object);  // whether that outlives the call
  void refuse(const char* why) noexcept;

  // Of what ended in `result`. None where there was a refusal.
  std::optional<Recorded> finish(const Value& result);
  const char* refusal() const noexcept { return refusal_; }  // nullptr where there is none
  bool is_refused_for_inputs() const noexcept { return is_refused_for_inputs_; }
  bool was_given(const Value& value);  // whether it is, or holds, a list, a dict or an object of the inputs

 private:
  struct Known {
    uint32_t reg;
    std::weak_ptr<TensorBody> alive;
  };
  struct KnownStorage {
    uint32_t number;
    bool depends;
    std::weak_ptr<Storage> alive;
  };

  KnownStorage& storage_of(const Tensor& tensor, bool ours, bool depends);
  uint32_t add_register(const Tensor& tensor, bool ours, bool depends);
  std::optional<uint32_t> register_of(const Tensor& tensor) const;
  void visit_tensors(const Value& value, const std::function<void(const Tensor&)>& visit);
  bool tensor_depends(const Tensor& tensor) const;
  bool depends(const Value& value);
  bool depends(std::span<const Value> values);
  bool refuses(const Effects& effects, std::span<const Value> arguments, bool depends);
  bool holds(std::span<const Value> values, const Tensor& tensor);
  void note_read(const Value& value);
  bool is_mask(const Value& value);
  void add_inputs();
  Pattern pattern_of(const Value& value);
  Pattern pattern_of_result(const Value& value);
  Pattern pattern_of_items(const Value& container, Pattern (Recording::*of)(const Value&));
  const Reach& module();
  const Reach& given();
  void note_change(const Tensor& tensor, bool depends);
  void add_results(RecordedCall& call, std::span<const Value> arguments, const Value& result);

  const Value root_;
  const std::vector<Value> inputs_;
  const char* refusal_ = nullptr;
  bool is_refused_for_inputs_ = false;
  Recorded recorded_;
  std::vector<bool> depends_;  // by register
  std::unordered_map<const TensorBody*, Known> known_;
  std::unordered_map<const Storage*, KnownStorage> storages_;
  std::optional<Reach> module_, given_;  // what the module and the inputs held before
  std::unordered_set<const void*> given_back_;
};

// Strided, and with its numbers as they lie in memory. Plans are of such tensors alone.
bool is_plain(const Tensor& tensor);

// The tensors in it, in order: of lists, tuples and dicts, too. False where these are deeper or larger than is worth a
// plan, or hold themselves: then not all were visited.
bool for_each_tensor(const Value& value, const std::function<void(const Tensor&)>& visit);

}  // namespace okibi::script
