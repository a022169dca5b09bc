// Sums of products by the letters of their dimensions. Made of permutations, products of matrices and sums, and so are
// its gradients.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ops/op.h"
#include "tensor/geometry.h"

namespace okibi::ops {
namespace {

// A letter, or from `dots` on one of the dimensions that "..." stands for, numbered so that the last ones meet.
using Label = int;
constexpr Label dots = 256, any_dots = 512;
using Labels = std::vector<Label>;

Error bad_equation(std::string sentence, const std::string& equation) {
  return Error(ErrorKind::bad_argument, "einsum(): " + std::move(sentence))
      .found(fmt::format("\"{}\"", printable(equation, 80)));
}

// ------------------------------------------------------------------------------------------------- reading an equation

struct Equation {
  std::vector<Labels> inputs;
  std::optional<Labels> output;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Labels labels_of(std::string_view part, const std::string& equation) {
  Labels labels;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == ' ') continue;
    if (part.substr(i, 3) == "...") {
      if (std::ranges::find(labels, any_dots) != labels.end())
        throw bad_equation("two ellipses for one operand", equation);
      labels.push_back(any_dots);
      i += 2;
    } else if (is_letter(part[i])) {
      labels.push_back(part[i]);
    } else {
      throw bad_equation("subscripts must be in [a-zA-Z], or an ellipsis of three dots", equation);
    }
  }
  return labels;
}

Equation read(const std::string& text) {
  Equation equation;
  const size_t arrow = text.find("->");
  std::string_view left = std::string_view(text).substr(0, arrow);
  for (size_t comma = 0; comma != left.npos; left.remove_prefix(comma == left.npos ? 0 : comma + 1)) {
    comma = left.find(',');
    equation.inputs.push_back(labels_of(left.substr(0, comma), text));
  }
  if (arrow != text.npos) equation.output = labels_of(std::string_view(text).substr(arrow + 2), text);
  return equation;
}

// "..." of an operand as the dimensions that it stands for.
Labels spelled_out(const Labels& labels, size_t dimensions) {
  Labels all;
  for (const Label label : labels) {
    for (size_t i = 0; label == any_dots && i < dimensions; ++i)
      all.push_back(dots + static_cast<Label>(64 - dimensions + i));
    if (label != any_dots) all.push_back(label);
  }
  return all;
}

void spell_out_inputs(Equation& equation, std::span<const Tensor> tensors, const std::string& text) {
  if (tensors.empty()) throw bad_equation("must provide at least one operand", text);
  if (tensors.size() != equation.inputs.size()) {
    throw bad_equation(fmt::format("the equation is of {} operands, not of {}", equation.inputs.size(), tensors.size()),
                       text);
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    Labels& labels = equation.inputs[i];
    const bool has_dots = std::ranges::find(labels, any_dots) != labels.end();
    const size_t rank = tensors[i].sizes().size(), letters = labels.size() - has_dots;
    if (has_dots ? letters > rank : letters != rank) {
      throw bad_equation(
          fmt::format("the number of subscripts in the equation ({}) does not match the number of dimensions "
                      "({}) for operand {}",
                      letters, rank, i),
          text);
    }
    labels = spelled_out(labels, rank - letters);
  }
}

// How often a label stands in the inputs; in their order, which puts what "..." stands for behind the letters.
std::map<Label, size_t> counts_of(const Equation& equation) {
  std::map<Label, size_t> counts;
  for (const Labels& labels : equation.inputs) {
    for (const Label label : labels) ++counts[label];
  }
  return counts;
}

Labels dots_of(const std::map<Label, size_t>& counts) {
  Labels labels;
  for (auto at = counts.lower_bound(dots); at != counts.end(); ++at) labels.push_back(at->first);
  return labels;
}

// Without "->": what "..." stands for, then the letters that stand once, in the order of the alphabet.
Labels output_of(const Equation& equation, const std::map<Label, size_t>& counts, const std::string& text) {
  Labels output;
  if (!equation.output) {
    output = dots_of(counts);
    for (const auto& [label, count] : counts) {
      if (label < dots && count == 1) output.push_back(label);
    }
    return output;
  }
  for (const Label label : *equation.output) {
    if (label == any_dots) {
      for (const Label one : dots_of(counts)) output.push_back(one);
      continue;
    }
    if (!counts.contains(label)) {
      throw bad_equation(fmt::format("output subscript {} does not appear in the equation for any input operand",
                                     static_cast<char>(label)),
                         text);
    }
    if (std::ranges::find(output, label) != output.end()) {
      throw bad_equation(
          fmt::format("output subscript {} appears more than once in the output", static_cast<char>(label)), text);
    }
    output.push_back(label);
  }
  return output;
}

// ------------------------------------------------------------------------------------------------------------ operands

// Of a label that an operand has twice, the diagonal.
Tensor diagonal(const Tensor& x, size_t first, size_t second) {
  Dims sizes = x.sizes(), strides = x.strides();
  if (sizes[first] != sizes[second]) {
    throw Error(ErrorKind::bad_argument, "einsum(): a subscript is repeated for one operand, but the sizes don't match")
        .found(fmt::format("{} and {}", sizes[first], sizes[second]));
  }
  strides[first] = wrapping_add(strides[first], strides[second]);
  sizes.erase(second);
  strides.erase(second);
  return x.as_strided(sizes, strides, x.storage_offset());
}

// x with a dimension for each label of `order`, of size 1 where it has none.
Tensor in_order(Tensor x, Labels labels, const Labels& order) {
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t k = labels.size(); k-- > i + 1;) {
      if (labels[k] != labels[i]) continue;
      x = diagonal(x, i, k);
      labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }
  Dims permutation, sizes;
  for (const Label label : order) {
    const auto found = std::ranges::find(labels, label) - labels.begin();
    const bool has = found < static_cast<std::ptrdiff_t>(labels.size());
    if (has) permutation.push_back(found);
    sizes.push_back(has ? x.sizes()[static_cast<size_t>(found)] : 1);
  }
  return x.permute(permutation).reshape(sizes);
}

