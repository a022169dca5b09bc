// The schedulers that are a formula. `next` is PyTorch's get_lr, from the rate before where it has it so; the second
// function its closed form.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "optim/scheduler.h"

namespace okibi::optim {
namespace {

constexpr double pi = std::numbers::pi;

void check_between_0_and_1(std::string_view what, double factor, bool may_be_0) {
  if (factor <= 1 && (may_be_0 ? factor >= 0 : factor > 0)) return;
  throw Error(ErrorKind::bad_argument,
              may_be_0 ? fmt::format("{} multiplicative factor expected to be between 0 and 1.", what)
                       : fmt::format("{} multiplicative factor expected to be greater than 0 and less or equal to 1.",
                                     what))
      .found(std::to_string(factor));
}

}  // namespace

StepLR::StepLR(Optimizer& optimizer, StepLROptions options)
    : LRScheduler(optimizer, Dict{{"step_size", positive("step_size", options.step_size)}, {"gamma", options.gamma}}) {
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t) {
        const bool falls = last_epoch() != 0 && last_epoch() % positive("step_size", integer("step_size")) == 0;
        return falls ? group.lr() * number("gamma") : group.lr();
      },
      [this](const ParamGroup&, size_t i) {
        const int64_t falls = last_epoch() / positive("step_size", integer("step_size"));
        return base_lr(i) * std::pow(number("gamma"), static_cast<double>(falls));
      });
}

namespace {

// Python's Counter: each milestone with how often it was named.
Dict counted(const std::vector<int64_t>& milestones) {
  Dict counts(DictKind::counter);
  for (const int64_t milestone : milestones) {
    const Value* before = counts.find(milestone);
    counts.set(milestone, before == nullptr ? 1 : before->to_int() + 1);
  }
  return counts;
}

}  // namespace

MultiStepLR::MultiStepLR(Optimizer& optimizer, MultiStepLROptions options)
    : LRScheduler(optimizer, Dict{{"milestones", counted(options.milestones)}, {"gamma", options.gamma}}) {
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t) {
        const Value* times = attributes_["milestones"].to_dict().find(last_epoch());
        return times == nullptr ? group.lr() : group.lr() * std::pow(number("gamma"), times->to_double());
      },
      [this](const ParamGroup&, size_t i) {
        double passed = 0;
        for (const auto& [milestone, times] : attributes_["milestones"].to_dict()) {
          if (milestone.to_int() <= last_epoch()) passed += times.to_double();
        }
        return base_lr(i) * std::pow(number("gamma"), passed);
      });
}

ConstantLR::ConstantLR(Optimizer& optimizer, ConstantLROptions options)
    : LRScheduler(optimizer, Dict{{"factor", options.factor}, {"total_iters", options.total_iters}}) {
  check_between_0_and_1("Constant", options.factor, true);
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t) {
        if (last_epoch() == 0) return group.lr() * number("factor");
        return last_epoch() == integer("total_iters") ? group.lr() * (1 / number("factor")) : group.lr();
      },
      [this](const ParamGroup&, size_t i) {
        const double over = last_epoch() >= integer("total_iters") ? 1 : 0;
        return base_lr(i) * (number("factor") + over * (1 - number("factor")));
      });
}

LinearLR::LinearLR(Optimizer& optimizer, LinearLROptions options)
    : LRScheduler(optimizer, Dict{{"start_factor", options.start_factor},
                                  {"end_factor", options.end_factor},
                                  {"total_iters", options.total_iters}}) {
  check_between_0_and_1("Starting", options.start_factor, false);
  check_between_0_and_1("Ending", options.end_factor, true);
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t) {
        const double start = number("start_factor"), way = number("end_factor") - start;
        if (last_epoch() == 0) return group.lr() * start;
        if (is_initial() || last_epoch() > integer("total_iters")) return group.lr();
        const double before = number("total_iters") * start + static_cast<double>(last_epoch() - 1) * way;
        return group.lr() * (1 + way / before);
      },
      [this](const ParamGroup&, size_t i) {
        const double start = number("start_factor"), way = number("end_factor") - start;
        const double total = number("total_iters");
        return base_lr(i) * (start + way * std::min(total, static_cast<double>(last_epoch())) / total);
      });
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, ExponentialLROptions options)
    : LRScheduler(optimizer, Dict{{"gamma", options.gamma}}) {
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t) { return is_initial() ? group.lr() : group.lr() * number("gamma"); },
      [this](const ParamGroup&, size_t i) {
        return base_lr(i) * std::pow(number("gamma"), static_cast<double>(last_epoch()));
      });
}

PolynomialLR::PolynomialLR(Optimizer& optimizer, PolynomialLROptions options)
    : LRScheduler(optimizer, Dict{{"total_iters", options.total_iters}, {"power", options.power}}) {
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t) {
        const double epoch = static_cast<double>(last_epoch()), total = number("total_iters");
        if (is_initial() || epoch > total) return group.lr();
        return group.lr() * std::pow((1 - epoch / total) / (1 - (epoch - 1) / total), number("power"));
      },
      [this](const ParamGroup&, size_t i) {
        const double epoch = static_cast<double>(last_epoch()), total = number("total_iters");
        return base_lr(i) * std::pow(1 - std::min(total, epoch) / total, number("power"));
      });
}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, CosineAnnealingLROptions options)
    : LRScheduler(optimizer, Dict{{"T_max", positive("T_max", options.T_max)}, {"eta_min", options.eta_min}}) {
  begin(
      options.last_epoch,
      [this](const ParamGroup& group, size_t i) {
        const double epoch = static_cast<double>(last_epoch()), least = number("eta_min");
        const int64_t half = positive("T_max", integer("T_max"));
        const double period = static_cast<double>(half);
        if (is_initial()) return group.lr();
        if (integer("_step_count") == 1 && epoch > 0) {
          return least + (base_lr(i) - least) * (1 + std::cos(epoch * pi / period)) / 2;
        }
        if ((last_epoch() - 1 - half) % (2 * half) == 0) {  // the rate before was eta_min, from which nothing follows
          return group.lr() + (base_lr(i) - least) * (1 - std::cos(pi / period)) / 2;
        }
        return (1 + std::cos(pi * epoch / period)) / (1 + std::cos(pi * (epoch - 1) / period)) * (group.lr() - least) +
               least;
      },
      [this](const ParamGroup&, size_t i) {
        const double least = number("eta_min"), epoch = static_cast<double>(last_epoch());
        return least + (base_lr(i) - least) * (1 + std::cos(pi * epoch / number("T_max"))) / 2;
      });
}

