#include <fmt/format.h>

#include "tensor/body.h"
#include "tensor/geometry.h"
#include "tensor/invariants.h"

namespace okibi {
namespace {

void require_int64(const Tensor& part, std::string_view name, const Dims& sizes) {
  const TensorBody& body = body_of(part);
  if (body.layout == Layout::strided && body.dtype == int64 && body.sizes == sizes) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} of a nested tensor are not what they must be", name))
      .expected(fmt::format("a tensor of torch.int64 of sizes {}", to_string(sizes)))
      .found(fmt::format("one of torch.{} of sizes {}", name_of(body.dtype), to_string(body.sizes)));
}

void check_parts(const Tensor& buffer, const Tensor& sizes, const Tensor& strides, const Tensor& offsets) {
  if (buffer.layout() != Layout::strided || buffer.dim() != 1 || !buffer.is_contiguous()) {
    throw Error(ErrorKind::bad_argument, "the buffer of a nested tensor must be a list of numbers side by side")
        .found(to_string(buffer.sizes()));
  }
  if (sizes.dim() != 2) {
    throw Error(ErrorKind::bad_argument, "the sizes of a nested tensor must be a table")
        .found(to_string(sizes.sizes()));
  }
  require_int64(sizes, "sizes", sizes.sizes());
  require_int64(strides, "strides", sizes.sizes());
  require_int64(offsets, "storage offsets", {sizes.size(0)});
}

// What is common to all: [how many, …], with -1 where they differ.
struct Summary {
  Dims sizes;
  int64_t numel = 0;
};

Summary summary_of(const Tensor& buffer, const Tensor& sizes) {
  const int64_t count = sizes.size(0), dims = sizes.size(1);
  Summary found{Dims(static_cast<size_t>(dims) + 1, -1), buffer.numel()};
  found.sizes[0] = count;
  if (sizes.is_meta()) return found;  // nothing more is known yet
  require_own_memory(sizes, "sizes");
  const Tensor table = sizes.contiguous();
  found.numel = 0;
  for (int64_t i = 0; i < count; ++i) {
    const std::span row(table.data<int64_t>() + i * dims, static_cast<size_t>(dims));
    uint64_t numel = 1;
    for (size_t dim = 0; dim < row.size(); ++dim) {
      if (row[dim] < 0)
        throw Error(ErrorKind::bad_argument, "a nested tensor has a negative size").found(std::to_string(row[dim]));
      numel = checked_mul(numel, static_cast<uint64_t>(row[dim]), "the size of a nested tensor");
      int64_t& common = found.sizes[dim + 1];
      common = i == 0 || common == row[dim] ? row[dim] : -1;
    }
    found.numel = static_cast<int64_t>(checked_add(static_cast<uint64_t>(found.numel), numel, "a nested tensor"));
    if (found.numel < 0) throw Error(ErrorKind::bad_argument, "a nested tensor has more elements than can be counted");
  }
  return found;
}

}  // namespace

// PyTorch: torch._nested_view_from_buffer
Tensor nested_tensor(Tensor buffer, Tensor sizes, Tensor strides, Tensor storage_offsets) {
  check_parts(buffer, sizes, strides, storage_offsets);
  Summary summary = summary_of(buffer, sizes);
  const DType dtype = buffer.dtype();
  TensorExtras extras;
  extras.values = std::move(buffer);
  extras.sizes = std::move(sizes);
  extras.strides = std::move(strides);
  extras.offsets = std::move(storage_offsets);
  return composite(Layout::nested, dtype, std::move(summary.sizes), summary.numel, std::move(extras));
}

std::vector<Tensor> Tensor::unbind() const {
  const Tensor table = nested_sizes().contiguous(), steps = nested_strides().contiguous();
  const Tensor offsets = nested_storage_offsets().contiguous(), buffer = values();
  const auto dims = static_cast<size_t>(table.size(1));
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < table.size(0); ++i) {
    const auto row = [&](const Tensor& of) {
      return std::span<const int64_t>(of.data<int64_t>() + i * static_cast<int64_t>(dims), dims);
    };
    const int64_t offset = buffer.storage_offset() + offsets.data<int64_t>()[i];
    parts.push_back(buffer.as_strided(row(table), row(steps), offset));
  }
  return parts;
}

}  // namespace okibi
