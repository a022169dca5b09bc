// Functions of matrices that are made of products and decompositions: powers, exponentials, pseudoinverses, ranks,
// chains of products.
#include <cmath>
#include <limits>

#include "ops/complex_numbers.h"
#include "ops/linalg.h"
#include "ops/operands.h"

namespace okibi::ops {
namespace {

// -------------------------------------------------------------------------------------------------------------- powers

Tensor powered(const Tensor& x, int64_t n) {
  if (x.dim() < 2 || x.size(-1) != x.size(-2)) {
    refuse(fmt::format("linalg.matrix_power: A must be batches of square matrices, but they are {}",
                       x.dim() < 2 ? to_string(x.sizes()) : fmt::format("{} by {} matrices", x.size(-2), x.size(-1))));
  }
  if (n == 0) return identity(x.size(-1), x.dtype()).expand(x.sizes()).clone();
  Tensor square = n < 0 ? inverse_of(x) : x, result;
  for (uint64_t left = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n); left > 0; left >>= 1) {
    if (left & 1) result = result.defined() ? okibi::matmul(result, square) : square;
    if (left > 1) square = okibi::matmul(square, square);
  }
  return n == 1 ? x.clone() : result;
}
constexpr char linalg_matrix_power_schema[] = "aten::linalg_matrix_power(Tensor self, int n) -> Tensor";
constexpr char matrix_power_schema[] = "aten::matrix_power(Tensor self, int n) -> Tensor";
template <const char* text>
struct MatrixPower {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x, int64_t n) { return powered(x, n); }
};

// For each matrix how often it is halved until it is at most 1/2, in float64; never where it is not finite.
Tensor halvings_of(const Tensor& x) {
  const NoGrad no_grad;
  const Tensor norms = okibi::amax(okibi::sum(okibi::abs(x.detach()), -1), {-1}).contiguous();
  const Tensor counts = zeros(norms.sizes(), {float64});
  for (int64_t i = 0; i < norms.numel(); ++i) {
    const double norm = norms.data<double>()[i];
    if (norm > 0.5 && std::isfinite(norm)) counts.data<double>()[i] = std::ilogb(norm) + 2;
  }
  return counts;
}
Tensor powers_of_half(const Tensor& counts) {
  const Tensor powers = empty(counts.sizes(), {float64});
  for (int64_t i = 0; i < counts.numel(); ++i) {
    powers.data<double>()[i] = std::ldexp(1.0, -static_cast<int>(counts.data<double>()[i]));
  }
  return powers;
}
Tensor for_matrices(const Tensor& numbers) { return numbers.unsqueeze(-1).unsqueeze(-1); }

// Scaling and squaring (Moler and Van Loan 2003): e^x = (e^(x / 2^k))^(2^k), by its series where x is at most 1/2. Each
// matrix has its own k: it must not matter what else is in the batch.
Tensor exponential(const Tensor& given) {
  require_square(given, "linalg.matrix_exp");
  if (given.numel() == 0) return given.clone();
  const Tensor x = given.to(float64), counts = halvings_of(x), one = identity(x.size(-1), float64);
  const Tensor scaled = okibi::mul(x, for_matrices(powers_of_half(counts)));
  constexpr int terms = 14;  // the next is 0.5^15 / 15! = 2.3e-17, which float64 does not see beside 1
  Tensor result = one.expand(x.sizes());
  for (int i = terms; i > 0; --i) result = okibi::add(one, okibi::mul(okibi::matmul(scaled, result), 1.0 / i));
  const double most = okibi::max(counts).item<double>();
  for (double i = 0; i < most; ++i) {
    const Tensor is_squared = okibi::gt(for_matrices(counts), full({}, i, {float64}));
    result = okibi::where(is_squared, okibi::matmul(result, result), result);
  }
  return result.to(given.dtype());
}
constexpr char linalg_matrix_exp_schema[] = "aten::linalg_matrix_exp(Tensor self) -> Tensor";
constexpr char matrix_exp_schema[] = "aten::matrix_exp(Tensor self) -> Tensor";
template <const char* text>
struct MatrixExp {
  static constexpr std::string_view schema = text;
  static Tensor compose(const Tensor& x) { return exponential(x); }
};

// ------------------------------------------------------------------------------------------------- by singular values

double epsilon_of(DType dtype) {
  return dtype == float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
}

// From where on a singular value counts: max(atol, rtol · the largest); without both rtol is ε · the longer side.
struct Tolerances {
  Tensor atol, rtol;

