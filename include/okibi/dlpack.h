// okibi/dlpack.h: tensors of other libraries, and for them, without copying: PyTorch, NumPy, ONNX Runtime, TensorFlow,
// CuPy and others exchange by DLPack (https://dmlc.github.io/dlpack). Its own header, dlpack/dlpack.h, is for who looks
// into a DLManagedTensor; to pass one on, none is needed.
//
//   okibi::Value y = model.forward({okibi::from_dlpack(image)});
//   DLManagedTensor* result = okibi::to_dlpack(y.to_tensor());   // result->deleter(result) when it is no longer needed
#pragma once

#include <okibi/tensor.h>

struct DLManagedTensor;  // as DLPack had it before 1.0, and all of these still give and take

namespace okibi {

// The tensor's numbers, where they are. It is let go (its deleter is called) when the last tensor that shows them is,
// on whichever thread that happens. What is written here, its owner sees; okibi's operators in place notice no changes
// of the owner's. Error(unsupported), and the caller keeps it, for tensors that do not lie in memory (CPU, or pinned
// for a GPU), for dtypes that okibi does not have, several lanes and negative strides.
Tensor from_dlpack(DLManagedTensor* tensor);

// The same numbers, kept until whoever takes it calls its deleter, on any thread. Error(unsupported) for tensors that
// are not strided, quantised, lazily negated or conjugated, or of a dtype that DLPack does not have;
// Error(bad_argument) for one that requires a gradient, as in PyTorch: detach() it.
DLManagedTensor* to_dlpack(const Tensor& tensor);

}  // namespace okibi
