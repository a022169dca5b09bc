// Conjugation and negation that are only marked: the bytes stay as they are, and readers of numbers do the rest.
#include <fmt/format.h>

#include "tensor/body.h"
#include "tensor/element.h"

namespace okibi {
namespace {

const TensorBody& markable(const Tensor& tensor, std::string_view operation) {
  const TensorBody& body = body_of(tensor);
  if (body.layout == Layout::strided && !body.is_quantized() && body.dtype != boolean && has_element_type(body.dtype)) {
    return body;
  }
  throw Error(ErrorKind::bad_argument, fmt::format("{} of a tensor whose elements have no sign", operation))
      .found(body.layout == Layout::strided ? fmt::format("torch.{}", name_of(body.dtype))
                                            : fmt::format("layout torch.{}", name_of(body.layout)));
}

Tensor view_of_same(const Tensor& tensor) {
  return make_view(tensor, tensor.sizes(), tensor.strides(), tensor.storage_offset());
}

}  // namespace

bool Tensor::is_conj() const noexcept { return body_ && body_->extras && body_->extras->conj; }

bool Tensor::is_neg() const noexcept { return body_ && body_->extras && body_->extras->neg; }

Tensor Tensor::conj() const {
  if (!is_complex(dtype())) return *this;
  markable(*this, "conj");
  Tensor view = view_of_same(*this);
  TensorExtras& extras = extras_of(view);
  extras.conj = !extras.conj;
  return view;
}

Tensor Tensor::neg_view() const {
  markable(*this, "neg_view");
  Tensor view = view_of_same(*this);
  TensorExtras& extras = extras_of(view);
  extras.neg = !extras.neg;
  return view;
}

// clone() writes both out.
Tensor Tensor::resolve_conj() const { return is_conj() ? clone() : *this; }
Tensor Tensor::resolve_neg() const { return is_neg() ? clone() : *this; }

}  // namespace okibi
