// Nested tensors, as encoders make them of padded batches and turn them back.
#include <okibi/ops.h>

#include "ops/nested.h"
#include "script/host_values.h"

namespace okibi::script {
namespace {

// Of (batch, length, width) and a mask (batch, length), which is true for what counts.
void check_mask(const Tensor& x, const Tensor& mask) {
  if (x.dim() == 3 && mask.dtype() == DType::boolean && mask.sizes() == Dims{x.size(0), x.size(1)}) return;
  throw Error(ErrorKind::bad_argument,
              "a nested tensor is made of (batch, length, width) and a mask (batch, length) of bool")
      .found(fmt::format("{} and {} of {}", to_string(x.sizes()), to_string(mask.sizes()), name_of(mask.dtype())));
}

// How many of each row count; nothing where one that counts comes behind one that does not.
std::optional<std::vector<int64_t>> lengths_of(const Tensor& mask, bool in_any_order) {
  const Tensor rows = mask.contiguous();
  const int64_t length = mask.size(1);
  std::vector<int64_t> lengths;
  for (int64_t row = 0; row < mask.size(0); ++row) {
    const bool* first = rows.data<bool>() + row * length;
    const int64_t count = std::count(first, first + length, true);
    if (!in_any_order && std::count(first, first + count, true) != count) return std::nullopt;
    lengths.push_back(count);
  }
  return lengths;
}

Value is_left_aligned(Arguments a) {
  check_mask(a[0].to_tensor(), a[1].to_tensor());
  return lengths_of(a[1].to_tensor(), false).has_value();
}

Value made_of_mask(Arguments a) {
  const Tensor &x = a[0].to_tensor(), &mask = a[1].to_tensor();
  check_mask(x, mask);
  const auto lengths = lengths_of(mask, !a[2].to_bool());
  if (!lengths) {
    throw Error(ErrorKind::bad_argument,
                "Expected mask to be left-aligned: a nested tensor has what counts in front of what does not");
  }
  std::vector<Tensor> sequences;
  for (int64_t i = 0; i < x.size(0); ++i) {
    sequences.push_back(x.select(0, i).narrow(0, 0, (*lengths)[static_cast<size_t>(i)]));
  }
  return ops::nested_of(sequences, x.size(2), x.dtype());
}

// How large all must be for each of them to fit.
Dims sizes_of_all(const std::vector<Tensor>& parts) {
  Dims sizes{static_cast<int64_t>(parts.size())};
  for (const Tensor& part : parts) {
    while (sizes.size() < part.sizes().size() + 1) sizes.push_back(0);
    for (size_t d = 0; d < part.sizes().size(); ++d) sizes[d + 1] = std::max(sizes[d + 1], part.sizes()[d]);
  }
  return sizes;
}

Value padded(Arguments a) {
  const Tensor& nested = a[0].to_tensor();
  if (!nested.is_nested()) throw Error(ErrorKind::bad_argument, "to_padded_tensor takes a nested tensor");
  const std::vector<Tensor> parts = nested.unbind();
  const Dims least = sizes_of_all(parts);
  Dims sizes = least;
  for (size_t d = 0; !a[2].is_none() && d < a[2].size(); ++d) {
    if (a[2].size() != least.size() || a[2][d].to_int() < least[d]) {
      throw Error(ErrorKind::bad_argument, "Value in output_size is less than NestedTensor padded size")
          .expected(fmt::format("at least {}", to_string(least)))
          .found(text_of(a[2]));
    }
    sizes[d] = a[2][d].to_int();
  }
  const Tensor result = full(sizes, a[1].to_double(), {nested.dtype()});
  for (size_t i = 0; i < parts.size(); ++i) {
    Tensor place = result.select(0, static_cast<int64_t>(i));
    for (int64_t d = 0; d < parts[i].dim(); ++d) place = place.narrow(d, 0, parts[i].size(d));
    place.copy_(parts[i]);
  }
  return result;
}

constexpr HostRow rows[] = {
    {"aten::_nested_tensor_from_mask_left_aligned", "-", is_left_aligned},
    {"aten::_nested_tensor_from_mask", "-", made_of_mask},
    {"aten::to_padded_tensor", "-", padded},
};

}  // namespace

std::span<const HostRow> nested_rows() { return rows; }

}  // namespace okibi::script
