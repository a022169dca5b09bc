// What a Tensor is made of. For `tensor` and `ops` only.
#pragma once

#include <memory>

#include <okibi/tensor.h>

namespace okibi {

struct TensorClass;  // okibi/value.h

// How a tensor came from another, where that other needs a gradient: `ops` turns this into a node of the graph when the
// tensor is next used. A view of a view remembers the first tensor that is no such view.
enum class Derived : uint8_t { no, view, copy };  // copy: same sizes, possibly another dtype

// The parts that only unusual tensors have. A copy shares what it holds.
struct TensorExtras {
  Tensor values;                   // sparse; the buffer of a nested tensor
  Tensor indices;                  // sparse COO
  Tensor compressed, plain;        // indices of CSR and its like
  Tensor sizes, strides, offsets;  // nested
  bool coalesced = false;
  bool for_dense = false;  // COO: stands for the dense gradient that it comes to
  bool conj = false, neg = false;
  bool has_device = false;  // `device` tells, not the storage, where there is none, or its device is away
  Device device;
  std::shared_ptr<const Quantizer> quantizer;
  std::shared_ptr<const TensorClass> python;
};

struct TensorBody {
  std::shared_ptr<Storage> storage;
  int64_t storage_offset = 0;  // in elements
  int64_t numel = 0;
  Dims sizes;
  Dims strides;
  DType dtype = DType::float32;
  Layout layout = Layout::strided;
  bool contiguous = true;
  bool requires_grad = false;
  Derived derived = Derived::no;
  uint32_t graph_output = 0;  // which output of graph_node this is
  GraphNodePtr graph_node;    // what computed it; none for a leaf
  Tensor derived_from;
  Tensor grad;
  std::unique_ptr<TensorExtras> extras;

  TensorBody() = default;
  TensorBody(const TensorBody&) = delete;
  TensorBody& operator=(const TensorBody&) = delete;
  ~TensorBody();  // a chain of copies of copies is freed one by one, not by recursion

  bool is_leaf() const noexcept { return !graph_node && derived == Derived::no; }
  bool is_lazy() const noexcept { return extras && (extras->conj || extras->neg); }
  bool is_quantized() const noexcept { return extras && extras->quantizer; }
  // With no elements the offset may point anywhere, and is not followed.
  std::byte* data() const noexcept {
    if (!storage) return nullptr;
    return numel == 0 ? storage->data() : storage->data() + storage_offset * static_cast<int64_t>(itemsize(dtype));
  }
};

// A body from the thread's pool: a training step makes and drops the same few hundred.
std::shared_ptr<TensorBody> new_body();

// A tensor of the given geometry over a storage, with nothing checked: for callers that have.
Tensor strided_unchecked(std::shared_ptr<Storage> storage, DType dtype, Dims sizes, Dims strides,
                         int64_t storage_offset);

// The tensor of a layout that is no strided one, over the parts in `extras`.
Tensor composite(Layout layout, DType dtype, Dims sizes, int64_t numel, TensorExtras extras);

// A tensor of its own with the same numbers and all else that the other is, with no gradient history.
Tensor same_numbers(const Tensor& tensor);
TensorExtras& extras_of(const Tensor& tensor);  // made where there were none

// The body of a tensor that must be there. Error(bad_argument) when it is undefined.
TensorBody& body_of(const Tensor& tensor);

// Marks `result` as made from `source`, when that needs a gradient, `result` can have one, and the thread records.
void remember_source(const Tensor& result, const Tensor& source, Derived how);

// The gradient of a large table, from some rows of it, is kept as those rows: a COO tensor marked as standing for the dense
// one. Optimizers take it as it came; Tensor::grad() writes it out for everyone else.
bool stands_for_dense(const Tensor& gradient) noexcept;
Tensor standing_for_dense(const Tensor& rows);
const Tensor& gradient_as_it_came(const Tensor& parameter);

// Before a change in place: Error where gradients forbid it. After it: the storage's version rises.
void require_writable(const Tensor& tensor);
// And Error unless it has numbers, each in a place of its own; `operation` is for the message.
void require_strided_target(const Tensor& tensor, std::string_view operation);

// The sparse layouts with compressed indices: whether those are of rows, and whether a value is a block of numbers.
inline bool is_compressed(Layout layout) noexcept {
  return layout >= Layout::sparse_csr && layout <= Layout::sparse_bsc;
}
inline bool is_by_rows(Layout layout) noexcept { return layout == Layout::sparse_csr || layout == Layout::sparse_bsr; }
inline bool is_blocked(Layout layout) noexcept { return layout == Layout::sparse_bsr || layout == Layout::sparse_bsc; }

// Of a packed dtype, elements are looked at all together. Error(unsupported) for a part of a tensor or another order.
void require_whole(DType dtype, const Dims& sizes, const Dims& strides, int64_t storage_offset);

// The view of `base` with this geometry, remembering what it came from where gradients need that.
Tensor make_view(const Tensor& base, Dims sizes, Dims strides, int64_t storage_offset);

}  // namespace okibi
