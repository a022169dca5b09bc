// Matrices and grids made of vectors: diagonals, products of all with all, rotations, and products over several
// dimensions.
#include <fmt/format.h>

#include "ops/arranging.h"
#include "ops/by_name.h"
#include "ops/dispatch.h"
#include "ops/operands.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// ----------------------------------------------------------------------------------------------------------- diagonals

// x (*, n) as the diagonals of square matrices, which lie in the dimensions dim1 and dim2 of the result.
struct DiagEmbed {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor";
  static OutputSpec infer(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2) {
    const size_t rank = x.sizes().size() + 1;
    const size_t row = wrap_dim(dim1, rank), column = wrap_dim(dim2, rank);
    if (x.dim() == 0) refuse("diag_embed takes a tensor of at least 1 dimension");
    if (row == column) refuse(fmt::format("diagonal dimensions cannot be identical {}, {}", dim1, dim2));
    constexpr int64_t most = int64_t{1} << 40;
    if (offset < -most || offset > most || x.size(-1) > most) refuse("diag_embed: there is no such large matrix");
    const int64_t side = x.size(-1) + std::abs(offset);
    Dims sizes = x.sizes();
    sizes.erase(sizes.size() - 1);
    sizes.insert(std::min(row, column), side);
    sizes.insert(std::max(row, column), side);
    return {sizes, x.dtype()};
  }
  static void forward(const Tensor& x, int64_t offset, int64_t dim1, int64_t dim2, const Tensor& out) {
    out.zero_();
    computed("aten::diagonal", out, offset, dim1, dim2).copy_(x);
  }

  static constexpr const char* backward_name = "DiagEmbedBackward0";
  using Saved = std::tuple<int64_t, int64_t, int64_t>;
  static Saved save(const Tensor&, int64_t offset, int64_t dim1, int64_t dim2, const Tensor&) {
    return {offset, dim1, dim2};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [offset, dim1, dim2] = saved;
    return {computed("aten::diagonal", gradient, offset, dim1, dim2)};
  }
};

struct Diag {
  static constexpr std::string_view schema = "aten::diag(Tensor self, int diagonal=0) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t diagonal) {
    if (x.dim() == 1) return call<DiagEmbed>(x, diagonal, int64_t{-2}, int64_t{-1});
    if (x.dim() == 2) return computed("aten::diagonal", x, diagonal, 0, 1).clone();
    refuse(fmt::format("diag(): Supports 1D or 2D tensors. Got {}D", x.dim()));
  }
};
struct Diagflat {
  static constexpr std::string_view schema = "aten::diagflat(Tensor self, int offset=0) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t offset) {
    return call<DiagEmbed>(x.reshape({-1}), offset, int64_t{-2}, int64_t{-1});
  }
};

struct BlockDiag {
  static constexpr std::string_view schema = "aten::block_diag(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) {
    if (tensors.empty()) return zeros({1, 0});
    const DType dtype = result_type(tensors);
    int64_t columns = 0, before = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].dim() > 2) {
        refuse(
            fmt::format("torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {} has {} dimensions",
                        i, tensors[i].dim()));
      }
      columns += at_least(2, tensors[i]).size(1);
    }
    std::vector<Tensor> rows;
    for (const Tensor& tensor : tensors) {
      const Tensor block = at_least(2, tensor).to(dtype);
      const int64_t behind = columns - before - block.size(1);
      rows.push_back(
          okibi::cat({zeros({block.size(0), before}, {dtype}), block, zeros({block.size(0), behind}, {dtype})}, 1));
      before += block.size(1);
    }
    return okibi::cat(rows, 0);
  }
};

// ------------------------------------------------------------------------------------------------------- all with all

void require_vector(const Tensor& x) {
  if (x.dim() != 1) refuse(fmt::format("Expect a 1D vector, but got shape {}", to_string(x.sizes())));
}

struct CartesianProd {
  static constexpr std::string_view schema = "aten::cartesian_prod(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) {
    for (const Tensor& tensor : tensors) require_vector(tensor);
    if (tensors.size() == 1) return tensors[0];
    std::vector<Tensor> columns = okibi::meshgrid(tensors);
    for (Tensor& column : columns) column = column.reshape({-1});
    return okibi::stack(columns, 1);
  }
};

