#include "script/plan/runner.h"

#include <algorithm>
#include <utility>

#include "script/plan/call_key.h"
#include "script/plan/fuse.h"

namespace okibi::script {
namespace {

constexpr size_t most_plans = 8;
constexpr int most_attempts = 3;  // what refused so often will again

}  // namespace

std::shared_ptr<const Plan> Runner::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(plans_, key, &Kept::key);
  if (found == plans_.end()) return nullptr;
  const bool is_unchanged = found->plan ? found->plan->is_good() : are_unchanged(found->draft.constants);
  const bool is_good = uses_plans_ && !program_.gave_up_plans() && found->changes == program_.changes() && is_unchanged;
  if (!is_good) return plans_.erase(found), nullptr;
  if (!found->plan) {
    Draft draft = std::exchange(found->draft, {});
    try {
      found->plan = plan_of(std::move(draft));
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

void Runner::keep(std::string key, Draft draft, uint64_t changes) {
  const std::lock_guard lock(mutex_);
  std::erase_if(plans_, [&](const Kept& kept) { return kept.key == key; });
  if (plans_.size() == most_plans) plans_.erase(std::ranges::min_element(plans_, {}, &Kept::last_use));
  plans_.push_back({std::move(key), std::move(draft), nullptr, changes, ++uses_});
}

bool Runner::is_worth_recording(const std::string& function) {
  const std::lock_guard lock(mutex_);
  return uses_plans_ && !program_.gave_up_plans() && attempts_[function].refused < most_attempts;
}

void Runner::use_no_plans() {
  const std::lock_guard lock(mutex_);
  uses_plans_ = false;
  plans_.clear();
}

const char* Runner::refusal(const std::string& function) {
  const std::lock_guard lock(mutex_);
  return attempts_[function].why;
}

void Runner::note_attempt(const std::string& function, const char* why, bool counts) {
  const std::lock_guard lock(mutex_);
  Attempts& attempts = attempts_[function];
  attempts.why = why;
  attempts.refused += why && counts ? 1 : 0;
}

Value Runner::record(const std::string& function, std::string key, std::vector<Value> arguments) {
  const uint64_t changes = program_.changes();
  Recording recording(root_, std::span(arguments).subspan(1));
  const Value result = Interpreter(program_, options_, &recording).call(function, std::move(arguments));
  auto recorded = recording.finish(result);
  auto draft = recorded ? draft_of(std::move(*recorded)) : std::nullopt;
  const char* why = recording.refusal();
  if (recorded && !draft) why = "it goes by what it changes itself, or gives one tensor twice";
  note_attempt(function, why, !recording.is_refused_for_inputs());
  if (draft) keep(std::move(key), std::move(*draft), changes);
  if (recording.gives_away()) use_no_plans();
  return result;
}

// By the plan where there is one for such inputs.
std::optional<Value> Runner::follow(const std::string& key, std::span<const Value> inputs, bool& has_plan) {
  const auto plan = find(key);
  has_plan = plan != nullptr;
  return plan && plan->is_for(inputs) ? plan->run(inputs) : std::nullopt;
}

// What was recorded kept to the limit of steps, and so does its plan.
Value Runner::call(const std::string& function, std::vector<Value> arguments) {
  const auto inputs = std::span<const Value>(arguments).subspan(1);
  if (auto key = call_key(function, inputs)) {
    bool has_plan = false;
    if (auto result = follow(*key, inputs, has_plan)) return std::move(*result);
    if (!has_plan && is_worth_recording(function)) return record(function, std::move(*key), std::move(arguments));
  }
  Recording watching(root_, inputs, "is not recorded");
  return Interpreter(program_, options_, &watching).call(function, std::move(arguments));
}

}  // namespace okibi::script
