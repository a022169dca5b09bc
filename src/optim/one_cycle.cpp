#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "optim/scheduler.h"

namespace okibi::optim {
namespace {

int64_t total_of(const OneCycleLROptions& options) {
  if (options.total_steps) return positive("total_steps", *options.total_steps);
  if (options.epochs && options.steps_per_epoch) {
    return positive("epochs", *options.epochs) * positive("steps_per_epoch", *options.steps_per_epoch);
  }
  throw Error(ErrorKind::bad_argument, "You must define either total_steps OR (epochs AND steps_per_epoch)");
}

Dict phase(Value end_step, std::string_view start_lr, std::string_view end_lr, std::string_view start_momentum,
           std::string_view end_momentum) {
  return Dict{{"end_step", std::move(end_step)},
              {"start_lr", start_lr},
              {"end_lr", end_lr},
              {"start_momentum", start_momentum},
              {"end_momentum", end_momentum}};
}

List phases(const OneCycleLROptions& options, int64_t total) {
  const double up = options.pct_start * static_cast<double>(total);
  const Dict first = phase(up - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum");
  if (!options.three_phase) {
    return {first, phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")};
  }
  return {first, phase(2 * options.pct_start * static_cast<double>(total) - 2, "max_lr", "initial_lr", "base_momentum",
                       "max_momentum"),
          phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")};
}

bool cycles_beta1(const Optimizer& optimizer) {
  const ParamGroup& group = optimizer.param_groups().front();
  if (group.has("betas") || group.has("momentum")) return group.has("betas");
  throw Error(ErrorKind::bad_argument,
              "optimizer must support momentum or beta1 with `cycle_momentum` option enabled");
}

Dict attributes_of(const Optimizer& optimizer, const OneCycleLROptions& options) {
  const int64_t total = total_of(options);
  if (!(options.pct_start >= 0 && options.pct_start <= 1)) {
    throw Error(ErrorKind::bad_argument, fmt::format("Expected float between 0 and 1 pct_start, but got {}",
                                                     repr(Value(options.pct_start))));
  }
  if (options.anneal_strategy != "cos" && options.anneal_strategy != "linear") {
    throw Error(ErrorKind::bad_argument, fmt::format("anneal_strategy must be one of 'cos' or 'linear', instead got {}",
                                                     options.anneal_strategy));
  }
  Dict attributes{{"total_steps", total},
                  {"_schedule_phases", phases(options, total)},
                  {"_anneal_func_type", options.anneal_strategy},
                  {"cycle_momentum", options.cycle_momentum}};
  if (options.cycle_momentum) attributes.set("use_beta1", cycles_beta1(optimizer));
  return attributes;
}

void set_momentum(const ParamGroup& group, double momentum, bool beta1) {
  if (beta1)
    group.set("betas", Tuple{momentum, group["betas"].at(1)});
  else
    group.set("momentum", momentum);
}

void prepare_groups(const Optimizer& optimizer, const OneCycleLROptions& options) {
  const auto most = for_groups("max_lr", options.max_lr, optimizer);
  const auto most_momentum = for_groups("max_momentum", options.max_momentum, optimizer);
  const auto least_momentum = for_groups("base_momentum", options.base_momentum, optimizer);
  for (size_t i = 0; i < most.size(); ++i) {
    const ParamGroup& group = optimizer.param_groups()[i];
    group.set("initial_lr", most[i] / options.div_factor);
    group.set("max_lr", most[i]);
    group.set("min_lr", most[i] / options.div_factor / options.final_div_factor);
    if (!options.cycle_momentum) continue;
    set_momentum(group, most_momentum[i], cycles_beta1(optimizer));
    group.set("max_momentum", most_momentum[i]);
    group.set("base_momentum", least_momentum[i]);
  }
}

double annealed(std::string_view how, double start, double end, double share) {
  if (how == "linear") return (end - start) * share + start;
  return end + (start - end) / 2 * (std::cos(std::numbers::pi * share) + 1);
}

}  // namespace

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options)
    : LRScheduler(optimizer, attributes_of(optimizer, options)) {
  if (options.last_epoch == -1) prepare_groups(optimizer, options);
  begin(options.last_epoch, [this](const ParamGroup& group, size_t) { return next(group); });
}

double OneCycleLR::next(const ParamGroup& group) const {
  if (last_epoch() > integer("total_steps")) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("Tried to step {} times. The specified number of total steps is {}", last_epoch(),
                            integer("total_steps")));
  }
  const double step = static_cast<double>(last_epoch());
  const List phases = attributes_["_schedule_phases"].to_list();
  size_t i = 0;
  double start = 0;
  for (; i + 1 < phases.size() && step > phases[i]["end_step"].to_double(); ++i) {
    start = phases[i]["end_step"].to_double();
  }
  const Value& phase = phases[i];
  const double length = phase["end_step"].to_double() - start;
  if (length == 0) throw Error(ErrorKind::bad_argument, "a phase of OneCycleLR has no steps: there are too few in all");
  const auto between = [&](const char* from, const char* to) {
    return annealed(attributes_["_anneal_func_type"].to_string(), group[phase[from].to_string()].to_double(),
                    group[phase[to].to_string()].to_double(), (step - start) / length);
  };
  if (attributes_["cycle_momentum"].to_bool()) {
    set_momentum(group, between("start_momentum", "end_momentum"), attributes_["use_beta1"].to_bool());
  }
  return between("start_lr", "end_lr");
}

}  // namespace okibi::optim
