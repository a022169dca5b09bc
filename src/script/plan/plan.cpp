#include "script/plan/plan.h"

#include <algorithm>

#include "script/plan/finite.h"

namespace okibi::script {
namespace {

// The last instruction that reads each register; those of the result live to the end.
void find_last_uses(std::vector<Instruction>& instructions, size_t registers, const Pattern& result) {
  std::vector<bool> is_read(registers, false);
  for_each_reg(result, [&](uint32_t reg) { is_read[reg] = true; });
  for (auto at = instructions.rbegin(); at != instructions.rend(); ++at) {
    const auto note = [&](uint32_t reg) {
      if (!is_read[reg]) at->last_uses.push_back(reg);
      is_read[reg] = true;
    };
    for (const auto& output : at->outputs) {
      if (output) note(*output);
    }
    for (const Pattern& argument : at->arguments) for_each_reg(argument, note);
  }
}

void store_items(const auto& items, const Instruction& instruction, std::vector<Value>& registers) {
  size_t i = 0;
  for (const Value& item : items) {
    if (i < instruction.outputs.size() && instruction.outputs[i]) registers[*instruction.outputs[i]] = item;
    ++i;
  }
}

// Lists of numbers are made once: no operator changes them.
void make_constants(std::vector<Instruction>& instructions) {
  for (Instruction& instruction : instructions) {
    for (Pattern& argument : instruction.arguments) {
      if (auto value = constant_in(argument)) argument = Pattern::of_constant(std::move(*value));
    }
  }
}

void store(const Value& result, const Instruction& instruction, std::vector<Value>& registers) {
  if (result.is_list()) return store_items(result.to_list(), instruction, registers);
  if (result.is_tuple()) return store_items(result.to_tuple(), instruction, registers);
  store_items(std::span(&result, 1), instruction, registers);
}

}  // namespace

bool are_unchanged(std::span<const Watched> constants) noexcept {
  return std::ranges::all_of(constants, [](const Watched& one) { return one.storage->version() == one.version; });
}

Plan::Plan(Draft draft)
    : changes_(changes_in_place(draft)),
      instructions_(std::move(draft.instructions)),
      registers_(draft.registers.size()),
      result_(std::move(draft.result)),
      constants_(std::move(draft.constants)),
      of_module_(std::move(draft.of_module)) {
  find_last_uses(instructions_, registers_, result_);
  make_constants(instructions_);
}

bool Plan::is_for(std::span<const Value> inputs) const {
  if (!changes_) return true;
  std::unordered_set<const Storage*> seen;
  bool apart = true;
  for (const Value& input : inputs) {
    for_each_tensor(input, [&](const Tensor& tensor) {
      const Storage* storage = tensor.storage().get();
      apart &= seen.insert(storage).second && !of_module_.contains(storage);
    });
  }
  return apart;
}

bool Plan::call(const Instruction& instruction, std::vector<Value>& arguments, std::vector<Value>& registers) const {
  for (size_t i = 0; i < arguments.size(); ++i) fill(arguments[i], instruction.arguments[i], registers);
  for (const size_t i : instruction.finite) {
    if (!is_finite(arguments[i].to_tensor())) return false;
  }
  store(instruction.work(arguments), instruction, registers);
  for (size_t i = 0; i < arguments.size(); ++i) empty_again(arguments[i], instruction.arguments[i]);
  for (const uint32_t reg : instruction.last_uses) registers[reg] = {};
  return true;
}

// An error has the line of the operator, as when the program is interpreted.
bool Plan::run_all(PlanFrame& frame) const {
  for (size_t i = 0; i < instructions_.size(); ++i) {
    const Instruction& instruction = instructions_[i];
    try {
      if (!call(instruction, frame.arguments[i], frame.registers)) return false;
    } catch (Error& error) {
      error.at("line", uint64_t{instruction.node->place.line}).at("record", instruction.code->record);
      throw;
    }
  }
  return true;
}

PlanFrame Plan::new_frame() const {
  PlanFrame frame{.registers = std::vector<Value>(registers_)};
  for (const Instruction& instruction : instructions_) {
    auto& arguments = frame.arguments.emplace_back();
    for (const Pattern& argument : instruction.arguments) arguments.push_back(unfilled(argument));
  }
  return frame;
}

// A frame that a call has left before its end is not used again.
std::optional<Value> Plan::run(std::span<const Value> inputs) const {
  auto frame = frames_.take([&] { return std::make_unique<PlanFrame>(new_frame()); });
  auto& registers = frame->registers;
  uint32_t next = 0;
  for (const Value& input : inputs) for_each_tensor(input, [&](const Tensor& tensor) { registers[next++] = tensor; });
  if (!run_all(*frame)) return std::nullopt;
  Value result = filled(result_, registers);
  std::ranges::fill(registers, Value());
  frames_.give(std::move(frame));
  return result;
}

}  // namespace okibi::script