void check_sizes(const std::vector<Tensor>& operands, const Labels& order) {
  for (size_t d = 0; d < order.size(); ++d) {
    int64_t size = 1;
    for (const Tensor& x : operands) {
      if (x.sizes()[d] == 1 || x.sizes()[d] == size) continue;
      if (size != 1) {
        throw Error(ErrorKind::bad_argument,
                    fmt::format("einsum(): subscript {} has sizes that do not broadcast",
                                order[d] < dots ? std::string(1, static_cast<char>(order[d])) : "..."))
            .found(fmt::format("{} and {}", size, x.sizes()[d]));
      }
      size = x.sizes()[d];
    }
  }
}

// ------------------------------------------------------------------------------------------------------------ products

using Places = std::vector<size_t>;

Dims sizes_at(const Tensor& x, const Places& places) {
  Dims sizes;
  for (const size_t place : places) sizes.push_back(x.sizes()[place]);
  return sizes;
}

// x as (first, second, third): each of them several dimensions, laid together.
Tensor folded(const Tensor& x, const Places& first, const Places& second, const Places& third) {
  Dims order, sizes;
  std::vector<bool> is_named(x.sizes().size());
  for (const Places* places : {&first, &second, &third}) {
    for (const size_t place : *places) {
      order.push_back(static_cast<int64_t>(place));
      is_named[place] = true;
    }
    sizes.push_back(numel_of(sizes_at(x, *places)));
  }
  for (size_t d = 0; d < is_named.size(); ++d) {
    if (!is_named[d]) order.push_back(static_cast<int64_t>(d));  // of size 1
  }
  return x.permute(order).reshape(sizes);
}

