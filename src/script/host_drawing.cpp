// Random numbers that are neither uniform nor normal ones of a size, drawn as PyTorch draws them from the same seed.
#include <okibi/ops.h>

#include <limits>
#include <numbers>

#include "ops/dispatch.h"
#include "ops/operands.h"
#include "ops/special_functions.h"
#include "script/host_values.h"

namespace okibi::script {
namespace {

const Tensor& tensor_of(const Value& value) { return value.to_tensor(); }

// [0, 1), with 53 bits.
double unit() { return static_cast<double>(default_generator().random64() & 0x1fffffffffffff) * 0x1p-53; }

// One number after the other, drawn in double, into a tensor of any real dtype.
template <class Draw>
Value fill(const Tensor& self, Draw&& draw) {
  const Tensor whole = empty(self.sizes(), {DType::float64});
  for (double& number : std::span(whole.data<double>(), static_cast<size_t>(whole.numel()))) number = draw();
  self.copy_(whole);
  return self;
}
Tensor like(const Tensor& self) { return empty(self.sizes(), {self.dtype()}); }

// A function that fills its first argument, as one that leaves it alone.
template <Value (*in_place)(Arguments)>
Value functional(Arguments a) {
  std::vector<Value> arguments(a.begin(), a.end());
  arguments[0] = like(tensor_of(a[0]));
  return in_place(arguments);
}

void require(bool holds, std::string_view sentence, double found) {
  if (!holds) throw Error(ErrorKind::bad_argument, std::string(sentence)).found(fmt::format("{}", found));
}

Value exponential(Arguments a) {
  const double lambda = a[1].to_double();
  require_floating(tensor_of(a[0]), "exponential_");
  require(lambda > 0, "exponential_ expects lambda > 0.0", lambda);
  return fill(tensor_of(a[0]), [lambda] { return -1 / lambda * std::log1p(-unit()); });
}
Value geometric(Arguments a) {
  const double p = a[1].to_double();
  require(p > 0 && p < 1, "geometric_ expects p to be in (0, 1)", p);
  return fill(tensor_of(a[0]), [p] { return std::ceil(std::log(unit()) / std::log1p(-p)); });
}
Value cauchy(Arguments a) {
  const double median = a[1].to_double(), sigma = a[2].to_double();
  require_floating(tensor_of(a[0]), "cauchy_");
  require(sigma > 0, "cauchy_ expects sigma > 0.0", sigma);
  return fill(tensor_of(a[0]), [=] { return median + sigma * std::tan(std::numbers::pi * (unit() - 0.5)); });
}
Value log_normal(Arguments a) {
  const double mean = a[1].to_double(), deviation = a[2].to_double();
  require_floating(tensor_of(a[0]), "log_normal_");
  require(deviation > 0, "log_normal_ expects std > 0.0", deviation);
  return fill(tensor_of(a[0]), [=] {
    double number = 0;
    default_generator().normal(std::span(&number, 1), mean, deviation);
    return std::exp(number);
  });
}

Value uniform(Arguments a) { return uniform_(like(tensor_of(a[0])), a[1].to_double(), a[2].to_double()); }
Value normal_like(Arguments a) { return normal_(like(tensor_of(a[0])), a[1].to_double(), a[2].to_double()); }

// ------------------------------------------------------------------------------------------------------- whole numbers

// All that the dtype holds from 0 on; of floating point as far as it counts one by one.
Value random_whole(Arguments a) {
  const Tensor& self = tensor_of(a[0]);
  const DType dtype = self.dtype();
  const Tensor whole = empty(self.sizes(), {DType::int64});
  Generator& generator = default_generator();
  for (int64_t& number : std::span(whole.data<int64_t>(), static_cast<size_t>(whole.numel()))) {
    if (dtype == DType::int64) {
      number = generator.random_int64();
    } else if (dtype == DType::float64) {
      number = static_cast<int64_t>(generator.random64() % ((uint64_t{1} << 53) + 1));
    } else if (dtype == DType::float32) {
      number = generator.random() % ((1u << 24) + 1);
    } else if (dtype == DType::int32) {
      number = generator.random() % ((uint64_t{1} << 31));
    } else if (dtype == DType::boolean) {
      number = generator.random() & 1;
    } else {
      throw_cannot_compute("random_", dtype);
    }
  }
  self.copy_(whole);
  return self;
}

// A float holds all up to its largest, though not each.
void require_within(int64_t number, DType dtype, std::string_view what) {
  const Tensor held = ops::number_tensor(number, dtype);
  const bool is_held = is_floating_point(dtype) ? std::isfinite(held.item<double>()) : held.item<int64_t>() == number;
  if (is_held) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} is out of bounds for {}", what, name_of(dtype)))
      .found(std::to_string(number));
}

template <bool has_from>
Value random_between(Arguments a) {
  const Tensor& self = tensor_of(a[0]);
  if (has_from && a[2].is_none()) {
    throw Error(ErrorKind::unsupported, "random_ from a number to the end of the dtype is not implemented")
        .hint("Give it an end.");
  }
  const int64_t from = has_from ? a[1].to_int() : 0, to = a[has_from ? 2 : 1].to_int();
  if (from >= to) {
    throw Error(ErrorKind::bad_argument, "random_ expects 'from' to be less than 'to'")
        .found(fmt::format("from {} to {}", from, to));
  }
  require_within(from, self.dtype(), "from");
  require_within(to - 1, self.dtype(), "to - 1");
  self.copy_(randint(from, to, self.sizes()));
  return self;
}

// -------------------------------------------------------------------------------------------- normal, of many moments

void require_deviations(const Tensor& deviations) {
  if (deviations.numel() == 0 || amin(deviations).to(DType::float64).item<double>() >= 0) return;
  throw Error(ErrorKind::bad_argument, "normal expects all elements of std >= 0.0").found(to_string(deviations));
}

Value normal_around(Arguments a) {  // (Tensor mean, float std)
  const Tensor& means = tensor_of(a[0]);
  return add(normal_(like(means), 0, a[1].to_double()), means);
}
Value normal_spread(Arguments a) {  // (float mean, Tensor std)
  const Tensor& deviations = tensor_of(a[1]);
  require_deviations(deviations);
  return add(mul(normal_(like(deviations), 0, 1), deviations), full({}, a[0].to_double(), {deviations.dtype()}));
}
Value normal_of_both(Arguments a) {
  const Tensor &means = tensor_of(a[0]), &deviations = tensor_of(a[1]);
  require_deviations(deviations);
  const Tensor drawn = normal_(empty(broadcast_sizes(means.sizes(), deviations.sizes()), {means.dtype()}), 0, 1);
  return add(mul(drawn, deviations), means);
}

// -------------------------------------------------------------------------------------------------------- multinomial

void check_multinomial(const Tensor& shares, int64_t count, bool replaces) {
  if (shares.dim() != 1 && shares.dim() != 2) {
    throw Error(ErrorKind::bad_argument, "prob_dist must be 1 or 2 dim").found(to_string(shares.sizes()));
  }
  if (shares.dtype() != DType::float32 && shares.dtype() != DType::float64) {
    throw Error(ErrorKind::bad_argument, "multinomial only supports floating-point dtypes for input")
        .found(std::string(name_of(shares.dtype())));
  }
  if (count <= 0) {
    throw Error(ErrorKind::bad_argument, "cannot sample n_sample <= 0 samples").found(std::to_string(count));
  }
  if (!replaces && count > shares.size(-1)) {
    throw Error(ErrorKind::bad_argument, "cannot sample n_sample > prob_dist.size(-1) samples without replacement")
        .found(fmt::format("{} of {}", count, shares.size(-1)));
  }
}

void check_shares(const Tensor& rows) {
  const Tensor wide = rows.to(DType::float64).contiguous();
  for (int64_t row = 0; row < wide.size(0); ++row) {
    double sum = 0;
    for (int64_t i = 0; i < wide.size(1); ++i) {
      const double share = wide.data<double>()[row * wide.size(1) + i];
      require(share >= 0 && std::isfinite(share), "probability tensor contains either `inf`, `nan` or element < 0",
              share);
      sum += share;
    }
    require(sum > 0, "invalid multinomial distribution (sum of probabilities <= 0)", sum);
  }
}

// The running sums of a row, of which the last is 1.
template <class T>
std::vector<T> running_shares(const T* shares, int64_t n) {
  std::vector<T> sums(static_cast<size_t>(n));
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) sums[static_cast<size_t>(i)] = sum += shares[i];
  if (sum > T(1.00001) || sum < T(0.99999)) {
    for (T& one : sums) one /= sum;
  }
  sums.back() = 1;
  return sums;
}

