#include "script/trace/trace_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace okibi::script {
namespace {

Error untraceable(std::string sentence) { return Error(ErrorKind::unsupported, "trace: " + std::move(sentence)); }

bool lies_alike(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.sizes() == b.sizes() && a.strides() == b.strides() &&
         a.storage_offset() == b.storage_offset();
}

// The numbers as they are now: whoever made it may go on to change it.
Tensor copy_of(const Tensor& tensor) {
  const trace::Pause pause;
  return tensor.clone();
}

const Tensor* first_tensor(std::span<const Value> values) {
  for (const Value& value : values) {
    if (value.is_tensor()) return &value.to_tensor();
    if (value.is_list() && value.size() > 0 && value[0].is_tensor()) return &value.to_list()[0].to_tensor();
  }
  return nullptr;
}

bool holds_integers(const Tensor* tensor) {
  return tensor && !is_floating_point(tensor->dtype()) && !is_complex(tensor->dtype());
}

}  // namespace

TraceLog::TraceLog(std::span<const Tensor> inputs, std::span<const nn::NamedTensor> weights) {
  for (const Tensor& input : inputs) add(input, {TracedKind::input, static_cast<uint32_t>(known_.size())}, true);
  for (uint32_t i = 0; i < weights.size(); ++i) add(weights[i].second, {TracedKind::weight, i}, false);
}

const TraceLog::Known& TraceLog::add(const Tensor& tensor, TracedTensor from, bool depends) {
  if (tensor.layout() != Layout::strided || !tensor.storage())
    throw untraceable("programs are made of strided tensors alone").found(std::string(name_of(tensor.layout())));
  const size_t at = known_.size();
  known_.push_back({tensor, from, tensor.storage()->version(), depends});
  by_body_[tensor.body()] = at;
  by_storage_[tensor.storage().get()].push_back(at);
  return known_.back();
}

// By itself, or by one that shows the same numbers in the same way.
const TraceLog::Known* TraceLog::find(const Tensor& tensor) const {
  if (const auto found = by_body_.find(tensor.body()); found != by_body_.end()) return &known_[found->second];
  const auto in_storage = by_storage_.find(tensor.storage().get());
  if (in_storage == by_storage_.end()) return nullptr;
  for (const size_t at : in_storage->second) {
    if (lies_alike(known_[at].tensor, tensor)) return &known_[at];
  }
  throw untraceable("the forward makes a view of a tensor in a way that a trace does not see")
      .found(fmt::format("sizes {} with strides {}", to_string(tensor.sizes()), to_string(tensor.strides())))
      .hint("Use the views of Tensor: select, slice, transpose, view and their like.");
}

const TraceLog::Known& TraceLog::known(const Tensor& tensor) {
  if (const Known* found = find(tensor)) {
    if (found->version == tensor.storage()->version()) return *found;
    throw untraceable("the forward changes a tensor in place, which a trace does not follow")
        .found(fmt::format("a tensor of sizes {}", to_string(tensor.sizes())))
        .hint("Use the form that gives a new tensor.");
  }
  constants_.push_back(copy_of(tensor));
  return add(tensor, {TracedKind::constant, static_cast<uint32_t>(constants_.size() - 1)}, false);
}

TracedValue TraceLog::traced(const Value& value) {
  using Kind = TracedValue::Kind;
  TracedValue traced;
  if (value.is_tensor()) {
    traced.kind = Kind::tensor;
    traced.tensor = known(value.to_tensor()).from;
  } else if (value.is_list()) {
    traced.kind = Kind::list;
    for (const Value& item : value.to_list()) traced.items.push_back(this->traced(item));
  } else if (value.is_tuple()) {
    traced.kind = Kind::tuple;
    for (const Value& item : value.to_tuple()) traced.items.push_back(this->traced(item));
  } else if (value.is_dict()) {
    traced.kind = Kind::dict;
    for (const auto& [key, item] : value.to_dict()) {
      traced.items.push_back(this->traced(key));
      traced.items.push_back(this->traced(item));
    }
  } else {
    traced.plain = value;
  }
  return traced;
}

bool TraceLog::depends_on_inputs(const TracedValue& value) const {
  if (value.kind == TracedValue::Kind::tensor) {
    return value.tensor.kind == TracedKind::input ||
           (value.tensor.kind == TracedKind::output && call_depends_[value.tensor.index]);
  }
  return std::ranges::any_of(value.items, [&](const TracedValue& item) { return depends_on_inputs(item); });
}

void TraceLog::called(std::string_view schema, std::vector<Value> arguments, std::span<const Tensor> outputs) {
  TracedCall call{.name = std::string(schema.substr(0, schema.find('('))),
                  .is_of_integers = holds_integers(first_tensor(arguments))};
  for (const Value& argument : arguments) call.arguments.push_back(traced(argument));
  const bool depends = std::ranges::any_of(call.arguments, [&](const auto& one) { return depends_on_inputs(one); });
  const auto index = static_cast<uint32_t>(calls_.size());
  calls_.push_back(std::move(call));
  call_depends_.push_back(depends);
  for (uint32_t part = 0; part < outputs.size(); ++part) {
    if (outputs[part].defined()) add(outputs[part], {TracedKind::output, index, part}, depends);
  }
}

void TraceLog::reads(const Tensor& tensor) {
  const Known* found = find(tensor);
  if (!found || !found->depends) return;
  throw untraceable("the forward reads a number out of a tensor that depends on its inputs")
      .hint(
          "A program that was traced would have this one number for all inputs. Say the forward in TorchScript, with "
          "set_script_forward.");
}

}  // namespace okibi::script
