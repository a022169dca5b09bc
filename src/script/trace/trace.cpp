#include <okibi/jit.h>

#include <fmt/format.h>

#include <okibi/ops.h>

#include "nn/module_state.h"
#include "script/module_body.h"
#include "script/trace/trace_source.h"
#include "script/write/made.h"

namespace okibi::jit {
namespace {

using script::TracedRun;

void check(const nn::Module& module, const std::vector<Tensor>& inputs) {
  for (const auto& [name, each] : module.named_modules()) {
    if (each.is_training()) {
      throw Error(ErrorKind::bad_argument, "trace: a module is in training mode, in which each call does other things")
          .at("in the model", name.empty() ? "the model itself" : name)
          .hint("Call eval() first.");
    }
  }
  if (inputs.empty()) throw Error(ErrorKind::bad_argument, "trace: a forward without inputs is a constant");
  for (const Tensor& input : inputs) {
    if (!input.defined()) throw Error(ErrorKind::bad_argument, "trace: an input is undefined");
  }
}

std::vector<nn::NamedTensor> weights_of(const nn::Module& module) {
  std::vector<nn::NamedTensor> weights = module.named_parameters();
  for (nn::NamedTensor& buffer : module.named_buffers()) weights.push_back(std::move(buffer));
  std::erase_if(weights, [](const nn::NamedTensor& weight) { return !weight.second.defined(); });
  return weights;
}

std::vector<std::string> names_of(const nn::Module& module) {
  const nn::ModuleState& state = nn::ModuleAccess::state(module);
  std::vector<std::string> names;
  for (const auto* tensors : {&state.parameters, &state.buffers}) {
    for (const auto& [name, tensor] : *tensors) names.push_back(name);
  }
  for (const auto& [name, child] : state.children) names.push_back(name);
  for (const auto& [name, value] : state.attributes) names.push_back(name);
  return names;
}

// Those that have the batch in the dimension have so much of it now: rows repeat.
std::vector<Tensor> with_batch(const std::vector<Tensor>& inputs, int64_t dim, int64_t from, int64_t to) {
  std::vector<Tensor> grown;
  const Tensor rows = arange(to);
  for (int64_t i = 0; i < to; ++i) rows.data<int64_t>()[i] = i % from;
  for (const Tensor& input : inputs) {
    const bool has_batch = input.dim() > dim && input.size(dim) == from;
    grown.push_back(has_batch ? index_select(input, dim, rows) : input.clone());
  }
  return grown;
}

TracedRun run(const nn::AnyModule& module, const std::vector<Tensor>& inputs, int64_t batch,
              std::span<const nn::NamedTensor> weights) {
  TracedRun traced{batch, std::make_unique<script::TraceLog>(inputs, weights), {}};
  const okibi::trace::Listening listening(traced.log.get());
  traced.result = traced.log->traced(module.call(std::vector<Value>(inputs.begin(), inputs.end())));
  return traced;
}

int64_t batch_of(const std::vector<Tensor>& inputs, int64_t dim) {
  if (dim >= 0 && inputs[0].dim() > dim && inputs[0].size(dim) > 0) return inputs[0].size(dim);
  throw Error(ErrorKind::bad_argument, fmt::format("trace: the first input has no batch in dimension {}", dim))
      .found(to_string(inputs[0].sizes()))
      .hint("Say the dimension with batch_dim, or batch_dim = {} for inputs of just these sizes.");
}

std::vector<TracedRun> runs_of(const nn::AnyModule& module, const std::vector<Tensor>& inputs,
                               std::span<const nn::NamedTensor> weights, std::optional<int64_t> batch_dim) {
  std::vector<TracedRun> runs;
  if (!batch_dim) {  // copies: one tensor may stand in two places, or be a weight
    std::vector<Tensor> copies;
    for (const Tensor& input : inputs) copies.push_back(input.clone());
    runs.push_back(run(module, copies, 0, weights));
    return runs;
  }
  const int64_t batch = batch_of(inputs, *batch_dim);
  for (const int64_t size : {batch, batch + 1, 2 * batch + 5}) {
    in_context("for a batch of", std::to_string(size),
               [&] { runs.push_back(run(module, with_batch(inputs, *batch_dim, batch, size), size, weights)); });
  }
  return runs;
}

// None is as good as another.
bool are_close(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
  const Tensor is_number = eq(a, a);
  const Tensor nothing = zeros(a.sizes(), {a.dtype()});
  return equal(is_number, eq(b, b)) && allclose(where(is_number, a, nothing), where(is_number, b, nothing), 1e-4, 1e-5);
}

bool are_close(const Value& a, const Value& b) {
  if (a.is_tensor()) return b.is_tensor() && are_close(a.to_tensor(), b.to_tensor());
  if (a.is_dict()) {
    for (const auto& [key, value] : a.to_dict()) {
      const Value* other = b.is_dict() ? b.to_dict().find(key) : nullptr;
      if (!other || !are_close(value, *other)) return false;
    }
    return true;
  }
  if (!a.is_list() && !a.is_tuple()) return a == b;
  for (size_t i = 0; i < a.size(); ++i) {
    if (i >= b.size() || !are_close(a[i], b[i])) return false;
  }
  return true;
}

// A forward that draws numbers, or remembers, gives another thing each time.
void check_traced(const Module& traced, const nn::AnyModule& module, const std::vector<Tensor>& inputs) {
  const std::vector<Value> values(inputs.begin(), inputs.end());
  if (are_close(module.call(values), traced.forward(values))) return;
  throw Error(ErrorKind::unsupported, "trace: the program gives something else than the forward")
      .hint("Does the forward draw random numbers, or remember something from call to call?");
}

}  // namespace

Module trace(const nn::AnyModule& module, const std::vector<Tensor>& inputs, const TraceOptions& options) {
  check(module, inputs);
  const NoGrad no_grad;
  const std::vector<nn::NamedTensor> weights = weights_of(module);
  const std::vector<TracedRun> runs = runs_of(module, inputs, weights, options.batch_dim);
  const script::TracedSource source =
      source_of(runs, weights, inputs.size(), options.batch_dim.value_or(0), names_of(module));
  const Module traced = module_of(script::scripted_by(module, source.forward, source.constants));
  check_traced(traced, module, inputs);
  if (options.batch_dim)
    check_traced(traced, module, with_batch(inputs, *options.batch_dim, runs[0].batch, runs[1].batch));
  return traced;
}

}  // namespace okibi::jit