Tensor drawn_again(const Tensor& rows, int64_t count) {
  const int64_t n = rows.size(1);
  const Tensor out = empty({rows.size(0), count}, {DType::int64});
  dispatch_floating(rows.dtype(), "multinomial", [&]<class T>() {
    for (int64_t row = 0; row < rows.size(0); ++row) {
      const std::vector<T> sums = running_shares(rows.data<T>() + row * n, n);
      for (int64_t i = 0; i < count; ++i) {
        const double at = unit();
        const auto found = std::ranges::lower_bound(sums, at, {}, [](T one) { return static_cast<double>(one); });
        out.data<int64_t>()[row * count + i] = std::min<int64_t>(found - sums.begin(), n - 1);
      }
    }
  });
  return out;
}

// Without putting back: the largest quotients of the shares and exponential numbers (Efraimidis and Spirakis 2006).
Tensor drawn_once(const Tensor& rows, int64_t count) {
  const Tensor times = like(rows);
  const std::vector<Value> arguments = {times, 1.0, Value()};
  exponential(arguments);
  const Tensor quotients = div(rows, times);
  return count == 1 ? argmax(quotients, -1, true) : topk(quotients, count).indices;
}

Value multinomial(Arguments a) {
  const Tensor& shares = tensor_of(a[0]);
  const int64_t count = a[1].to_int();
  const bool replaces = a[2].to_bool();
  check_multinomial(shares, count, replaces);
  const Tensor rows = shares.detach().reshape({-1, shares.size(-1)}).contiguous();
  check_shares(rows);
  const Tensor drawn = replaces && count > 1 ? drawn_again(rows, count) : drawn_once(rows, count);
  return shares.dim() == 1 ? drawn.squeeze(0) : drawn;
}