  static Tolerances of(const Tensor& x, const Tensor& atol, const Tensor& rtol) {
    const double usual = epsilon_of(x.dtype()) * static_cast<double>(std::max(x.size(-1), x.size(-2)));
    const Tensor none = zeros({}, {x.dtype()});
    if (!atol.defined()) return {none, rtol.defined() ? rtol.to(x.dtype()) : full({}, usual, {x.dtype()})};
    if (rtol.defined()) return {atol.to(x.dtype()), rtol.to(x.dtype())};
    const Tensor is_zero = okibi::le(atol.to(x.dtype()), none);  // a given atol counts alone
    return {atol.to(x.dtype()), okibi::where(is_zero, full({}, usual, {x.dtype()}), none)};
  }
  // Of values (*, k), rising or falling: which count.
  Tensor counted(const Tensor& sizes) const {
    const Tensor largest = okibi::amax(sizes, {-1}, true);
    return okibi::gt(sizes, okibi::maximum(spread(atol), okibi::mul(spread(rtol), largest)));
  }

 private:
  static Tensor spread(const Tensor& tolerance) { return tolerance.dim() == 0 ? tolerance : tolerance.unsqueeze(-1); }
};

struct Parts {
  Tensor u, s, vh, counted;
};
Parts parts_of(const Tensor& x, const Tolerances& tolerances, bool hermitian) {
  if (!hermitian) {
    const SingularValues all = svd_of(x);
    return {all.u, all.s, all.vh, tolerances.counted(all.s)};
  }
  const Value both = call_named("aten::linalg_eigh", x, std::string("L"));
  const Tensor w = both[0].to_tensor(), v = both[1].to_tensor();
  return {v, w, transposed(v), tolerances.counted(okibi::abs(w))};
}

// The inverse of Moore and Penrose. Its gradient by Golub and Pereyra 1973, which no repeated singular value disturbs.
struct Pseudoinverse {
  static OutputSpec infer(const Tensor& x, const Tensor&, const Tensor&, bool hermitian) {
    require_matrices(x, "linalg.pinv");
    if (hermitian) require_square(x, "linalg.eigh");
    return {with_matrix(batch_of(x), x.size(-1), x.size(-2)), x.dtype()};
  }
  static void forward(const Tensor& x, const Tensor& atol, const Tensor& rtol, bool hermitian, const Tensor& out) {
    if (x.numel() == 0) return out.zero_(), void();
    const Parts parts = parts_of(x, Tolerances::of(x, atol, rtol), hermitian);
    const Tensor inverse = okibi::where(parts.counted, computed("aten::reciprocal", parts.s), zeros({}, {x.dtype()}));
    out.copy_(okibi::matmul(okibi::mul(transposed(parts.vh), inverse.unsqueeze(-2)), transposed(parts.u)));
  }

  static constexpr const char* backward_name = "LinalgPinvBackward0";
  using Saved = std::tuple<SavedTensor, SavedTensor>;
  static Saved save(const Tensor& x, const Tensor&, const Tensor&, bool, const Tensor& out) {
    return {SavedTensor::input(x), SavedTensor::output(out)};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const Tensor &x = std::get<0>(saved).get(), &p = std::get<1>(saved).get();
    const auto times = [](const Tensor& a, const Tensor& b) { return okibi::matmul(a, b); };
    const Tensor pt = transposed(p), gt = transposed(gradient);
    const Tensor first = okibi::mul(transposed(times(times(p, gt), p)), -1);
    // (1 - A·P)·gᵀ… : what the image of A does not hold, and what its kernel does.
    const Tensor image = times(gt, times(p, pt)), kernel = times(times(pt, p), gt);
    const Tensor outside = okibi::sub(image, times(x, times(p, image)));
    const Tensor within = okibi::sub(kernel, times(times(kernel, p), x));
    return {okibi::add(first, okibi::add(outside, within))};
  }
};

Tensor pseudoinverse(const Tensor& x, const Tensor& atol, const Tensor& rtol, bool hermitian) {
  return call<Pseudoinverse>(x, atol.defined() ? atol.detach() : atol, rtol.defined() ? rtol.detach() : rtol,
                             hermitian);
}
Tensor exactly(double number) { return full({}, number, {float64}); }
Tensor number_or_none(const std::optional<double>& number) { return number ? exactly(*number) : Tensor(); }

