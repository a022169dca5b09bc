#include <okibi/value.h>

#include "tensor/body.h"

namespace okibi {

const TensorClass* tensor_class(const Tensor& tensor) noexcept {
  const TensorBody* body = tensor.body();
  return body && body->extras ? body->extras->python.get() : nullptr;
}

Tensor with_tensor_class(const Tensor& tensor, TensorClass seen_as) {
  Tensor result = same_numbers(tensor);
  extras_of(result).python = std::make_shared<const TensorClass>(std::move(seen_as));
  if (tensor.requires_grad()) result.requires_grad_();
  return result;
}

void drop_tensor_class(const Tensor& tensor) {
  if (tensor_class(tensor)) extras_of(tensor).python = nullptr;
}

Tensor on_device(const Tensor& tensor, const Device& device) {
  Tensor result = same_numbers(tensor);
  TensorExtras& extras = extras_of(result);
  extras.device = device;
  extras.has_device = true;
  return result;
}

Tensor parameter(const Tensor& data, bool requires_grad) {
  return with_tensor_class(data.detach(), {.module = "torch.nn.parameter", .name = "Parameter"})
      .requires_grad_(requires_grad);
}

}  // namespace okibi
