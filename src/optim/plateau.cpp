#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "optim/scheduler.h"

namespace okibi::optim {
namespace {

Value zero_as_int(double number) { return number == 0 ? Value(0) : Value(number); }

double worst(std::string_view mode) {
  const double infinity = std::numeric_limits<double>::infinity();
  return mode == "min" ? infinity : -infinity;
}

void check_modes(std::string_view mode, std::string_view threshold_mode) {
  if (mode != "min" && mode != "max") throw Error(ErrorKind::bad_argument, fmt::format("mode {} is unknown!", mode));
  if (threshold_mode != "rel" && threshold_mode != "abs") {
    throw Error(ErrorKind::bad_argument, fmt::format("threshold mode {} is unknown!", threshold_mode));
  }
}

List least_rates(const Optimizer& optimizer, const PerGroup& min_lr) {
  List rates;
  for (const double rate : for_groups("min_lr", min_lr, optimizer)) rates.push_back(zero_as_int(rate));
  return rates;
}

}  // namespace

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options)
    : Scheduler(optimizer, Dict{{"factor", options.factor}}) {
  if (!(options.factor < 1)) throw Error(ErrorKind::bad_argument, "Factor should be < 1.0.");
  check_modes(options.mode, options.threshold_mode);
  attributes_.set("default_min_lr", options.min_lr.each() ? Value() : zero_as_int(options.min_lr.numbers().front()));
  attributes_.set("min_lrs", least_rates(optimizer, options.min_lr));
  attributes_.set("patience", options.patience);
  attributes_.set("cooldown", options.cooldown);
  attributes_.set("eps", options.eps);
  attributes_.set("last_epoch", 0);
  remember_last_lr();
  attributes_.set("mode_worse", worst(options.mode));
  attributes_.set("mode", options.mode);
  attributes_.set("threshold", options.threshold);
  attributes_.set("threshold_mode", options.threshold_mode);
  attributes_.set("best", worst(options.mode));
  attributes_.set("cooldown_counter", 0);
  attributes_.set("num_bad_epochs", 0);
}

void ReduceLROnPlateau::check_state(const Dict& state) const {
  Scheduler::check_state(state);
  const Value *mode = state.find("mode"), *threshold_mode = state.find("threshold_mode");
  check_modes(mode != nullptr ? mode->to_string() : "min",
              threshold_mode != nullptr ? threshold_mode->to_string() : "rel");
}

bool ReduceLROnPlateau::is_better(double metric) const {
  const double best = number("best"), threshold = number("threshold");
  const bool relative = attributes_["threshold_mode"].to_string() == "rel";
  if (attributes_["mode"].to_string() == "min") return metric < (relative ? best * (1 - threshold) : best - threshold);
  return metric > (relative ? best * (threshold + 1) : best + threshold);
}

void ReduceLROnPlateau::step(double metric) {
  attributes_.set("last_epoch", integer("last_epoch") + 1);
  const bool better = is_better(metric), cooling = integer("cooldown_counter") > 0;
  if (better) attributes_.set("best", metric);
  if (cooling) attributes_.set("cooldown_counter", integer("cooldown_counter") - 1);
  const int64_t bad = better || cooling ? 0 : integer("num_bad_epochs") + 1;  // those while cooling down do not count
  attributes_.set("num_bad_epochs", bad);
  if (bad > integer("patience")) {
    reduce();
    attributes_.set("cooldown_counter", integer("cooldown"));
    attributes_.set("num_bad_epochs", 0);
  }
  remember_last_lr();
}

void ReduceLROnPlateau::reduce() {
  const auto& groups = optimizer_->param_groups();
  if (attributes_["min_lrs"].size() != groups.size()) {  // groups came since
    const Value& least = attributes_["default_min_lr"];
    if (least.is_none()) {
      throw Error(ErrorKind::bad_argument,
                  fmt::format("The number of param groups in the `optimizer` ({}) differs from when "
                              "`ReduceLROnPlateau` was initialized ({})",
                              groups.size(), attributes_["min_lrs"].size()));
    }
    attributes_.set("min_lrs", List(std::vector<Value>(groups.size(), least)));
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    const double least = attributes_["min_lrs"].at(static_cast<int64_t>(i)).to_double(), before = groups[i].lr();
    const double after = std::max(before * number("factor"), least);
    if (before - after > number("eps")) groups[i].set_lr(after);
  }
}

}  // namespace okibi::optim
