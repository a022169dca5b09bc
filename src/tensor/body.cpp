#include "tensor/body.h"

#include <fmt/format.h>

#include "tensor/geometry.h"
#include "tensor/pool.h"

namespace okibi {

TensorBody::~TensorBody() {
  Tensor next = std::move(derived_from);
  while (TensorBody* body = next.body()) {
    if (next.use_count() > 1) break;
    Tensor after = std::move(body->derived_from);
    next = std::move(after);  // frees `body`, which now refers to nothing
  }
}

std::shared_ptr<TensorBody> new_body() { return std::allocate_shared<TensorBody>(pool::Allocator<TensorBody>()); }

TensorBody& body_of(const Tensor& tensor) {
  if (tensor.defined()) return *tensor.body();
  throw Error(ErrorKind::bad_argument, "this tensor is undefined: it has no dtype, sizes or numbers")
      .hint("Check defined() first where a tensor may be missing.");
}

Tensor strided_unchecked(std::shared_ptr<Storage> storage, DType dtype, Dims sizes, Dims strides,
                         int64_t storage_offset) {
  std::shared_ptr<TensorBody> body = new_body();
  body->storage = std::move(storage);
  body->storage_offset = storage_offset;
  body->numel = numel_of(sizes);
  body->contiguous = is_contiguous(sizes, strides);
  body->sizes = std::move(sizes);
  body->strides = std::move(strides);
  body->dtype = dtype;
  return Tensor(std::move(body));
}

void remember_source(const Tensor& result, const Tensor& source, Derived how) {
  TensorBody& made = *result.body();
  if (!source.requires_grad() || !grad_enabled()) return;
  if (!is_floating_point(made.dtype) && !is_complex(made.dtype)) return;
  const TensorBody& from = *source.body();
  const bool view_of_view = how == Derived::view && from.derived == Derived::view;
  made.requires_grad = true;
  made.derived = how;
  made.derived_from = view_of_view ? from.derived_from : source;
}

namespace {

// What a view has of the tensor that it shows, besides the numbers.
std::unique_ptr<TensorExtras> extras_of_view(const TensorExtras& from) {
  if (from.quantizer && from.quantizer->scales.defined()) {
    throw Error(ErrorKind::unsupported, "a view of a tensor that is quantised per channel")
        .hint("Look at its dequantize() or int_repr().");
  }
  auto extras = std::make_unique<TensorExtras>();
  extras->device = from.device;
  extras->has_device = from.has_device;
  extras->conj = from.conj;
  extras->neg = from.neg;
  extras->quantizer = from.quantizer;
  return extras;
}

}  // namespace

void require_whole(DType dtype, const Dims& sizes, const Dims& strides, int64_t storage_offset) {
  if (storage_offset == 0 && is_contiguous(sizes, strides)) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("a part of a tensor of torch.{}, of which each byte holds {} elements", name_of(dtype),
                          elements_per_byte(dtype)));
}

Tensor make_view(const Tensor& base, Dims sizes, Dims strides, int64_t storage_offset) {
  const TensorBody& from = *base.body();
  if (is_packed(from.dtype)) require_whole(from.dtype, sizes, strides, storage_offset);
  Tensor view = strided_unchecked(from.storage, from.dtype, std::move(sizes), std::move(strides), storage_offset);
  if (from.extras) view.body()->extras = extras_of_view(*from.extras);
  remember_source(view, base, Derived::view);
  return view;
}

Tensor composite(Layout layout, DType dtype, Dims sizes, int64_t numel, TensorExtras extras) {
  std::shared_ptr<TensorBody> body = new_body();
  body->dtype = dtype;
  body->layout = layout;
  body->numel = numel;
  body->sizes = std::move(sizes);
  body->contiguous = false;
  extras.device = extras.values.device();
  extras.has_device = true;
  body->extras = std::make_unique<TensorExtras>(std::move(extras));
  return Tensor(std::move(body));
}

Tensor same_numbers(const Tensor& tensor) {
  const TensorBody& from = body_of(tensor);
  std::shared_ptr<TensorBody> body = new_body();
  body->storage = from.storage;
  body->storage_offset = from.storage_offset;
  body->numel = from.numel;
  body->sizes = from.sizes;
  body->strides = from.strides;
  body->dtype = from.dtype;
  body->layout = from.layout;
  body->contiguous = from.contiguous;
  if (from.extras) body->extras = std::make_unique<TensorExtras>(*from.extras);
  return Tensor(std::move(body));
}

TensorExtras& extras_of(const Tensor& tensor) {
  TensorBody& body = body_of(tensor);
  if (!body.extras) body.extras = std::make_unique<TensorExtras>();
  return *body.extras;
}

}  // namespace okibi