// a · b, summed over the dimensions at `summed`, which stay as such of size 1.
Tensor multiplied(const Tensor& a, const Tensor& b, const std::vector<bool>& summed) {
  Places both, left, right, inner;
  for (size_t d = 0; d < summed.size(); ++d) {
    const bool in_a = a.sizes()[d] != 1, in_b = b.sizes()[d] != 1;
    (summed[d] ? inner : in_a && in_b ? both : in_b ? right : left).push_back(d);
  }
  if (inner.empty()) return okibi::mul(a, b);
  if (!is_floating_point(a.dtype())) {  // there are no products of matrices of integers
    Dims dims;
    for (const size_t place : inner) dims.push_back(static_cast<int64_t>(place));
    const Tensor product = okibi::mul(a, b);
    return okibi::sum(product, dims, true).to(product.dtype());
  }
  const Tensor product = okibi::bmm(folded(a, both, left, inner), folded(b, both, inner, right));
  Dims sizes, back(summed.size(), 0);
  int64_t at = 0;
  for (const auto& [places, from] : {std::pair(&both, &a), std::pair(&left, &a), std::pair(&right, &b)}) {
    for (const size_t place : *places) {
      sizes.push_back(from->sizes()[place]);
      back[place] = at++;
    }
  }
  for (const size_t place : inner) {
    sizes.push_back(1);
    back[place] = at++;
  }
  return product.reshape(sizes).permute(back);
}

Tensor summed_over(const Tensor& x, const std::vector<bool>& summed) {
  Dims dims;
  for (size_t d = 0; d < summed.size(); ++d) {
    if (summed[d] && x.sizes()[d] != 1) dims.push_back(static_cast<int64_t>(d));
  }
  return dims.empty() ? x : okibi::sum(x, dims, true).to(x.dtype());
}

// One after the other; each dimension is summed once no later operand has it.
Tensor contracted(std::vector<Tensor> operands, size_t kept) {
  const size_t rank = operands[0].sizes().size();
  Tensor a = operands[0];
  for (size_t i = 1; i <= operands.size(); ++i) {
    const Tensor b = i < operands.size() ? operands[i] : Tensor();
    std::vector<bool> in_both(rank), only_a(rank), only_b(rank);
    for (size_t d = kept; d < rank; ++d) {
      const bool is_later =
          std::any_of(operands.begin() + static_cast<std::ptrdiff_t>(std::min(i + 1, operands.size())), operands.end(),
                      [&](const Tensor& x) { return x.sizes()[d] != 1; });
      const bool in_a = a.sizes()[d] != 1, in_b = b.defined() && b.sizes()[d] != 1;
      in_both[d] = !is_later && in_a && in_b;
      only_a[d] = !is_later && in_a && !in_b;
      only_b[d] = !is_later && in_b && !in_a;
    }
    a = summed_over(a, only_a);
    if (b.defined()) a = multiplied(a, summed_over(b, only_b), in_both);
  }
  return a;
}

struct Einsum {
  static constexpr std::string_view schema =
      "aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor";
  // The path is an order in which to multiply; the result is the same.
  static Tensor compose(const std::string& text, std::span<const Tensor> tensors, const std::optional<Dims>&) {
    Equation equation = read(text);
    spell_out_inputs(equation, tensors, text);
    const auto counts = counts_of(equation);
    Labels order = output_of(equation, counts, text);
    const size_t kept = order.size();
    for (const auto& [label, count] : counts) {
      if (std::ranges::find(order, label) == order.end()) order.push_back(label);
    }
    if (order.size() > 64) throw bad_equation(fmt::format("{} dimensions are more than any", order.size()), text);
    std::vector<Tensor> operands;
    for (size_t i = 0; i < tensors.size(); ++i) operands.push_back(in_order(tensors[i], equation.inputs[i], order));
    check_sizes(operands, order);
    const Tensor result = contracted(std::move(operands), kept);
    return result.reshape(Dims(std::span<const int64_t>(result.sizes()).first(kept)));
  }
};

}  // namespace

std::span<const okibi::Op> einsum_ops() {
  static constexpr okibi::Op rows[] = {entry<Einsum>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor einsum(const std::string& equation, std::span<const Tensor> tensors) {
  return ops::Einsum::compose(equation, tensors, std::nullopt);
}

}  // namespace okibi
