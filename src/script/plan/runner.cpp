#include "script/plan/runner.h"

#include <algorithm>
#include <utility>

#include "script/plan/call_key.h"
#include "script/plan/fuse.h"

namespace okibi::script {
namespace {

constexpr int most_attempts = 3;           // what refused so often will again
constexpr int most_preparing_calls = 100;  // a level of submodules takes most_attempts of them, where it is given up

}  // namespace

std::shared_ptr<const Plan> Runner::find(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(plans_, key, &Kept::key);
  if (found == plans_.end()) return nullptr;
  const bool is_unchanged = found->plan ? found->plan->is_good() : are_unchanged(found->draft.constants);
  const uint64_t changes = program_.changes();
  const bool is_good =
      !program_.gave_up_plans() && is_unchanged && !program_.were_changed(found->holders, found->changes);
  if (!is_good) return plans_.erase(found), nullptr;
  found->changes = changes;
  if (!found->plan) {
    Draft draft = std::exchange(found->draft, {});
    try {
      found->plan = plan_of(std::move(draft));
      ++steps_;
    } catch (...) {
      plans_.erase(found);
      throw;
    }
  }
  found->last_use = ++uses_;
  return found->plan;
}

std::shared_ptr<const Plan> Runner::plan_of(Draft draft) {
  use_no_places_twice(draft);
  drop_unused(draft);
  if (!options_.exact && !changes_in_place(draft) && !draws(draft)) {
    if (auto fused = lay_out(fuse(draft), packed_)) draft = std::move(*fused);
  }
  return std::make_shared<const Plan>(std::move(draft));
}

void Runner::keep(Kept kept) {
  const std::lock_guard lock(mutex_);
  std::erase_if(plans_, [&](const Kept& one) { return one.key == kept.key; });
  const auto is_other = [&](const Kept& one) {
    return one.function != kept.function || one.self.identity() != kept.self.identity();
  };
  const auto same = std::ranges::stable_partition(plans_, is_other);
  if (!same.empty() && same.size() >= options_.most_plans)
    plans_.erase(std::ranges::min_element(same, {}, &Kept::last_use));
  kept.last_use = ++uses_;
  plans_.push_back(std::move(kept));
}

bool Runner::is_worth_recording(const std::string& function) {
  const std::lock_guard lock(mutex_);
  return !program_.gave_up_plans() && attempts_[function].refused < most_attempts;
}

void Runner::use_no_plans() {
  program_.give_up_plans();
  const std::lock_guard lock(mutex_);
  plans_.clear();
}

const char* Runner::refusal(const std::string& function) {
  const std::lock_guard lock(mutex_);
  return attempts_[function].why;
}

size_t Runner::plans_of(const std::string& function) {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::ranges::count(plans_, function, &Kept::function));
}

uint64_t Runner::steps() {
  const std::lock_guard lock(mutex_);
  return steps_;
}

void Runner::note_attempt(const std::string& function, const char* why, bool counts) {
  const std::lock_guard lock(mutex_);
  Attempts& attempts = attempts_[function];
  attempts.why = why;
  ++steps_;
  attempts.refused += why && counts ? 1 : 0;
}

// The methods of submodules, within a call that is interpreted.
class Runner::Parts final : public Shortcuts {
 public:
  Parts(Runner& runner, Recording& whole) : runner_(runner), whole_(whole) {}

  std::optional<Value> call(const std::string& method, const std::vector<Value>& arguments, uint32_t depth) override {
    if (!is_worth(method, arguments)) return std::nullopt;
    return runner_.call_by_plan(method, arguments, {.whole = &whole_, .depth = depth});
  }

 private:
  bool is_worth(const std::string& method, const std::vector<Value>& arguments) {
    const auto inputs = std::span(arguments).subspan(1);
    const bool takes_tensors =
        std::ranges::any_of(inputs, [](const Value& one) { return one.is_tensor() || one.is_list() || one.is_dict(); });
    if (!takes_tensors || !runner_.is_worth_recording(method)) return false;
    const ClassInfo* c = runner_.program_.find_class(arguments[0].to_object().python_class());
    return c && c->source->kind == ClassKind::module;
  }

  Runner& runner_;
  Recording& whole_;
};

Value Runner::record(const std::string& function, std::string key, std::span<const Value> arguments,
                     const Surroundings& around) {
  const uint64_t changes = program_.changes();
  Recording recording(arguments[0], arguments.subspan(1));
  Parts parts(*this, around.whole ? *around.whole : recording);
  const Surroundings inside{.recording = &recording, .whole = around.whole, .shortcuts = &parts, .depth = around.depth};
  const Value result = Interpreter(program_, options_, inside).call(function, {arguments.begin(), arguments.end()});
  auto recorded = recording.finish(result);
  std::unordered_set<const void*> holders = recorded ? std::move(recorded->holders) : std::unordered_set<const void*>();
  auto draft = recorded ? draft_of(std::move(*recorded)) : std::nullopt;
  const char* why = recording.refusal();
  if (recorded && !draft) why = "it goes by what it changes itself, or gives one tensor twice";
  note_attempt(function, why, !recording.is_refused_for_inputs());
  if (draft) keep({function, std::move(key), arguments[0], std::move(*draft), nullptr, std::move(holders), changes, 0});
  if (!around.whole) give_up_if_shared(result);
  return result;
}

// By the plan where there is one for such inputs.
std::optional<Value> Runner::follow(std::string_view key, std::span<const Value> inputs, bool& has_plan) {
  const auto plan = find(key);
  has_plan = plan != nullptr;
  return plan && plan->is_for(inputs) ? plan->run(inputs) : std::nullopt;
}

std::optional<Value> Runner::call_by_plan(const std::string& function, std::span<const Value> arguments,
                                          const Surroundings& around) {
  const auto inputs = arguments.subspan(1);
  auto key = call_key(function, arguments[0], inputs);
  if (!key) return std::nullopt;
  bool has_plan = false;
  if (auto result = follow(*key, inputs, has_plan)) return result;
  if (has_plan || !is_worth_recording(function)) return std::nullopt;
  return record(function, std::string(*key), arguments, around);
}

// What was recorded kept to the limit of steps, and so does its plan.
Value Runner::call(const std::string& function, std::span<const Value> arguments) {
  if (auto result = call_by_plan(function, arguments, {})) return std::move(*result);
  Recording watching(root_, arguments.subspan(1), "is not recorded");
  Parts parts(*this, watching);
  const Value result = Interpreter(program_, options_, {.recording = &watching, .shortcuts = &parts})
                           .call(function, {arguments.begin(), arguments.end()});
  give_up_if_shared(result);
  return result;
}

void Runner::prepare(const std::string& function, std::span<const Value> arguments) {
  const auto key = call_key(function, arguments[0], arguments.subspan(1));
  for (int calls = 0; calls < most_preparing_calls; ++calls) {
    if (key && find(*key)) return;
    const uint64_t before = steps();
    call(function, arguments);
    if (steps() == before) return;
  }
}

// What of the module is given back, the caller may change.
void Runner::give_up_if_shared(const Value& result) {
  if (program_.gave_up_plans() || !is_changeable(result)) return;
  Reach module, given;
  add_reachable(root_, module);
  add_reachable(result, given);
  const auto is_modules = [&](const void* holder) { return module.holders.contains(holder); };
  if (std::ranges::any_of(given.holders, is_modules)) use_no_plans();
}

}  // namespace okibi::script
