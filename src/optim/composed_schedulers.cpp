// Schedulers of schedulers.
#include <fmt/format.h>

#include <algorithm>

#include "optim/scheduler.h"

namespace okibi::optim {
namespace {

void check_schedulers(const char* what, const Schedulers& schedulers, const Optimizer* optimizer) {
  if (schedulers.empty()) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} expects at least one scheduler, but got no scheduler.", what));
  }
  for (size_t i = 0; i < schedulers.size(); ++i) {
    if (optimizer == nullptr) optimizer = &schedulers[i]->optimizer();
    if (&schedulers[i]->optimizer() == optimizer) continue;
    throw Error(ErrorKind::bad_argument,
                fmt::format("{} expects all schedulers to belong to the same optimizer, but the one at index {} has "
                            "another",
                            what, i));
  }
}

Dict with_states(Dict state, const Schedulers& schedulers) {
  List states;
  for (const auto& scheduler : schedulers) states.push_back(scheduler->state_dict());
  state.set("_schedulers", states);
  return state;
}

// The states of the schedulers, each for its own; and the rest.
std::pair<List, Dict> parted(const Value& state, const Schedulers& schedulers) {
  const List states = state["_schedulers"].to_list();
  if (states.size() != schedulers.size()) {
    throw Error(ErrorKind::mismatch, "the saved state has another number of schedulers")
        .expected(uint64_t{schedulers.size()})
        .found(uint64_t{states.size()});
  }
  const Dict rest = copy_of(state.to_dict());
  rest.erase("_schedulers");
  return {states, rest};
}

}  // namespace

ComposedLR::ComposedLR(Optimizer& optimizer, Dict attributes, Schedulers schedulers)
    : LRScheduler(optimizer, std::move(attributes)), schedulers_(std::move(schedulers)) {}

void ComposedLR::undo_step() {
  for (const auto& scheduler : schedulers_) scheduler->undo_step();
}

Dict ComposedLR::state_dict() const { return with_states(Scheduler::state_dict(), schedulers_); }

void ComposedLR::check_state(const Dict& state) const {
  const auto [states, rest] = parted(state, schedulers_);
  Scheduler::check_state(rest);
  for (size_t i = 0; i < schedulers_.size(); ++i) schedulers_[i]->check_state(states[i].to_dict());
}

void ComposedLR::take_state(const Dict& state) {
  const auto [states, rest] = parted(state, schedulers_);
  Scheduler::take_state(rest);
  for (size_t i = 0; i < schedulers_.size(); ++i) schedulers_[i]->take_state(states[i].to_dict());
}

// ---- SequentialLR

SequentialLR::SequentialLR(Optimizer& optimizer, Schedulers schedulers, std::vector<int64_t> milestones,
                           int64_t last_epoch)
    : ComposedLR(optimizer, Dict{{"_milestones", list_of(milestones)}, {"last_epoch", last_epoch + 1}},
                 std::move(schedulers)) {
  check_schedulers("SequentialLR", schedulers_, &optimizer);
  if (milestones.size() + 1 != schedulers_.size()) {
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("Sequential Schedulers expects number of schedulers provided to be one more than the "
                    "number of milestone points, but got number of schedulers {} and the number of milestones to be "
                    "equal to {}",
                    schedulers_.size(), milestones.size()));
  }
  for (const ParamGroup& group : optimizer.param_groups()) group.set("lr", group["initial_lr"]);
  undo_step();  // each made one when it was made
  const auto& first = schedulers_[scheduler_at(0)];
  first->initial_step();
  attributes_.set("_last_lr", list_of(first->get_last_lr()));
}

size_t SequentialLR::scheduler_at(int64_t epoch) const {
  size_t i = 0;
  for (const Value& milestone : attributes_["_milestones"].to_list()) i += milestone.to_int() <= epoch;
  return i;
}

void SequentialLR::step() {
  attributes_.set("last_epoch", last_epoch() + 1);
  const size_t i = scheduler_at(last_epoch());
  if (i > 0 && attributes_["_milestones"].at(static_cast<int64_t>(i - 1)).to_int() == last_epoch())
    schedulers_[i]->restart();
  else
    schedulers_[i]->step();
  attributes_.set("_last_lr", list_of(schedulers_[i]->get_last_lr()));
}

// ---- ChainedScheduler

namespace {

Optimizer& optimizer_of(const Schedulers& schedulers) {
  check_schedulers("ChainedScheduler", schedulers, nullptr);
  return schedulers.front()->optimizer();
}

}  // namespace

ChainedScheduler::ChainedScheduler(Schedulers schedulers) : ComposedLR(optimizer_of(schedulers), Dict(), schedulers) {
  remember_last_lr();
}

void ChainedScheduler::step() {
  for (const auto& scheduler : schedulers_) scheduler->step();
  remember_last_lr();
}

}  // namespace okibi::optim
