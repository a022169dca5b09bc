// Tensors that programs make: of sizes and numbers, of lists, of other tensors' sizes and dtypes, and random ones.
#include <okibi/ops.h>

#include <limits>

#include "ops/operands.h"
#include "script/host_values.h"

namespace okibi::script {

DType dtype_at(Arguments a, size_t index, DType otherwise) {
  if (index + 1 < a.size() && a[index + 1].is_int() && a[index + 1].to_int() != 0) {
    throw Error(ErrorKind::unsupported, "the program makes a tensor that is not dense, which okibi cannot yet");
  }
  return a[index].is_none() ? otherwise : dtype_numbered(a[index].to_int());
}

DType dtype_of_number(const Value& number) {
  if (number.kind() == ValueKind::complex_number) return DType::complex64;
  if (number.is_double()) return DType::float32;
  return number.is_bool() ? DType::boolean : DType::int64;
}

namespace {

const Tensor& tensor_of(const Value& value) { return value.to_tensor(); }

// Ints of 64 bits stay what they are.
Tensor filled(const Dims& sizes, const Value& number, DType dtype) {
  const Tensor result = empty(sizes, {dtype});
  result.copy_(ops::number_tensor(number, dtype));
  return result;
}

// ------------------------------------------------------------------------------------------------------- of one number

Value made_zeros(Arguments a) { return zeros(ops::dims_from(a[0]), {dtype_at(a, 1, DType::float32)}); }
Value made_ones(Arguments a) { return ones(ops::dims_from(a[0]), {dtype_at(a, 1, DType::float32)}); }
Value made_full(Arguments a) { return filled(ops::dims_from(a[0]), a[1], dtype_at(a, 2, dtype_of_number(a[1]))); }

Value zeros_like(Arguments a) { return zeros(tensor_of(a[0]).sizes(), {dtype_at(a, 1, tensor_of(a[0]).dtype())}); }
Value ones_like(Arguments a) { return ones(tensor_of(a[0]).sizes(), {dtype_at(a, 1, tensor_of(a[0]).dtype())}); }
Value full_like(Arguments a) { return filled(tensor_of(a[0]).sizes(), a[1], dtype_at(a, 2, tensor_of(a[0]).dtype())); }

Value new_zeros(Arguments a) { return zeros(ops::dims_from(a[1]), {dtype_at(a, 2, tensor_of(a[0]).dtype())}); }
Value new_ones(Arguments a) { return ones(ops::dims_from(a[1]), {dtype_at(a, 2, tensor_of(a[0]).dtype())}); }
Value new_full(Arguments a) { return filled(ops::dims_from(a[1]), a[2], dtype_at(a, 3, tensor_of(a[0]).dtype())); }

// Real numbers keep all their digits, other than in torch.tensor().
Value number_to_tensor(Arguments a) {
  return ops::number_tensor(a[0], a[0].is_double() ? DType::float64 : dtype_of_number(a[0]));
}
Value made_scalar(Arguments a) { return ops::number_tensor(a[0], dtype_at(a, 1, DType::float32)); }
Value made_number(Arguments a) {  // (t, dtype, device, requires_grad)
  return ops::number_tensor(a[0], a[1].is_none() ? dtype_of_number(a[0]) : dtype_numbered(a[1].to_int()));
}

Tensor identity(int64_t rows, int64_t columns, DType dtype) {
  if (rows < 0 || columns < 0) {
    throw Error(ErrorKind::bad_argument, "eye: n and m must be greater or equal to 0")
        .found(fmt::format("{} and {}", rows, columns));
  }
  const Tensor result = zeros({rows, columns}, {dtype});
  if (result.numel() > 0) result.as_strided({std::min(rows, columns)}, {columns + 1}, 0).fill_(1);
  return result;
}
Value eye(Arguments a) { return identity(a[0].to_int(), a[0].to_int(), dtype_at(a, 1, DType::float32)); }
Value eye_of_two(Arguments a) { return identity(a[0].to_int(), a[1].to_int(), dtype_at(a, 2, DType::float32)); }

// -------------------------------------------------------------------------------------------------------------- ranges

int64_t whole(const Value& number) {
  const double real = number.to_double();
  if (!number.is_double()) return number.to_int();
  if (real >= -0x1p63 && real < 0x1p63) return static_cast<int64_t>(real);
  throw Error(ErrorKind::bad_argument, "value cannot be converted to type int64 without overflow")
      .found(fmt::format("{}", real));
}

struct Steps {
  Value start, end, step;
  bool closed = false;  // the end is among them: torch.range
};

Error bad_range(std::string sentence, const Steps& range) {
  return Error(ErrorKind::bad_argument, (range.closed ? "range: " : "arange: ") + std::move(sentence))
      .found(
          fmt::format("from {} to {} by {}", range.start.to_double(), range.end.to_double(), range.step.to_double()));
}

// For results in int64 (and, of closed ones, in any integers) the bounds are such; for all others they are compared as
// they come.
int64_t count_of(const Steps& range, bool of_int64) {
  const double start = range.start.to_double(), end = range.end.to_double();
  if (!std::isfinite(start) || !std::isfinite(end)) throw bad_range("the bounds are not finite", range);
  const Value from = of_int64 ? Value(whole(range.start)) : range.start,
              to = of_int64 ? Value(whole(range.end)) : range.end,
              by = of_int64 ? Value(whole(range.step)) : range.step;
  const double step = by.to_double();
  if (!(step < 0 || step > 0)) throw bad_range("the step must not be zero", range);
  const bool is_past = of_int64 ? (step > 0 ? to.to_int() < from.to_int() : to.to_int() > from.to_int())
                                : (step > 0 ? end < start : end > start);
  if (is_past) throw bad_range("the bounds do not fit the sign of the step", range);
  if (of_int64) {
    const bool up = step > 0;
    const auto low = static_cast<uint64_t>(up ? from.to_int() : to.to_int()),
               high = static_cast<uint64_t>(up ? to.to_int() : from.to_int());
    const uint64_t width = up ? static_cast<uint64_t>(by.to_int()) : 0 - static_cast<uint64_t>(by.to_int());
    const uint64_t count = (high - low) / width + (range.closed || (high - low) % width != 0);
    if (count > static_cast<uint64_t>(INT64_MAX)) throw bad_range("there is no such size", range);
    return static_cast<int64_t>(count);
  }
  const double between = (end - start) / step, count = range.closed ? std::floor(between) + 1 : std::ceil(between);
  if (!(count < 0x1p63)) throw bad_range("there is no such size", range);
  return static_cast<int64_t>(count);
}

Tensor arange_of(const Steps& range, DType dtype) {
  const bool are_ints = is_integral(dtype) || dtype == DType::boolean;
  const int64_t count = count_of(range, dtype == DType::int64 || (range.closed && are_ints));
  const Tensor result = empty({count}, {are_ints ? DType::int64 : DType::float64});
  if (are_ints) {  // they wrap around
    const auto start = static_cast<uint64_t>(whole(range.start)), step = static_cast<uint64_t>(whole(range.step));
    for (int64_t i = 0; i < count; ++i) {
      result.data<int64_t>()[i] = static_cast<int64_t>(start + static_cast<uint64_t>(i) * step);
    }
  } else {
    const double start = range.start.to_double(), step = range.step.to_double();
    for (int64_t i = 0; i < count; ++i) result.data<double>()[i] = start + step * static_cast<double>(i);
  }
  return result.to(dtype);
}

template <size_t numbers>  // how many stand before dtype: end; start, end; start, end, step
Value arange(Arguments a) {
  const Steps range = {numbers > 1 ? a[0] : Value(0), numbers > 1 ? a[1] : a[0], numbers > 2 ? a[2] : Value(1)};
  const bool has_real = range.start.is_double() || range.end.is_double() || range.step.is_double();
  return arange_of(range, dtype_at(a, numbers, has_real ? DType::float32 : DType::int64));
}

template <size_t numbers>
Value closed_range(Arguments a) {
  return arange_of({a[0], a[1], numbers > 2 ? a[2] : Value(1), true}, dtype_at(a, numbers, DType::float32));
}

// `steps` numbers from start to end, both among them, each counted from the end that it is nearer to.
Tensor spaced(double start, double end, int64_t steps) {
  if (steps < 0) {
    throw Error(ErrorKind::bad_argument, "number of steps must be non-negative").found(std::to_string(steps));
  }
  const Tensor result = empty({steps}, {DType::float64});
  const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  for (int64_t i = 0; i < steps; ++i) {
    result.data<double>()[i] = i < steps / 2 || steps == 1 ? start + step * static_cast<double>(i)
                                                           : end - step * static_cast<double>(steps - i - 1);
  }
  return result;
}

double number_of_end(const Value& end) { return end.is_tensor() ? end.to_tensor().item<double>() : end.to_double(); }

// The ends of whole numbers are such.
Tensor line(Arguments a, DType dtype) {
  double ends[2] = {number_of_end(a[0]), number_of_end(a[1])};
  for (double& end : ends) end = is_floating_point(dtype) ? end : static_cast<double>(whole(end));
  return spaced(ends[0], ends[1], a[2].to_int());
}

Value linspace(Arguments a) {
  const DType dtype = dtype_at(a, 3, DType::float32);
  return line(a, dtype).to(dtype);
}

Value logspace(Arguments a) {
  const DType dtype = dtype_at(a, 4, DType::float32);
  const Tensor exponents = line(a, dtype);
  for (int64_t i = 0; i < exponents.numel(); ++i) {
    exponents.data<double>()[i] = std::pow(a[3].to_double(), exponents.data<double>()[i]);
  }
  return exponents.to(dtype);
}

// --------------------------------------------------------------------------------------------------------------- lists

Error ragged(int64_t expected, size_t depth, const Value& found) {
  return Error(ErrorKind::bad_argument, fmt::format("Expected sequence of length {} at dim {}", expected, depth))
      .found(found.is_list() ? fmt::format("length {}", found.size()) : std::string("a number"));
}

// What the first of all lists suggests.
Dims sizes_of_lists(const Value& data) {
  constexpr size_t most = 64;  // dimensions
  Dims sizes;
  for (Value at = data; at.is_list(); at = at.to_list()[0]) {
    if (sizes.size() == most) throw Error(ErrorKind::limit, "the program nests lists too deeply for a tensor");
    sizes.push_back(static_cast<int64_t>(at.size()));
    if (at.size() == 0) break;
  }
  return sizes;
}

const Value& first_number(const Value& data) {
  const Value* at = &data;
  while (at->is_list() && at->size() > 0) at = &at->to_list().items()[0];
  return *at;
}

template <class T>
T* write_numbers(const Value& data, const Dims& sizes, size_t depth, T* out) {
  if (depth == sizes.size()) {
    if (data.is_list()) throw ragged(1, depth, data);
    if constexpr (std::is_same_v<T, double>) {
      *out = data.to_double();
    } else {
      *out = data.to_int();
    }
    return out + 1;
  }
  if (!data.is_list() || static_cast<int64_t>(data.size()) != sizes[depth]) throw ragged(sizes[depth], depth, data);
  for (const Value& item : data.to_list()) out = write_numbers(item, sizes, depth + 1, out);
  return out;
}

// A program says of which numbers a list is, and they are all of one kind; of an empty one nothing is left here, and it
// counts as one of floats.
Value tensor_of_list(Arguments a) {
  const Value& first = first_number(a[0]);
  const DType kind = first.is_list() ? DType::float32 : dtype_of_number(first);
  const Tensor wide = empty(sizes_of_lists(a[0]), {kind == DType::float32 ? DType::float64 : DType::int64});
  if (kind == DType::float32) {
    write_numbers(a[0], wide.sizes(), 0, wide.data<double>());
  } else {
    write_numbers(a[0], wide.sizes(), 0, wide.data<int64_t>());
  }
  const Tensor result = wide.to(kind);
  return a[1].is_none() ? result : result.to(dtype_numbered(a[1].to_int()));
}

Value tensor_as_it_is(Arguments a) {
  return a[1].is_none() ? tensor_of(a[0]) : tensor_of(a[0]).to(dtype_numbered(a[1].to_int()));
}

// ------------------------------------------------------------------------------------------------ random, as PyTorch's

Value seeded(Arguments a) {
  manual_seed(static_cast<uint64_t>(a[0].to_int()));
  return {};
}

// A program cannot have another generator than the default one.
Value rand_of(const Dims& sizes, DType dtype) { return rand(sizes, {dtype}); }
Value randn_of(const Dims& sizes, DType dtype) { return randn(sizes, {dtype}); }

template <Value (*make)(const Dims&, DType), size_t dtype>
Value random_of_sizes(Arguments a) {
  return make(ops::dims_from(a[0]), dtype_at(a, dtype, DType::float32));
}
template <Value (*make)(const Dims&, DType), size_t dtype>
Value random_like(Arguments a) {
  return make(tensor_of(a[0]).sizes(), dtype_at(a, dtype, tensor_of(a[0]).dtype()));
}

template <bool has_low, size_t dtype>
Value made_randint(Arguments a) {
  const int64_t low = has_low ? a[0].to_int() : 0;
  return randint(low, a[has_low].to_int(), ops::dims_from(a[has_low + 1])).to(dtype_at(a, dtype, DType::int64));
}
template <bool has_low, size_t dtype>
Value randint_like(Arguments a) {
  const int64_t low = has_low ? a[1].to_int() : 0;
  return randint(low, a[has_low + 1].to_int(), tensor_of(a[0]).sizes()).to(dtype_at(a, dtype, tensor_of(a[0]).dtype()));
}

template <size_t dtype>
Value made_randperm(Arguments a) {
  return randperm(a[0].to_int()).to(dtype_at(a, dtype, DType::int64));
}

Value uniform_in_place(Arguments a) { return uniform_(tensor_of(a[0]), a[1].to_double(), a[2].to_double()); }
Value normal_in_place(Arguments a) { return normal_(tensor_of(a[0]), a[1].to_double(), a[2].to_double()); }

Tensor drawn(const Dims& sizes, double p) {
  const Tensor truths = empty(sizes, {DType::boolean});
  default_generator().bernoulli({truths.data<bool>(), static_cast<size_t>(truths.numel())}, p);
  return truths;
}
// Each with its own probability, drawn one after the other.
Tensor drawn(const Tensor& p) {
  const Tensor probabilities = p.contiguous();
  if (!is_floating_point(p.dtype())) {
    throw Error(ErrorKind::bad_argument, "bernoulli takes probabilities").found(std::string(name_of(p.dtype())));
  }
  const Tensor outside = logical_not(logical_and(ge(p, zeros({}, {p.dtype()})), le(p, ones({}, {p.dtype()}))));
  if (any(outside).item<bool>()) {
    throw Error(ErrorKind::bad_argument, "bernoulli takes probabilities from 0 to 1").found(to_string(p));
  }
  return lt(rand(p.sizes(), {p.dtype() == DType::float64 ? DType::float64 : DType::float32}),
            p.dtype() == DType::float64 ? probabilities : probabilities.to(DType::float32));
}

Value bernoulli(Arguments a) { return drawn(tensor_of(a[0])).to(tensor_of(a[0]).dtype()); }
Value bernoulli_of(Arguments a) {
  const Tensor& like = tensor_of(a[0]);
  return (a[1].is_tensor() ? drawn(tensor_of(a[1]).expand(like.sizes())) : drawn(like.sizes(), a[1].to_double()))
      .to(like.dtype());
}
Value bernoulli_in_place(Arguments a) {
  tensor_of(a[0]).copy_(bernoulli_of(a).to_tensor());
  return a[0];
}

Value normal_of_sizes(Arguments a) {
  return normal_(empty(ops::dims_from(a[2]), {dtype_at(a, 4, DType::float32)}), a[0].to_double(), a[1].to_double());
}

constexpr HostRow rows[] = {
    {"aten::zeros", "-", made_zeros},
    {"aten::empty", "memory_format", made_zeros},  // what was there before is no program's business
    {"aten::ones", "-", made_ones},
    {"aten::full", "-", made_full},
    {"aten::zeros_like", "-", zeros_like},
    {"aten::empty_like", "-", zeros_like},
    {"aten::ones_like", "-", ones_like},
    {"aten::full_like", "-", full_like},
    {"aten::new_zeros", "-", new_zeros},
    {"aten::new_empty", "-", new_zeros},
    {"aten::new_ones", "-", new_ones},
    {"aten::new_full", "-", new_full},
    {"aten::scalar_tensor", "-", made_scalar},
    {"aten::eye", "-", eye},
    {"aten::eye", "m", eye_of_two},
    {"aten::arange", "-", arange<1>},
    {"aten::arange", "start", arange<2>},
    {"aten::arange", "start_step", arange<3>},
    {"aten::range", "-", closed_range<2>},
    {"aten::range", "step", closed_range<3>},
    {"aten::linspace", "- Tensor_Tensor Tensor_Scalar Scalar_Tensor", linspace},
    {"aten::logspace", "- Tensor_Tensor Tensor_Scalar Scalar_Tensor", logspace},
    {"prim::NumToTensor", "Scalar bool", number_to_tensor},
    {"aten::tensor", "bool float int", made_number},
    {"aten::as_tensor", "bool float int", made_number},
    {"aten::tensor", "-", tensor_of_list},
    {"aten::as_tensor", "list", tensor_of_list},
    {"aten::as_tensor", "-", tensor_as_it_is},
    {"aten::manual_seed", "-", seeded},
    {"aten::rand", "-", random_of_sizes<rand_of, 1>},
    {"aten::rand", "generator", random_of_sizes<rand_of, 2>},
    {"aten::randn", "-", random_of_sizes<randn_of, 1>},
    {"aten::randn", "generator", random_of_sizes<randn_of, 2>},
    {"aten::rand_like", "-", random_like<rand_of, 1>},
    {"aten::randn_like", "-", random_like<randn_of, 1>},
    {"aten::randint", "-", made_randint<false, 2>},
    {"aten::randint", "generator", made_randint<false, 3>},
    {"aten::randint", "low", made_randint<true, 3>},
    {"aten::randint", "low_generator", made_randint<true, 4>},
    {"aten::randint_like", "-", randint_like<false, 2>},
    {"aten::randint_like", "low_dtype", randint_like<true, 3>},
    {"aten::randperm", "-", made_randperm<1>},
    {"aten::randperm", "generator", made_randperm<2>},
    {"aten::uniform_", "-", uniform_in_place},
    {"aten::normal_", "-", normal_in_place},
    {"aten::normal", "float_float", normal_of_sizes},
    {"aten::bernoulli", "-", bernoulli},
    {"aten::bernoulli", "p Tensor", bernoulli_of},
    {"aten::bernoulli_", "Tensor float", bernoulli_in_place},
};

}  // namespace

std::span<const HostRow> making_rows() { return rows; }

}  // namespace okibi::script
