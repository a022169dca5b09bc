#include "script/plan/recording.h"

#include <algorithm>

namespace okibi::script {
namespace {

constexpr size_t most_calls = 100'000;

bool is_container(const Value& value) { return value.is_list() || value.is_tuple() || value.is_dict(); }

struct Walk {
  const std::function<void(const Tensor&)>& visit;
  size_t left = 20'000;

  bool all(const auto& values, size_t depth) {
    for (const Value& value : values) {
      if (!one(value, depth)) return false;
    }
    return true;
  }
  bool one(const Value& value, size_t depth) {
    constexpr size_t deepest = 30;
    if (depth > deepest || left-- == 0) return left = 0, false;
    if (value.is_tensor()) return visit(value.to_tensor()), true;
    if (value.is_list()) return all(value.to_list(), depth + 1);
    if (value.is_tuple()) return all(value.to_tuple(), depth + 1);
    if (!value.is_dict()) return true;
    for (const auto& [key, item] : value.to_dict()) {
      if (!one(key, depth + 1) || !one(item, depth + 1)) return false;
    }
    return true;
  }
};

// In training mode a norm moves its running statistics, where it has some. What drops out draws random numbers.
bool moves_something(const Effects& effects, std::span<const Value> arguments) {
  return !effects.moved || !arguments[*effects.moved].is_none();
}

}  // namespace

bool is_plain(const Tensor& tensor) {
  return tensor.storage() && tensor.layout() == Layout::strided && !tensor.is_neg() && !tensor.is_conj() &&
         !tensor.is_quantized() && !tensor.is_nested();
}

bool for_each_tensor(const Value& value, const std::function<void(const Tensor&)>& visit) {
  return Walk{visit}.one(value, 0);
}

Recording::Recording(const Value& root, std::span<const Value> inputs, const char* refusal)
    : root_(root), inputs_(inputs.begin(), inputs.end()), refusal_(refusal) {
  if (refusal_) return;
  add_inputs();
  is_refused_for_inputs_ = refusal_ != nullptr;
}

void Recording::add_inputs() {
  for (const Value& input : inputs_) {
    visit_tensors(input, [&](const Tensor& tensor) {
      if (!is_plain(tensor)) return refuse("an input is no plain tensor");
      const Storage* storage = tensor.storage().get();
      if (storages_.contains(storage)) return refuse("two inputs share their numbers");
      if (module().storages.contains(storage)) return refuse("an input is a tensor of the module");
      add_register(tensor, false, true);
    });
  }
  recorded_.inputs = recorded_.registers.size();
}

const Reach& Recording::module() {
  if (!module_) add_reachable(root_, module_.emplace());
  return *module_;
}

const Reach& Recording::given() {
  if (given_) return *given_;
  given_.emplace();
  for (const Value& input : inputs_) add_reachable(input, *given_);
  return *given_;
}

void Recording::refuse(const char* why) noexcept {
  if (!refusal_) refusal_ = why;
}

void Recording::visit_tensors(const Value& value, const std::function<void(const Tensor&)>& visit) {
  if (!for_each_tensor(value, visit)) refuse("a list or dict is deeper or larger than is worth a plan");
}

bool Recording::holds(std::span<const Value> values, const Tensor& tensor) {
  bool found = false;
  for (const Value& value : values) visit_tensors(value, [&](const Tensor& one) { found |= one.is_same(tensor); });
  return found;
}

bool Recording::is_mask(const Value& value) {
  bool found = false;
  visit_tensors(value, [&](const Tensor& one) { found |= one.dtype() == boolean || one.dtype() == uint8; });
  return found;
}

Recording::KnownStorage& Recording::storage_of(const Tensor& tensor, bool ours, bool depends) {
  const std::shared_ptr<Storage>& storage = tensor.storage();
  const auto found = storages_.find(storage.get());
  if (found != storages_.end() && !found->second.alive.expired()) return found->second;
  const auto number = static_cast<uint32_t>(recorded_.storages.size());
  recorded_.storages.push_back({.is_ours = ours});
  return storages_[storage.get()] = {number, depends, storage};
}

uint32_t Recording::add_register(const Tensor& tensor, bool ours, bool depends) {
  const auto reg = static_cast<uint32_t>(recorded_.registers.size());
  const KnownStorage& storage = storage_of(tensor, ours, depends);
  recorded_.registers.push_back({.sizes = tensor.sizes(),
                                 .strides = tensor.strides(),
                                 .dtype = tensor.dtype(),
                                 .storage = storage.number,
                                 .is_contiguous = tensor.is_contiguous(),
                                 .value = depends ? Value() : Value(tensor)});
  depends_.push_back(depends);
  known_[tensor.body()] = {reg, tensor.weak()};
  return reg;
}

std::optional<uint32_t> Recording::register_of(const Tensor& tensor) const {
  const auto found = known_.find(tensor.body());
  if (found == known_.end() || found->second.alive.expired()) return std::nullopt;
  return found->second.reg;
}

bool Recording::tensor_depends(const Tensor& tensor) const {
  const auto reg = register_of(tensor);
  if (reg && depends_[*reg]) return true;
  const auto found = storages_.find(tensor.storage().get());
  return found != storages_.end() && !found->second.alive.expired() && found->second.depends;
}

bool Recording::depends(const Value& value) {
  bool found = false;
  visit_tensors(value, [&](const Tensor& tensor) { found |= tensor_depends(tensor); });
  return found;
}

bool Recording::depends(std::span<const Value> values) {
  return std::ranges::any_of(values, [&](const Value& value) { return depends(value); });
}

void Recording::reads(const Value& value) {
  if (refusal_) return;
  if (depends(value)) refuse("the way it takes depends on the numbers of a tensor");
  note_read(value);
}

void Recording::note_read(const Value& value) {
  visit_tensors(value, [&](const Tensor& tensor) { recorded_.read.push_back(pattern_of(tensor)); });
}

// Containers that the program made itself are filled anew by each call, before they are looked at.
bool Recording::changes(const Value& value) {
  const bool outlives = module().holders.contains(value.identity()) || given().holders.contains(value.identity());
  if (outlives) refuse("it changes what outlives the call");
  return outlives;
}

bool Recording::was_given(const Value& value) {
  Reach reach;
  add_reachable(value, reach);
  return std::ranges::any_of(reach.holders, [&](const void* holder) { return given().holders.contains(holder); });
}

// Lists and dicts are copied: the program may go on changing its own.
Pattern Recording::pattern_of_items(const Value& container, Pattern (Recording::*of)(const Value&)) {
  if (container.is_dict()) {
    Pattern dict{.kind = Pattern::Kind::dict};
    for (const auto& [key, item] : container.to_dict()) {
      dict.items.push_back((this->*of)(key));
      dict.items.push_back((this->*of)(item));
    }
    return dict;
  }
  Pattern items{.kind = container.is_list() ? Pattern::Kind::list : Pattern::Kind::tuple};
  for (size_t i = 0; i < container.size(); ++i) items.items.push_back((this->*of)(container[i]));
  return items;
}

Pattern Recording::pattern_of(const Value& value) {
  if (is_container(value)) return pattern_of_items(value, &Recording::pattern_of);
  const auto reg = value.is_tensor() ? register_of(value.to_tensor()) : std::nullopt;
  return reg ? Pattern::of_reg(*reg) : Pattern::of_constant(value);
}

// What is the module's or the caller's own cannot be made anew, nor can what stands in two places be made twice.
Pattern Recording::pattern_of_result(const Value& value) {
  const void* identity = value.identity();
  const bool holds = is_container(value) || value.is_object();
  if (holds && module().holders.contains(identity)) refuse("it gives back what is the module's");
  if (holds && given().holders.contains(identity)) refuse("it gives back what it was given");
  if (value.is_object()) refuse("it gives back an object");
  if (!is_container(value)) return pattern_of(value);
  if (value.size() > 0 && !given_back_.insert(identity).second) refuse("it gives back one container twice");
  return pattern_of_items(value, &Recording::pattern_of_result);
}

void Recording::note_change(const Tensor& tensor, bool depends) {
  KnownStorage& storage = storage_of(tensor, false, false);
  recorded_.storages[storage.number].is_changed = true;
  storage.depends |= depends;
}

// Tensors that are new get registers.
void Recording::add_results(RecordedCall& call, std::span<const Value> arguments, const Value& result) {
  visit_tensors(result, [&](const Tensor& tensor) {
    if (!is_plain(tensor)) return refuse("an operator gives no plain tensor");
    if (register_of(tensor) || holds(arguments, tensor)) return call.outputs.push_back(std::nullopt);
    call.outputs.push_back(add_register(tensor, true, call.depends));
  });
}

// Whether the operator ends the recording.
bool Recording::refuses(const Effects& effects, std::span<const Value> arguments, bool depends) {
  if (depends && (effects.reads || effects.sizes)) refuse("its way or its sizes depend on the numbers of a tensor");
  if (depends && effects.sizes_by_mask && is_mask(arguments[1])) refuse("it picks by a mask");
  if (effects.acts) refuse("it acts on something that is no argument");
  if (effects.training && arguments[*effects.training] == Value(true) && moves_something(effects, arguments))
    refuse("it is in training mode");
  return refusal_ != nullptr;
}

void Recording::call(const Node& node, const Code& code, std::span<const Value> arguments, const Value& result) {
  if (refusal_) return;
  const Effects& effects = node.kernel.effects;
  const bool depends_on_inputs = effects.is_random || depends(arguments);
  if (refuses(effects, arguments, depends_on_inputs)) return;
  if (effects.reads || effects.sizes || effects.sizes_by_mask) {
    for (const Value& argument : arguments) {
      if (!depends(argument)) note_read(argument);
    }
  }
  const bool changes_tensor = effects.changes && arguments[0].is_tensor();
  if (effects.changes && !changes_tensor) return;  // a list or a dict: changes() was told
  bool gives_tensors = false;
  visit_tensors(result, [&](const Tensor&) { gives_tensors = true; });
  if (!gives_tensors && !changes_tensor) return;

  RecordedCall call{.node = &node, .code = &code, .depends = depends_on_inputs};
  for (const Value& argument : arguments) {  // what was there before is not ours, nor are views of it
    visit_tensors(argument, [&](const Tensor& tensor) { storage_of(tensor, false, false); });
  }
  for (const Value& argument : arguments) call.arguments.push_back(pattern_of(argument));
  if (changes_tensor) note_change(arguments[0].to_tensor(), depends_on_inputs);
  add_results(call, arguments, result);
  const bool is_new = std::ranges::any_of(call.outputs, [](const auto& output) { return output.has_value(); });
  if (is_new || changes_tensor) recorded_.calls.push_back(std::move(call));
  if (recorded_.calls.size() > most_calls) refuse("it calls too many operators");
}

std::optional<Recorded> Recording::finish(const Value& result) {
  const bool is_shallow = for_each_tensor(result, [](const Tensor&) {});
  if (is_shallow) recorded_.result = pattern_of_result(result);
  if (!is_shallow) refuse("it gives back what is deeper or larger than is worth a plan");
  if (refusal_) return std::nullopt;
  for (const auto& [address, storage] : storages_) {
    const StorageFacts& facts = recorded_.storages[storage.number];
    if (facts.is_changed && !facts.is_ours && !storage.alive.expired()) recorded_.changed_outside.insert(address);
  }
  recorded_.of_module = module().storages;
  recorded_.holders = module().holders;
  return std::move(recorded_);
}

}  // namespace okibi::script
