#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "tensor/body.h"
#include "tensor/convert.h"
#include "tensor/element.h"
#include "tensor/geometry.h"
#include "tensor/number_of.h"
#include "tensor/strided.h"
#include "tensor/trace.h"

namespace okibi {
namespace {

constexpr int64_t grain = 32768;  // elements: below that, a second thread costs more than it saves

StridedBytes side_of(const TensorBody& body) { return strided_bytes(body.data(), body.strides, itemsize(body.dtype)); }

// Element by element where rows differ, else run by run; `to` and `from` have the same sizes and share no memory.
void copy_elements(const TensorBody& to, const TensorBody& from) {
  const auto copy_rows = [&](const auto& copy_row) {
    if (to.numel == 0) return;
    const PairWalk walk(to.sizes, side_of(to), side_of(from));
    const auto copy_part = [&](int64_t begin, int64_t end) {
      walk.rows(begin, end, [&](std::byte* into, const std::byte* out_of, size_t count) {
        copy_row(into, walk.to_step(), out_of, walk.from_step(), count);
      });
    };
    parallel_for(0, walk.numel(), grain, std::ref(copy_part));  // a reference: std::function need not allocate for it
  };
  if (to.dtype == from.dtype && is_packed(to.dtype)) {
    std::memcpy(to.data(), from.data(), nbytes_of(to.dtype, static_cast<uint64_t>(to.numel)));
    return;
  }
  if (to.dtype == from.dtype) return copy_rows(row_mover(itemsize(to.dtype)));
  copy_rows(RowConverter(to.dtype, from.dtype));
}

// The bytes between a tensor's first and last element.
std::span<const std::byte> reach_of(const TensorBody& body) {
  if (body.numel == 0) return {};
  int64_t last = 0;
  for (size_t i = 0; i < body.sizes.size(); ++i) last += (body.sizes[i] - 1) * body.strides[i];
  return {body.data(), (static_cast<size_t>(last) + 1) * itemsize(body.dtype)};
}

bool may_overlap(const TensorBody& a, const TensorBody& b) {
  const auto one = reach_of(a), other = reach_of(b);
  const std::less<const std::byte*> before;
  return before(one.data(), other.data() + other.size()) && before(other.data(), one.data() + one.size());
}

bool repeats_elements(const TensorBody& body) {
  for (size_t i = 0; i < body.sizes.size(); ++i) {
    if (body.sizes[i] > 1 && body.strides[i] == 0) return true;
  }
  return false;
}

}  // namespace

void require_strided_target(const Tensor& tensor, std::string_view operation) {
  const TensorBody& body = body_of(tensor);
  if (body.layout != Layout::strided) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} on a tensor of layout torch.{}", operation, name_of(body.layout)));
  }
  if (is_packed(body.dtype)) {
    throw Error(ErrorKind::unsupported, fmt::format("{} on a tensor of torch.{}", operation, name_of(body.dtype)));
  }
  if (body.is_lazy()) {
    throw Error(ErrorKind::unsupported, fmt::format("{} on a view that conjugates or negates lazily", operation))
        .hint("Work on its resolve_conj().resolve_neg().");
  }
  if (repeats_elements(body)) {
    throw Error(
        ErrorKind::bad_argument,
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
        "Please clone() the tensor before performing the operation.");
  }
}

namespace {

void refuse_lost_gradient(const Tensor& target, const Tensor& source) {
  const bool lost = grad_enabled() && source.requires_grad() && !target.is_same(source);
  if (!lost) return;
  throw Error(ErrorKind::unsupported, "copy_ from a tensor that requires grad would lose its gradient")
      .hint("Copy its detach(), or let a NoGrad live while you copy.");
}

Tensor copied(const Tensor& source, DType dtype);

TensorExtras copied_parts(const TensorExtras& from, DType dtype) {
  TensorExtras to = from;
  to.python = nullptr;
  to.values = copied(from.values, dtype);
  for (Tensor* part : {&to.indices, &to.compressed, &to.plain, &to.sizes, &to.strides, &to.offsets}) {
    if (part->defined()) *part = copied(*part, part->dtype());
  }
  return to;
}

// A contiguous copy in another dtype or the same, of any layout, with no gradient history yet and nothing lazy.
Tensor copied(const Tensor& source, DType dtype) {
  const TensorBody& from = body_of(source);
  if (from.layout != Layout::strided) {
    return composite(from.layout, dtype, from.sizes, from.numel, copied_parts(*from.extras, dtype));
  }
  if (source.is_meta()) return empty_meta(from.sizes, dtype);
  Tensor result = empty(from.sizes, {.dtype = dtype, .device = source.device()});
  copy_elements(*result.body(), from);
  if (from.is_lazy()) make_true(*result.body(), *from.extras);
  if (from.is_quantized()) extras_of(result).quantizer = from.extras->quantizer;
  return result;
}

Tensor copied_with_history(const Tensor& source, DType dtype) {
  Tensor result = copied(source, dtype);
  remember_source(result, source, Derived::copy);
  return result;
}

void fill_elements(const TensorBody& to, const std::byte* element) {
  if (to.numel == 0) return;
  const PairWalk walk(to.sizes, side_of(to), side_of(to));
  const FillRow fill_row = row_filler(itemsize(to.dtype));
  const auto fill_part = [&](int64_t begin, int64_t end) {
    walk.rows(begin, end,
              [&](std::byte* row, const std::byte*, size_t count) { fill_row(row, walk.to_step(), element, count); });
  };
  parallel_for(0, walk.numel(), grain, std::ref(fill_part));
}

}  // namespace

Tensor Tensor::clone() const {
  return trace::noted("aten::clone", copied_with_history(*this, dtype()), *this, 0);  // torch.contiguous_format
}

Tensor Tensor::contiguous() const { return is_contiguous() && !body_->is_lazy() ? *this : clone(); }

Tensor Tensor::to(DType dtype) const {
  if (this->dtype() == dtype) return *this;
  return trace::noted("aten::to.dtype", copied_with_history(*this, dtype), *this, dtype);
}

const Tensor& Tensor::copy_(const Tensor& source) const {
  require_strided_target(*this, "copy_");
  require_writable(*this);
  refuse_lost_gradient(*this, source);
  if (is_same(source)) return *this;
  if (source.layout() != Layout::strided) {
    throw Error(ErrorKind::unsupported,
                fmt::format("copy_ from a tensor of layout torch.{} into a strided one", name_of(source.layout())));
  }
  if (is_meta() || source.is_meta()) {
    if (is_meta()) return *this;
    throw Error(ErrorKind::bad_argument, "Cannot copy out of meta tensor; no data!");
  }
  const NoGrad copying;
  const Tensor expanded = source.resolve_conj().resolve_neg().expand(body_->sizes);
  copy_elements(*body_,
                *(may_overlap(*body_, *expanded.body()) ? copied(expanded, expanded.dtype()) : expanded).body());
  body_->storage->bump_version();
  return *this;
}

const Tensor& Tensor::fill_(double value) const {
  require_strided_target(*this, "fill_");
  require_writable(*this);
  require_fitting(dtype(), value);
  if (is_meta()) return *this;
  std::byte element[sizeof(std::complex<double>)] = {};
  store_wide(dtype(), element, value);
  fill_elements(*body_, element);
  body_->storage->bump_version();
  return *this;
}

}  // namespace okibi