struct Combinations {
  static constexpr std::string_view schema =
      "aten::combinations(Tensor self, int r=2, bool with_replacement=False) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t r, bool with_replacement) {
    require_vector(x);
    if (r < 0) refuse(fmt::format("Expect a non-negative number, but got {}", r));
    if (r == 0) return zeros({0}, {x.dtype()});
    const Tensor places = chosen(x.numel(), r, with_replacement);
    return okibi::index_select(x, 0, places.reshape({-1})).view({places.size(0), r});
  }

 private:
  // Rows of rising places, in the order of the alphabet.
  static Tensor chosen(int64_t n, int64_t r, bool with_replacement) {
    std::vector<int64_t> all, row;
    const int64_t step = with_replacement ? 0 : 1;
    const bool is_possible = with_replacement ? n > 0 : r <= n;
    check_count(n, r, with_replacement);
    for (int64_t i = 0; is_possible && i < r; ++i) row.push_back(i * step);
    while (!row.empty()) {
      all.insert(all.end(), row.begin(), row.end());
      int64_t at = r - 1;
      while (at >= 0 && row[static_cast<size_t>(at)] == last_of(n, r, at, step)) --at;
      if (at < 0) break;
      const int64_t begin = row[static_cast<size_t>(at)] + 1;
      for (int64_t i = at; i < r; ++i) row[static_cast<size_t>(i)] = begin + (i - at) * step;
    }
    return tensor(std::span<const int64_t>(all), {static_cast<int64_t>(all.size()) / r, r});
  }
  static int64_t last_of(int64_t n, int64_t r, int64_t at, int64_t step) { return n - 1 - (r - 1 - at) * step; }
  // Error(limit) where there are more than memory would hold.
  static void check_count(int64_t n, int64_t r, bool with_replacement) {
    if (!with_replacement && r > n) return;
    const double pool = static_cast<double>(n) + (with_replacement ? static_cast<double>(r) - 1 : 0);
    double rows = 1;
    const double picks = std::min(static_cast<double>(r), pool - static_cast<double>(r));
    for (double i = 0; i < picks && rows < 0x1p40; ++i) rows *= (pool - i) / (i + 1);
    if (rows * static_cast<double>(r) < 0x1p31) return;
    throw Error(ErrorKind::limit, "combinations: there are too many").found(fmt::format("{} of {}", r, n));
  }
};

// Each number of the one times all of the other: sizes multiply, and missing ones in front are 1.
struct Kron {
  static constexpr std::string_view schema = "aten::kron(Tensor self, Tensor other) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b) {
    const size_t rank = std::max(a.sizes().size(), b.sizes().size());
    Dims left, right, sizes;
    for (size_t d = 0; d < rank; ++d) {
      const int64_t n = size_at(a, d, rank), m = size_at(b, d, rank);
      for (const int64_t size : {n, int64_t{1}}) left.push_back(size);
      for (const int64_t size : {int64_t{1}, m}) right.push_back(size);
      sizes.push_back(size_product(n, m, "kron"));
    }
    return okibi::mul(a.reshape(left), b.reshape(right)).view(sizes);
  }

 private:
  static int64_t size_at(const Tensor& x, size_t d, size_t rank) {
    const size_t missing = rank - x.sizes().size();
    return d < missing ? 1 : x.sizes()[d - missing];
  }
};