struct PinvRcond {
  static constexpr std::string_view schema =
      "aten::linalg_pinv(Tensor self, float rcond, bool hermitian=False) -> Tensor";
  static Tensor compose(const Tensor& x, double rcond, bool hermitian) {
    return pseudoinverse(x, exactly(0), exactly(rcond), hermitian);
  }
};
struct PinvRcondTensor {
  static constexpr std::string_view schema =
      "aten::linalg_pinv.rcond_tensor(Tensor self, Tensor rcond, bool hermitian=False) -> Tensor";
  static Tensor compose(const Tensor& x, const Tensor& rcond, bool hermitian) {
    return pseudoinverse(x, exactly(0), rcond, hermitian);
  }
};
struct PinvFloats {
  static constexpr std::string_view schema =
      "aten::linalg_pinv.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> "
      "Tensor";
  static Tensor compose(const Tensor& x, std::optional<double> atol, std::optional<double> rtol, bool hermitian) {
    return pseudoinverse(x, number_or_none(atol), number_or_none(rtol), hermitian);
  }
};
struct PinvTensors {
  static constexpr std::string_view schema =
      "aten::linalg_pinv.atol_rtol_tensor(Tensor self, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) "
      "-> "
      "Tensor";
  static Tensor compose(const Tensor& x, const Tensor& atol, const Tensor& rtol, bool hermitian) {
    return pseudoinverse(x, atol, rtol, hermitian);
  }
};
struct Pinverse {
  static constexpr std::string_view schema =
      "aten::pinverse(Tensor self, float rcond=1.0000000000000001e-15) -> Tensor";
  static Tensor compose(const Tensor& x, double rcond) { return PinvRcond::compose(x, rcond, false); }
};

OutputSpec rank_spec(const Tensor& x, bool hermitian) {
  require_matrices(x, "linalg.matrix_rank", "input");
  if (hermitian) require_square(x, "linalg.eigh");
  return {batch_of(x), int64};
}
void rank_into(const Tensor& x, const Tensor& atol, const Tensor& rtol, bool hermitian, const Tensor& out) {
  if (x.numel() == 0) return out.zero_(), void();
  const Tensor values =
      hermitian ? okibi::abs(computed("aten::linalg_eigvalsh", x, std::string("L"))) : singular_values_of(x);
  const Tensor ranks = okibi::sum(Tolerances::of(x, atol, rtol).counted(values), -1);
  if (ranks.sizes() != out.sizes()) {
    throw Error(ErrorKind::bad_argument, "linalg.matrix_rank: the tolerances do not fit the batch of matrices")
        .expected(to_string(out.sizes()))
        .found(to_string(ranks.sizes()));
  }
  out.copy_(ranks);
}

struct RankTolerance {
  static constexpr std::string_view schema =
      "aten::linalg_matrix_rank(Tensor self, float tol, bool hermitian=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, double, bool hermitian) { return rank_spec(x, hermitian); }
  static void forward(const Tensor& x, double tolerance, bool hermitian, const Tensor& out) {
    rank_into(x, exactly(tolerance), exactly(0), hermitian, out);
  }
};
struct RankToleranceTensor {
  static constexpr std::string_view schema =
      "aten::linalg_matrix_rank.tol_tensor(Tensor input, Tensor tol, bool hermitian=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor&, bool hermitian) { return rank_spec(x, hermitian); }
  static void forward(const Tensor& x, const Tensor& tolerance, bool hermitian, const Tensor& out) {
    rank_into(x, tolerance, exactly(0), hermitian, out);
  }
};
struct RankFloats {
  static constexpr std::string_view schema =
      "aten::linalg_matrix_rank.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool "
      "hermitian=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, std::optional<double>, std::optional<double>, bool hermitian) {
    return rank_spec(x, hermitian);
  }
  static void forward(const Tensor& x, std::optional<double> atol, std::optional<double> rtol, bool hermitian,
                      const Tensor& out) {
    rank_into(x, number_or_none(atol), number_or_none(rtol), hermitian, out);
  }
};
struct RankTensors {
  static constexpr std::string_view schema =
      "aten::linalg_matrix_rank.atol_rtol_tensor(Tensor input, *, Tensor? atol=None, Tensor? rtol=None, bool "
      "hermitian=False) -> Tensor";
  static OutputSpec infer(const Tensor& x, const Tensor&, const Tensor&, bool hermitian) {
    return rank_spec(x, hermitian);
  }
  static void forward(const Tensor& x, const Tensor& atol, const Tensor& rtol, bool hermitian, const Tensor& out) {
    rank_into(x, atol, rtol, hermitian, out);
  }
};

// ------------------------------------------------------------------------------------------------ chains and the like

// A product of matrices in the order that multiplies the fewest numbers, by the table of the best for each part of it.
class Chain {
 public:
  explicit Chain(std::span<const Tensor> tensors)
      : tensors_(tensors), cost_(tensors.size() * tensors.size()), split_(cost_.size()) {
    for (size_t length = 2; length <= tensors.size(); ++length) {
      for (size_t first = 0; first + length <= tensors.size(); ++first) choose(first, first + length - 1);
    }
  }
  Tensor product() const { return product(0, tensors_.size() - 1); }

 private:
  size_t at(size_t first, size_t last) const { return first * tensors_.size() + last; }
  // Of tensor i as a matrix: a vector is a row where it is the first, and a column where it is the last.
  double rows(size_t i) const {
    return i == 0 && tensors_[i].dim() == 1 ? 1 : static_cast<double>(tensors_[i].size(0));
  }
  double columns(size_t i) const {
    return i > 0 && tensors_[i].dim() == 1 ? 1 : static_cast<double>(tensors_[i].size(-1));
  }

