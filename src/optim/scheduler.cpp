// What all schedulers share: their attributes, and the step that sets each group's learning rate.
#include "optim/scheduler.h"

#include <fmt/format.h>

#include <cmath>

namespace okibi::optim {
namespace {

bool is_number(const Value& value) { return value.is_int() || value.is_double() || value.is_bool(); }

void check_attribute(const Value& own, const Value& loaded) {
  const bool same = is_number(own) ? is_number(loaded) : own.kind() == loaded.kind();
  if (!same && !own.is_none()) {
    throw Error(ErrorKind::mismatch, "the saved state belongs to another scheduler")
        .expected(name_of(own.kind()))
        .found(repr(loaded, 16));
  }
  if (!own.is_list() || own.size() == 0) return;
  if (loaded.size() != own.size()) {
    throw Error(ErrorKind::mismatch, "the saved state belongs to an optimizer with other groups, or another scheduler")
        .expected(fmt::format("{} entries", own.size()))
        .found(uint64_t{loaded.size()});
  }
  for (size_t i = 0; i < own.size(); ++i) check_attribute(own[i], loaded[i]);
}

double number_of(const Value& value) {
  return value.is_tensor() ? value.to_tensor().item<double>() : value.to_double();
}

// As Python's group.setdefault("initial_lr", group["lr"]).
void register_initial_lr(const Optimizer& optimizer, int64_t last_epoch) {
  for (size_t i = 0; i < optimizer.param_groups().size(); ++i) {
    const ParamGroup& group = optimizer.param_groups()[i];
    if (group.has("initial_lr")) continue;
    if (last_epoch != -1) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("param 'initial_lr' is not specified in param_groups[{}] when resuming scheduler with "
                              "last_epoch >= 0",
                              i))
          .hint("Load the optimizer's state before, or begin with last_epoch = -1.");
    }
    group.set("initial_lr", group.lr());
  }
}

}  // namespace

Dict copy_of(const Dict& entries) {
  Dict copy;
  for (const auto& [name, value] : entries) copy.set(name, value);
  return copy;
}

std::vector<double> for_groups(std::string_view name, const PerGroup& numbers, const Optimizer& optimizer) {
  const size_t groups = optimizer.param_groups().size();
  if (!numbers.each()) return std::vector<double>(groups, numbers.numbers().front());
  if (numbers.numbers().size() == groups) return numbers.numbers();
  throw Error(ErrorKind::bad_argument,
              fmt::format("expected {} values for {}, got {}", groups, name, numbers.numbers().size()));
}

int64_t positive(std::string_view name, int64_t count) {
  if (count > 0) return count;
  throw Error(ErrorKind::bad_argument, fmt::format("Expected positive integer {}, but got {}", name, count));
}

void check_attributes(const Dict& own, const Dict& loaded) {
  for (const auto& [name, value] : loaded) {
    if (const Value* before = own.find(name)) {
      in_context("entry", repr(name), [&] { check_attribute(*before, value); });
    }
  }
}

// ---- Scheduler

Scheduler::Scheduler(Optimizer& optimizer, Dict attributes)
    : optimizer_(&optimizer), attributes_(std::move(attributes)) {}

double Scheduler::number(std::string_view name) const { return number_of(attributes_[name]); }

int64_t Scheduler::integer(std::string_view name) const {
  const int64_t whole = attributes_[name].to_int();
  if (std::abs(static_cast<double>(whole)) < 0x1p53) return whole;
  throw Error(ErrorKind::mismatch, fmt::format("a scheduler's '{}' is no count of steps", name))
      .found(std::to_string(whole));
}

std::vector<double> Scheduler::get_last_lr() const {
  std::vector<double> rates;
  for (const Value& rate : attributes_["_last_lr"].to_list()) rates.push_back(number_of(rate));
  return rates;
}

void Scheduler::remember_last_lr() {
  List rates;
  for (const ParamGroup& group : optimizer_->param_groups()) rates.push_back(group["lr"]);
  attributes_.set("_last_lr", rates);
}

Dict Scheduler::state_dict() const { return deep_copy(attributes_).to_dict(); }

void Scheduler::check_state(const Dict& state) const { check_attributes(attributes_, state); }

void Scheduler::load_state_dict(const Value& state) {
  const Dict loaded = deep_copy(state).to_dict();
  check_state(loaded);
  take_state(loaded);
}

void Scheduler::take_state(const Dict& state) {
  for (const auto& [name, value] : state) attributes_.set(name, value);
}

// ---- LRScheduler

void LRScheduler::begin(int64_t last_epoch, Rate next, Rate closed_form) {
  next_ = std::move(next);
  closed_form_ = std::move(closed_form);
  register_initial_lr(*optimizer_, last_epoch);
  List base_lrs;
  for (const ParamGroup& group : optimizer_->param_groups()) base_lrs.push_back(group["initial_lr"]);
  attributes_.set("base_lrs", base_lrs);
  attributes_.set("last_epoch", last_epoch);
  initial_step();
}

void LRScheduler::initial_step() {
  attributes_.set("_step_count", 0);
  attributes_.set("_is_initial", true);
  attributes_.set("_get_lr_called_within_step", false);
  step();
  attributes_.set("_is_initial", false);
}

void LRScheduler::undo_step() { attributes_.set("last_epoch", last_epoch() - 1); }

double LRScheduler::base_lr(size_t index) const {
  return number_of(attributes_["base_lrs"].at(static_cast<int64_t>(index)));
}
bool LRScheduler::is_initial() const { return attributes_["_is_initial"].to_bool(); }

void LRScheduler::step() {
  attributes_.set("_step_count", integer("_step_count") + 1);
  attributes_.set("last_epoch", last_epoch() + 1);
  update(next_);
}

void LRScheduler::restart() {
  if (!next_) {
    throw Error(ErrorKind::unsupported, "SequentialLR can begin with schedulers of schedulers, but not go over to one");
  }
  attributes_.set("last_epoch", 0);
  update(closed_form_ ? closed_form_ : next_);
}

// All rates are computed before any is set.
void LRScheduler::update(const Rate& rate) {
  const auto& groups = optimizer_->param_groups();
  if (groups.size() != attributes_["base_lrs"].size()) {
    throw Error(ErrorKind::bad_argument, "the optimizer has got groups since its scheduler was made")
        .expected(fmt::format("{} groups", attributes_["base_lrs"].size()))
        .found(uint64_t{groups.size()});
  }
  std::vector<double> rates;
  for (size_t i = 0; i < groups.size(); ++i) rates.push_back(rate(groups[i], i));
  for (size_t i = 0; i < groups.size(); ++i) groups[i].set_lr(rates[i]);
  remember_last_lr();
}

}  // namespace okibi::optim
