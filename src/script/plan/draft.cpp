// From what was recorded to what is run.
#include <algorithm>
#include <array>
#include <unordered_set>

#include "script/plan/fuse.h"

namespace okibi::script {
namespace {

// Which calls must be run each time: what depends on the inputs, and all that touches what is changed in place.
class Live {
 public:
  explicit Live(const Recorded& recorded) : recorded_(recorded), registers_(recorded.registers.size(), false) {
    for (size_t reg = 0; reg < recorded.inputs; ++reg) registers_[reg] = true;
  }

  bool call(const RecordedCall& call) {
    bool live = call.depends || call.node->kernel.effects.changes;
    for (const Pattern& argument : call.arguments) live |= reads_live(argument);
    for (const auto& output : call.outputs) live |= output && is_changed(*output);
    for (const auto& output : call.outputs) {
      if (output && live) registers_[*output] = true;
    }
    return live;
  }
  bool reg(uint32_t reg) const { return registers_[reg]; }
  bool reads_live(const Pattern& pattern) const {
    if (pattern.is_reg()) return registers_[pattern.reg] || is_changed(pattern.reg);
    if (is_changed_outside(pattern.constant)) return true;
    return std::ranges::any_of(pattern.items, [&](const Pattern& item) { return reads_live(item); });
  }