// Σ over dims_self of a and dims_other of b, pair by pair, as one product of matrices.
struct Tensordot {
  static constexpr std::string_view schema =
      "aten::tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, const Dims& dims_a, const Dims& dims_b) {
    if (dims_a.size() != dims_b.size()) refuse("both dimension lists should have same length");
    if (a.dtype() != b.dtype()) refuse("both inputs should have same dtype");
    const Dims named_a = distinct_dims(dims_a, a.sizes().size(), "tensordot"),
               named_b = distinct_dims(dims_b, b.sizes().size(), "tensordot");
    Tensor left = a, right = b;
    for (size_t i = 0; i < named_a.size(); ++i) match(left, named_a[i], right, named_b[i]);
    const Sides sa(left, named_a), sb(right, named_b);
    Dims sizes = sa.kept;
    for (const int64_t size : sb.kept) sizes.push_back(size);
    Dims order_a = sa.rest, order_b = named_b;
    for (const int64_t d : named_a) order_a.push_back(d);
    for (const int64_t d : sb.rest) order_b.push_back(d);
    const int64_t n = sa.summed;
    return okibi::mm(left.permute(order_a).reshape({numel_of(sa.kept), n}),
                     right.permute(order_b).reshape({n, numel_of(sb.kept)}))
        .reshape(sizes);
  }

 private:
  struct Sides {
    Dims rest, kept;
    int64_t summed = 1;  // numbers
    Sides(const Tensor& x, const Dims& named) {
      for (int64_t d = 0; d < x.dim(); ++d) {
        const bool is_named = std::ranges::find(named, d) != named.end();
        if (is_named) {
          summed = size_product(summed, x.size(d), "tensordot");
        } else {
          rest.push_back(d);
          kept.push_back(x.size(d));
        }
      }
    }
  };
  // A size of 1 stands for as many as the other has: then the other may be summed at once.
  static void match(Tensor& a, int64_t d, Tensor& b, int64_t e) {
    const int64_t n = a.size(d), m = b.size(e);
    if (n == 1 && m != 1) {
      b = okibi::sum(b, e, true);
    } else if (m == 1 && n != 1) {
      a = okibi::sum(a, d, true);
    } else if (n != m) {
      refuse(
          fmt::format("contracted dimensions need to match, but first has size {} in dim {} and second has size {} "
                      "in dim {}",
                      n, d, m, e));
    }
  }
};

// ------------------------------------------------------------------------------------------------------------- others

Tensor crossed(const Tensor& a, const Tensor& b, int64_t dim) {
  const Dims sizes = broadcast_sizes(a.sizes(), b.sizes());
  const Tensor x = a.expand(sizes), y = b.expand(sizes);
  const auto product = [&](int64_t i, int64_t j) { return okibi::mul(x.select(dim, i), y.select(dim, j)); };
  return okibi::stack({okibi::sub(product(1, 2), product(2, 1)), okibi::sub(product(2, 0), product(0, 2)),
                       okibi::sub(product(0, 1), product(1, 0))},
                      static_cast<int64_t>(wrap_dim(dim, sizes.size())));
}
void check_crossed(const Tensor& a, const Tensor& b, int64_t dim) {
  if (a.dtype() != b.dtype()) {
    refuse(fmt::format("expected scalar type {} but found {}", name_of(a.dtype()), name_of(b.dtype())));
  }
  if (a.dim() != b.dim()) refuse("linalg.cross: inputs must have the same number of dimensions.");
  if (a.size(dim) == 3 && b.size(dim) == 3) return;
  refuse(fmt::format("linalg.cross: inputs dimension {} must have length 3. Got {} and {}", dim, a.size(dim),
                     b.size(dim)));
}

struct LinalgCross {
  static constexpr std::string_view schema = "aten::linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, int64_t dim) {
    check_crossed(a, b, dim);
    return crossed(a, b, dim);
  }
};
struct Cross {
  static constexpr std::string_view schema = "aten::cross(Tensor self, Tensor other, int? dim=None) -> Tensor";
  static Tensor compose(const Tensor& a, const Tensor& b, std::optional<int64_t> dim) {
    if (dim) return LinalgCross::compose(a, b, *dim);
    for (int64_t d = 0; d < a.dim(); ++d) {
      if (a.size(d) == 3) return LinalgCross::compose(a, b, d);
    }
    refuse("no dimension of size 3 in input");
  }
};