// ---- CosineAnnealingWarmRestarts

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer,
                                                         CosineAnnealingWarmRestartsOptions options)
    : LRScheduler(optimizer, Dict{{"T_0", positive("T_0", options.T_0)},
                                  {"T_i", options.T_0},
                                  {"T_mult", options.T_mult},
                                  {"eta_min", options.eta_min},
                                  {"T_cur", options.last_epoch}}) {
  if (options.T_mult < 1) {
    throw Error(ErrorKind::bad_argument, fmt::format("Expected integer T_mult >= 1, but got {}", options.T_mult));
  }
  begin(options.last_epoch, [this](const ParamGroup&, size_t i) {
    const double least = number("eta_min");
    return least + (base_lr(i) - least) * (1 + std::cos(pi * number("T_cur") / number("T_i"))) / 2;
  });
}

namespace {

// A whole number stays one, as in Python.
Value as_python(double number) {
  const bool whole = number == std::floor(number) && std::abs(number) < 0x1p53;
  return whole ? Value(static_cast<int64_t>(number)) : Value(number);
}

}  // namespace

void CosineAnnealingWarmRestarts::step() {
  if (last_epoch() < 0) return go_to(0);
  double current = number("T_cur") + 1;
  const double period = number("T_i");
  if (current >= period) {
    current = std::fmod(current, period);
    attributes_.set("T_i", as_python(period * number("T_mult")));
  }
  attributes_.set("T_cur", as_python(current));
  attributes_.set("last_epoch", last_epoch() + 1);
  set_rates();
}

void CosineAnnealingWarmRestarts::step(double epoch) {
  if (!(epoch >= 0 && epoch < 0x1p53)) {
    throw Error(ErrorKind::bad_argument, fmt::format("Expected non-negative epoch, but got {}", repr(Value(epoch))));
  }
  go_to(epoch);
}

void CosineAnnealingWarmRestarts::go_to(double epoch) {
  const double first = number("T_0"), times = number("T_mult");
  double current = epoch, period = first;
  if (epoch >= first && times == 1) {
    current = std::fmod(epoch, first);
    period = number("T_i");
  } else if (epoch >= first) {  // n periods are over, of T_0 · T_mult^i each
    const double n = std::floor(std::log(epoch / first * (times - 1) + 1) / std::log(times));
    current = epoch - first * (std::pow(times, n) - 1) / (times - 1);
    period = first * std::pow(times, n);
  }
  attributes_.set("T_cur", as_python(current));
  attributes_.set("T_i", as_python(period));
  attributes_.set("last_epoch", static_cast<int64_t>(epoch));
  set_rates();
}

// ---- functions of the epoch

namespace {

std::vector<EpochFunction> one_for_each(EpochFunction function, const Optimizer& optimizer) {
  return std::vector<EpochFunction>(optimizer.param_groups().size(), function);
}

Dict lambdas_unsaved(const std::vector<EpochFunction>& functions, const Optimizer& optimizer) {
  const size_t groups = optimizer.param_groups().size();
  if (functions.size() != groups) {
    throw Error(ErrorKind::bad_argument, fmt::format("Expected {} lr_lambdas, but got {}", groups, functions.size()));
  }
  return Dict{{"lr_lambdas", List(std::vector<Value>(groups))}};
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, EpochFunction lr_lambda, int64_t last_epoch)
    : LambdaLR(optimizer, one_for_each(std::move(lr_lambda), optimizer), last_epoch) {}
LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<EpochFunction> lr_lambdas, int64_t last_epoch)
    : LRScheduler(optimizer, Dict()) {
  const Dict unsaved = lambdas_unsaved(lr_lambdas, optimizer);
  begin(last_epoch, [this, lr_lambdas](const ParamGroup&, size_t i) {
    return base_lr(i) * lr_lambdas[i](this->last_epoch());
  });
  attributes_.set("lr_lambdas", unsaved["lr_lambdas"]);
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, EpochFunction lr_lambda, int64_t last_epoch)
    : MultiplicativeLR(optimizer, one_for_each(std::move(lr_lambda), optimizer), last_epoch) {}
MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, std::vector<EpochFunction> lr_lambdas, int64_t last_epoch)
    : LRScheduler(optimizer, Dict()) {
  const Dict unsaved = lambdas_unsaved(lr_lambdas, optimizer);
  begin(last_epoch, [this, lr_lambdas](const ParamGroup& group, size_t i) {
    return is_initial() ? group.lr() : group.lr() * lr_lambdas[i](this->last_epoch());
  });
  attributes_.set("lr_lambdas", unsaved["lr_lambdas"]);
}

}  // namespace okibi::optim
