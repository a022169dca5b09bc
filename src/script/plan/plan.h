// script/plan/plan.h: a program for inputs of certain sizes: the operators that it calls, one after the other, without
// its ifs, its loops and its ints.
//
// A plan is made of a recording. What depends on no input is computed once. Operators in place become others where
// nobody can tell, and with `fuse` (fuse.h) several become one, in layouts of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/spares.h"
#include "script/plan/recording.h"

namespace okibi::script {

using Work = std::function<Value(std::span<const Value> arguments)>;

struct Instruction {
  std::string name = {};       // "aten::conv2d"
  const Node* node = nullptr;  // where it stands in the program
  const Code* code = nullptr;
  Work work = {};
  std::vector<Pattern> arguments = {};
  std::vector<std::optional<uint32_t>> outputs = {};
  bool changes = false;                  // its first argument, in place
  std::vector<size_t> finite = {};       // arguments that must be finite
  std::vector<uint32_t> last_uses = {};  // registers that nobody reads afterwards
};

// Numbers that have gone into others, as they were then: a plan is good while they do not change.
struct Watched {
  std::shared_ptr<Storage> storage;
  uint32_t version;

  explicit Watched(const Tensor& tensor) : storage(tensor.storage()), version(storage->version()) {}
};
bool are_unchanged(std::span<const Watched> constants) noexcept;

// What passes work on.
struct Draft {
  std::vector<Instruction> instructions = {};
  std::vector<Register> registers = {};
  std::vector<bool> shares = {};  // by register: whether its numbers are another's, an input's, or changed
  Pattern result = {};
  std::vector<Watched> constants = {};
  std::unordered_set<const Storage*> of_module = {};  // the storages of its tensors
};

// What one call at a time works in. A constant among the arguments stands there from call to call.
struct PlanFrame {
  std::vector<Value> registers = {};
  std::vector<std::vector<Value>> arguments = {};  // by instruction
};

// Any number of threads may run one.
class Plan {
 public:
  explicit Plan(Draft draft);

  // Of inputs with the key of those that were recorded. None where numbers come up that are not finite, and what is
  // fused would make others of them; then nothing was changed.
  std::optional<Value> run(std::span<const Value> inputs) const;
  bool is_good() const noexcept { return are_unchanged(constants_); }
  // Whether it gives for these what the program gives: where it changes tensors in place, not if they share their
  // numbers with each other or with the module.
  bool is_for(std::span<const Value> inputs) const;

 private:
  PlanFrame new_frame() const;
  bool call(const Instruction& instruction, std::vector<Value>& arguments, std::vector<Value>& registers) const;
  bool run_all(PlanFrame& frame) const;

  bool changes_;
  std::vector<Instruction> instructions_;
  size_t registers_;
  Pattern result_;
  std::vector<Watched> constants_;
  std::unordered_set<const Storage*> of_module_;
  mutable Spares<PlanFrame> frames_ = {};
};

// None where it goes by numbers that it changes itself, or gives one tensor twice that no input decides.
std::optional<Draft> draft_of(Recorded recorded);
void use_no_places_twice(Draft& draft);  // operators in place become others where nobody can tell
void drop_unused(Draft& draft);
bool changes_in_place(const Draft& draft);
bool draws(const Draft& draft);  // random numbers

// How often each register is read; by the result, too.
std::vector<uint32_t> uses_in(const Draft& draft);

}  // namespace okibi::script