struct Rot90 {
  static constexpr std::string_view schema = "aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t k, const Dims& dims) {
    if (dims.size() != 2) refuse(fmt::format("expected total rotation dims == 2, but got dims = {}", dims.size()));
    if (x.dim() < 2) refuse(fmt::format("expected total dims >= 2, but got total dims = {}", x.dim()));
    const auto a = static_cast<int64_t>(wrap_dim(dims[0], x.sizes().size())),
               b = static_cast<int64_t>(wrap_dim(dims[1], x.sizes().size()));
    if (a == b) {
      refuse(fmt::format("expected rotation dims to be different, but got dim0 = {} and dim1 = {}", dims[0], dims[1]));
    }
    switch ((k % 4 + 4) % 4) {
      case 1:
        return okibi::flip(x, {b}).transpose(a, b).contiguous();
      case 2:
        return okibi::flip(x, {a, b});
      case 3:
        return okibi::flip(x, {a}).transpose(a, b).contiguous();
      default:
        return x.clone();
    }
  }
};

struct ColumnStack {
  static constexpr std::string_view schema = "aten::column_stack(Tensor[] tensors) -> Tensor";
  static Tensor compose(std::span<const Tensor> tensors) {
    std::vector<Tensor> columns;
    for (const Tensor& each : tensors) columns.push_back(each.dim() <= 1 ? each.reshape({each.numel(), 1}) : each);
    return okibi::cat(columns, 1);
  }
};

// Powers of each number, from the first or to the last.
Tensor powers(const Tensor& x, int64_t n) {
  const DType dtype = x.dtype() == boolean || (is_integral(x.dtype())) ? int64 : x.dtype();
  const Tensor base = x.to(dtype).unsqueeze(-1);
  Dims sizes = x.sizes();
  sizes.push_back(n);
  if (n == 0) return zeros(sizes, {dtype});
  Dims one = x.sizes();
  one.push_back(1);
  if (n == 1) return ones(one, {dtype});
  Dims repeated = x.sizes();
  repeated.push_back(n - 1);
  return okibi::cat({ones(one, {dtype}), computed("aten::cumprod", base.expand(repeated), -1, Value())}, -1);
}

struct Vander {
  static constexpr std::string_view schema = "aten::vander(Tensor x, int? N=None, bool increasing=False) -> Tensor";
  static Tensor compose(const Tensor& x, std::optional<int64_t> n, bool increasing) {
    if (x.dim() != 1) refuse("x must be a one-dimensional tensor.");
    if (n && *n < 0) refuse("N must be non-negative.");
    const Tensor rising = powers(x, n.value_or(x.size(0)));
    return increasing ? rising : okibi::flip(rising, {1});
  }
};
struct LinalgVander {
  static constexpr std::string_view schema = "aten::linalg_vander(Tensor x, *, SymInt? N=None) -> Tensor";
  static Tensor compose(const Tensor& x, std::optional<int64_t> n) {
    const int64_t columns = n.value_or(x.dim() == 0 ? 1 : x.size(-1));
    if (columns <= 1) refuse("N must be greater than 1.");
    return powers(x, columns);
  }
};

struct SumToSize {
  static constexpr std::string_view schema = "aten::sum_to_size(Tensor self, SymInt[] size) -> Tensor";
  static Tensor compose(const Tensor& x, const Dims& sizes) {
    const size_t rank = x.sizes().size();
    bool fits = sizes.size() <= rank;
    for (size_t d = 0; fits && d < sizes.size(); ++d) {
      const int64_t own = x.sizes()[rank - sizes.size() + d];
      fits = sizes[d] == own || sizes[d] == 1;
    }
    if (!fits) {
      refuse(fmt::format("size {{{}}} is not expandable to size {{{}}}.", to_string(sizes), to_string(x.sizes())));
    }
    return sum_to(x, sizes);
  }
};

}  // namespace

std::span<const okibi::Op> matrix_ops() {
  static constexpr okibi::Op rows[] = {
      entry<DiagEmbed>(),    entry<Diag>(),        entry<Diagflat>(),  entry<BlockDiag>(),    entry<CartesianProd>(),
      entry<Combinations>(), entry<Kron>(),        entry<Tensordot>(), entry<LinalgCross>(),  entry<Cross>(),
      entry<Rot90>(),        entry<ColumnStack>(), entry<Vander>(),    entry<LinalgVander>(), entry<SumToSize>(),
  };
  return rows;
}

}  // namespace okibi::ops