 private:
  bool is_changed(uint32_t reg) const { return recorded_.storages[recorded_.registers[reg].storage].is_changed; }
  bool is_changed_outside(const Value& constant) const {
    return constant.is_tensor() && recorded_.changed_outside.contains(constant.to_tensor().storage().get());
  }
  const Recorded& recorded_;
  std::vector<bool> registers_;
};

void put_constants(Pattern& pattern, const Live& live, const std::vector<Register>& registers) {
  change_each_reg(pattern, [&](Pattern& reg) {
    if (!live.reg(reg.reg)) reg = Pattern::of_constant(registers[reg.reg].value);
  });
}

// What the call made itself, though of no input, is the caller's own in each call; views of the module's are views.
void put_results(Pattern& result, const Live& live, const Recorded& recorded) {
  change_each_reg(result, [&](Pattern& reg) {
    if (live.reg(reg.reg)) return;
    const Register& made = recorded.registers[reg.reg];
    const bool is_ours = recorded.storages[made.storage].is_ours;
    reg = {.kind = is_ours ? Pattern::Kind::copied : Pattern::Kind::constant, .constant = made.value};
  });
}

void watch(const Pattern& argument, std::vector<Watched>& constants) {
  if (argument.is_constant() && argument.constant.is_tensor()) constants.emplace_back(argument.constant.to_tensor());
  for (const Pattern& item : argument.items) watch(item, constants);
}

Instruction instruction_of(RecordedCall call) {
  return {.name = std::string(call.node->schema->name()),
          .node = call.node,
          .code = call.code,
          .work = [kernel = call.node->kernel](std::span<const Value> arguments) { return kernel(arguments); },
          .arguments = std::move(call.arguments),
          .outputs = std::move(call.outputs),
          .changes = call.node->kernel.effects.changes};
}

// A storage that several registers see, or that is an input's or the module's.
std::vector<bool> shared_registers(const Recorded& recorded) {
  std::vector<size_t> seen(recorded.storages.size(), 0);
  for (const Register& reg : recorded.registers) ++seen[reg.storage];
  std::vector<bool> shares;
  for (size_t reg = 0; reg < recorded.registers.size(); ++reg) {
    const uint32_t storage = recorded.registers[reg].storage;
    shares.push_back(!recorded.storages[storage].is_ours || seen[storage] > 1);
  }
  return shares;
}

// Whether what the operator gives has the dtype of its first argument: not where it compares or always gives doubles,
// or others are of more digits.
bool keeps_dtype(const Instruction& instruction, const std::vector<Register>& registers) {
  constexpr std::array give_others = {"eq_",
                                      "ne_",
                                      "lt_",
                                      "le_",
                                      "gt_",
                                      "ge_",
                                      "not_equal_",
                                      "less_",
                                      "less_equal_",
                                      "greater_",
                                      "greater_equal_",
                                      "logical_not_",
                                      "logical_and_",
                                      "logical_or_",
                                      "logical_xor_",
                                      "float_power_"};
  const std::string name = instruction.name.substr(0, instruction.name.find('.')).substr(6);  // behind "aten::"
  if (std::ranges::find(give_others, name) != give_others.end()) return false;
  const DType dtype = registers[instruction.arguments[0].reg].dtype;
  return is_fused(dtype) && std::ranges::all_of(instruction.arguments, [&](const Pattern& argument) {
           if (argument.is_reg()) return registers[argument.reg].dtype == dtype;
           return !argument.constant.is_tensor() || argument.constant.to_tensor().dtype() == dtype;
         });
}

}  // namespace

// What the caller gets of the first call is the caller's to change.
void keep_copies_of_results(Recorded& recorded) {
  std::vector<bool> escapes(recorded.storages.size(), false);
  for_each_reg(recorded.result, [&](uint32_t reg) { escapes[recorded.registers[reg].storage] = true; });
  for (Register& reg : recorded.registers) {
    const bool is_callers = escapes[reg.storage] && recorded.storages[reg.storage].is_ours;
    if (is_callers && reg.value.is_tensor()) reg.value = reg.value.to_tensor().clone();
  }
}

// Whether two tensors of the result share numbers that are made anew for each of them.
bool gives_copies_apart(const Recorded& recorded, const Live& live) {
  std::unordered_set<uint32_t> given;
  bool again = false;
  for_each_reg(recorded.result, [&](uint32_t reg) {
    const uint32_t storage = recorded.registers[reg].storage;
    if (!live.reg(reg) && recorded.storages[storage].is_ours) again |= !given.insert(storage).second;
  });
  return again;
}

std::optional<Draft> draft_of(Recorded recorded) {
  keep_copies_of_results(recorded);
  Live live(recorded);
  Draft draft{.shares = shared_registers(recorded)};
  for (RecordedCall& call : recorded.calls) {
    if (!live.call(call)) {
      for (const Pattern& argument : call.arguments) watch(argument, draft.constants);
      continue;
    }
    for (Pattern& argument : call.arguments) put_constants(argument, live, recorded.registers);
    draft.instructions.push_back(instruction_of(std::move(call)));
  }
  for (const Pattern& read : recorded.read) {
    if (live.reads_live(read)) return std::nullopt;  // what chose the way is changed by the program
    watch(read, draft.constants);
  }
  if (gives_copies_apart(recorded, live)) return std::nullopt;
  put_results(recorded.result, live, recorded);
  draft.registers = std::move(recorded.registers);
  draft.result = std::move(recorded.result);
  draft.of_module = std::move(recorded.of_module);
  return draft;
}

// Of a register that shares its numbers with no other, x.relu_() is a new one, x.relu(), for all that comes later.
void use_no_places_twice(Draft& draft) {
  std::vector<uint32_t> now(draft.registers.size());
  for (uint32_t reg = 0; reg < now.size(); ++reg) now[reg] = reg;
  const auto rename = [&](Pattern& pattern) {
    change_each_reg(pattern, [&](Pattern& reg) { reg.reg = now[reg.reg]; });
  };
  for (Instruction& instruction : draft.instructions) {
    const uint32_t before = instruction.arguments.empty() ? 0 : instruction.arguments[0].reg;
    const bool is_sole = instruction.changes && instruction.arguments[0].is_reg() && !draft.shares[before] &&
                         draft.registers[before].is_contiguous;
    const bool may_be_renamed = is_sole && keeps_dtype(instruction, draft.registers);
    for (Pattern& argument : instruction.arguments) rename(argument);
    const std::string name = may_be_renamed ? functional_of(instruction.name) : "";
    if (name.empty()) continue;
    const Kernel kernel = find_kernel(name);
    instruction.name = name;
    instruction.work = [kernel](std::span<const Value> arguments) { return kernel(arguments); };
    instruction.changes = false;
    now[before] = static_cast<uint32_t>(draft.registers.size());
    draft.registers.push_back(draft.registers[before]);
    draft.shares.push_back(false);
    instruction.outputs = {now[before]};
  }
  rename(draft.result);
}

bool changes_in_place(const Draft& draft) { return std::ranges::any_of(draft.instructions, &Instruction::changes); }

bool draws(const Draft& draft) {
  return std::ranges::any_of(draft.instructions, [](const auto& one) { return one.node->kernel.effects.is_random; });
}

std::vector<uint32_t> uses_in(const Draft& draft) {
  std::vector<uint32_t> uses(draft.registers.size(), 0);
  const auto note = [&](uint32_t reg) { ++uses[reg]; };
  for (const Instruction& instruction : draft.instructions) {
    for (const Pattern& argument : instruction.arguments) for_each_reg(argument, note);
  }
  for_each_reg(draft.result, note);
  return uses;
}

void drop_unused(Draft& draft) {
  std::vector<bool> is_read(draft.registers.size(), false);
  const auto note = [&](uint32_t reg) { is_read[reg] = true; };
  for_each_reg(draft.result, note);
  std::vector<Instruction> kept;
  for (auto at = draft.instructions.rbegin(); at != draft.instructions.rend(); ++at) {
    const bool is_used = at->changes || at->node->kernel.effects.is_random ||
                         std::ranges::any_of(at->outputs, [&](const auto& reg) { return reg && is_read[*reg]; });
    if (!is_used) continue;
    for (const Pattern& argument : at->arguments) for_each_reg(argument, note);
    kept.push_back(std::move(*at));
  }
  std::ranges::reverse(kept);
  draft.instructions = std::move(kept);
}

}  // namespace okibi::script