  // Of equal ones the order from left to right.
  void choose(size_t first, size_t last) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t middle = first; middle < last; ++middle) {
      const double cost =
          cost_[at(first, middle)] + cost_[at(middle + 1, last)] + rows(first) * columns(middle) * columns(last);
      if (cost > least) continue;
      least = cost;
      split_[at(first, last)] = middle;
    }
    cost_[at(first, last)] = least;
  }
  Tensor product(size_t first, size_t last) const {
    if (first == last) return tensors_[first];
    const size_t middle = split_[at(first, last)];
    return okibi::matmul(product(first, middle), product(middle + 1, last));
  }

  std::span<const Tensor> tensors_;
  std::vector<double> cost_;
  std::vector<size_t> split_;
};

struct MultiDot {
  static constexpr std::string_view schema = "aten::linalg_multi_dot(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) {
    check(tensors);
    return Chain(tensors).product();
  }

 private:
  static void check(std::span<const Tensor> tensors) {
    constexpr size_t most = 500;  // the table takes the third power of it
    if (tensors.size() < 2) {
      refuse(fmt::format("multi_dot(): expected at least 2 tensors but got {}", tensors.size()));
    }
    if (tensors.size() > most) {
      throw Error(ErrorKind::limit, fmt::format("multi_dot(): at most {} tensors are multiplied", most))
          .found(std::to_string(tensors.size()));
    }
    for (size_t i = 0; i < tensors.size(); ++i) check_dims(tensors[i], i, i == 0 || i + 1 == tensors.size());
    for (size_t i = 1; i < tensors.size(); ++i) {
      if (tensors[i - 1].size(-1) == tensors[i].size(0)) continue;
      refuse(fmt::format("multi_dot(): tensors {} and {} with shapes {} and {} cannot be multiplied", i - 1, i,
                         to_string(tensors[i - 1].sizes()), to_string(tensors[i].sizes())));
    }
  }
  static void check_dims(const Tensor& x, size_t i, bool may_be_vector) {
    if (x.dim() == 2 || (may_be_vector && x.dim() == 1)) return;
    refuse(fmt::format("multi_dot(): tensor {} must be {}2D but got {}D", i, may_be_vector ? "1D or " : "", x.dim()));
  }
};
struct ChainMatmul {
  static constexpr std::string_view schema = "aten::chain_matmul(Tensor[] matrices) -> Tensor";
  static Tensor compose(std::span<const Tensor> matrices) {
    for (const Tensor& matrix : matrices) {
      if (matrix.dim() != 2) refuse(fmt::format("Tensor dimension is {}, expected 2 instead.", matrix.dim()));
    }
    if (matrices.empty()) refuse("chain_matmul(): Expected one or more matrices");
    return matrices.size() == 1 ? matrices[0] : MultiDot::compose(matrices);
  }
};

struct LinalgMatmul {
  static constexpr std::string_view schema = "aten::linalg_matmul(Tensor self, Tensor other) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) { return okibi::matmul(a, b); }
};
struct LinalgVecdot {
  static constexpr std::string_view schema = "aten::linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, int64_t dim) {
    if (a.dtype() != b.dtype()) {
      refuse(
          fmt::format("linalg.vecdot: Expected x and y to have the same dtype, but found x of type {} and y of type {} "
                      "instead",
                      name_of(a.dtype()), name_of(b.dtype())));
    }
    return okibi::sum(okibi::mul(is_complex(a.dtype()) ? conjugated(a) : a, b), dim);
  }
};
struct LinalgDiagonal {
  static constexpr std::string_view schema =
      "aten::linalg_diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)";
  static Tensor view(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    return computed("aten::diagonal", x, offset, dim1, dim2);
  }
};

}  // namespace

std::span<const okibi::Op> matrix_function_ops() {
  static constexpr okibi::Op rows[] = {
      entry<MatrixPower<linalg_matrix_power_schema>>(),
      entry<MatrixPower<matrix_power_schema>>(),
      entry<MatrixExp<linalg_matrix_exp_schema>>(),
      entry<MatrixExp<matrix_exp_schema>>(),
      entry<PinvRcond>(),
      entry<PinvRcondTensor>(),
      entry<PinvFloats>(),
      entry<PinvTensors>(),
      entry<Pinverse>(),
      entry<RankTolerance>(),
      entry<RankToleranceTensor>(),
      entry<RankFloats>(),
      entry<RankTensors>(),
      entry<MultiDot>(),
      entry<ChainMatmul>(),
      entry<LinalgMatmul>(),
      entry<LinalgVecdot>(),
      entry<LinalgDiagonal>(),
  };
  return rows;
}

}  // namespace okibi::ops