// ------------------------------------------------------------------------------------------------------------- poisson

// Hörmann 1993, "The transformed rejection method for generating Poisson random variables": PTRS, from a mean of 10 on.
double poisson_of_large(double mean) {
  const double root = std::sqrt(mean), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = unit() - 0.5, v = unit(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double left = std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b);
    if (left <= -mean + k * std::log(mean) - special::log_gamma(k + 1)) return k;
  }
}
// Knuth's: as many uniform numbers as their product stays above exp(-mean).
double poisson_of(double mean) {
  if (mean >= 10) return poisson_of_large(mean);
  if (mean == 0) return 0;
  const double least = std::exp(-mean);
  double product = 1;
  for (int64_t count = 0;; ++count) {
    product *= unit();
    if (product <= least) return static_cast<double>(count);
  }
}

Value poisson(Arguments a) {
  constexpr double most = 0x1p53;  // beyond, not every whole number is a double
  const Tensor& means = tensor_of(a[0]);
  require_floating(means, "poisson");
  const Tensor wide = means.to(DType::float64).contiguous(), out = empty(means.sizes(), {DType::float64});
  for (int64_t i = 0; i < wide.numel(); ++i) {
    const double mean = wide.data<double>()[i];
    require(mean >= 0, "invalid Poisson rate, expected rate to be non-negative", mean);
    require(mean < most, "poisson is not implemented for so large a rate", mean);
    out.data<double>()[i] = poisson_of(mean);
  }
  return out.to(means.dtype());
}

constexpr HostRow rows[] = {
    {"aten::exponential_", "-", exponential},
    {"aten::exponential", "-", functional<exponential>},
    {"aten::geometric_", "-", geometric},
    {"aten::geometric", "-", functional<geometric>},
    {"aten::cauchy_", "-", cauchy},
    {"aten::cauchy", "-", functional<cauchy>},
    {"aten::log_normal_", "-", log_normal},
    {"aten::log_normal", "-", functional<log_normal>},
    {"aten::uniform", "-", uniform},
    {"aten::normal_functional", "-", normal_like},
    {"aten::random_", "-", random_whole},
    {"aten::random", "-", functional<random_whole>},
    {"aten::random_", "from", random_between<true>},
    {"aten::random", "from", functional<random_between<true>>},
    {"aten::random_", "to", random_between<false>},
    {"aten::random", "to", functional<random_between<false>>},
    {"aten::normal", "Tensor_float", normal_around},
    {"aten::normal", "float_Tensor", normal_spread},
    {"aten::normal", "Tensor_Tensor", normal_of_both},
    {"aten::multinomial", "-", multinomial},
    {"aten::poisson", "-", poisson},
};

}  // namespace

std::span<const HostRow> drawing_rows() { return rows; }

}  // namespace okibi::script
