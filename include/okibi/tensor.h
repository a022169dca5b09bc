// okibi/tensor.h: storages and tensors.
//
// A Tensor is a handle: copies refer to the same tensor, as Python's names do. It has a dtype, a layout, sizes and
// strides (in elements) over a Storage, which views share. What PyTorch calls a method that changes a tensor in place
// ends in `_`, and works through a const handle, since the handle is not what changes.
//
// Threads: any number may read one tensor. Writing to it, or to another that shares its storage, needs the caller's own
// order, as with std::vector.
//
// Gradients: a tensor says whether it needs one, and holds the one it got. Views, copies and casts made here remember
// what they were made from when that needs a gradient; the tape itself, and backward(), live in okibi/ops.h.
#pragma once

#include <atomic>
#include <concepts>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <okibi/dtype.h>

namespace okibi {

class Tensor;

// Bytes that many tensors may share: from the heap, mapped from a file, or lent by someone else. They live as long as
// any tensor over them.
class Storage {
 public:
  // Uninitialised, 64-byte aligned; large ones on huge pages where the system has them. Blocks are kept by the thread
  // that frees them and handed out again, so that a training step in its steady state asks the system for nothing.
  static std::shared_ptr<Storage> allocate(size_t nbytes, Device device = {});
  // Lent: `owner` keeps the bytes alive.
  static std::shared_ptr<Storage> borrow(std::shared_ptr<void> owner, std::byte* data, size_t nbytes, Device device = {});

  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage();

  std::byte* data() const noexcept { return data_; }
  size_t nbytes() const noexcept { return nbytes_; }
  const Device& device() const noexcept { return device_; }

  // Rises with each change in place, through whichever view. The tape compares it to notice a saved tensor that changed.
  uint32_t version() const noexcept { return version_.load(std::memory_order_relaxed); }
  void bump_version() noexcept { version_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Storage() = default;
  std::byte* data_ = nullptr;
  size_t nbytes_ = 0;
  bool pooled_ = false;  // from the pool, to which it goes back; not lent
  std::shared_ptr<void> owner_;
  Device device_;
  std::atomic<uint32_t> version_ = 0;
};

// A step of the graph that computed a tensor. Made, walked and freed by `ops` only.
struct GraphNode {
  virtual ~GraphNode() = default;
  virtual const char* name() const noexcept = 0;  // "AddmmBackward0"-like, for messages
  virtual void release() noexcept = 0;            // called when the last reference goes
  std::atomic<uint32_t> references = 0;
};
class GraphNodePtr {  // a counted reference, as small as a pointer
 public:
  GraphNodePtr() = default;
  explicit GraphNodePtr(GraphNode* node) noexcept : node_(node) { if (node_) node_->references.fetch_add(1, std::memory_order_relaxed); }
  GraphNodePtr(const GraphNodePtr& other) noexcept : GraphNodePtr(other.node_) {}
  GraphNodePtr(GraphNodePtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  GraphNodePtr& operator=(GraphNodePtr other) noexcept { std::swap(node_, other.node_); return *this; }
  ~GraphNodePtr() { if (node_ && node_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) node_->release(); }
  GraphNode* get() const noexcept { return node_; }
  GraphNode* operator->() const noexcept { return node_; }
  explicit operator bool() const noexcept { return node_ != nullptr; }

 private:
  GraphNode* node_ = nullptr;
};

// What a tensor is besides its numbers; shared by all handles to it. Only `tensor` and `ops` look inside.
struct TensorBody;

struct TensorOptions {
  DType dtype = DType::float32;
  Device device = {};
};

struct Quantizer;

enum class QScheme : uint8_t {
  per_tensor_affine,
  per_channel_affine,
  per_tensor_symmetric,
  per_channel_symmetric,
  per_channel_affine_float_qparams,
};
std::string_view name_of(QScheme scheme) noexcept;  // as PyTorch prints it, without "torch."

class Tensor {
 public:
  Tensor() = default;  // undefined, like PyTorch's None where a tensor may be missing
  explicit Tensor(std::shared_ptr<TensorBody> body) noexcept : body_(std::move(body)) {}

  // A strided tensor over bytes that are there. Every element must lie within the storage: else Error(bad_file), with
  // the numbers, since it is mostly files that ask for that.
  static Tensor over(std::shared_ptr<Storage> storage, DType dtype, Dims sizes, Dims strides, int64_t storage_offset = 0);

  bool defined() const noexcept { return body_ != nullptr; }
  bool is_same(const Tensor& other) const noexcept { return body_ == other.body_; }  // Python's `is`
  TensorBody* body() const noexcept { return body_.get(); }
  long use_count() const noexcept { return body_.use_count(); }  // handles to it
  std::weak_ptr<TensorBody> weak() const noexcept { return body_; }  // no other tensor has its address before this goes

  // ---- what it is. On an undefined tensor: Error(bad_argument).
  DType dtype() const;
  Layout layout() const;
  const Device& device() const;
  int64_t dim() const;
  const Dims& sizes() const;
  const Dims& strides() const;
  int64_t size(int64_t dim) const;  // negative counts from the end
  int64_t stride(int64_t dim) const;
  int64_t numel() const;
  size_t nbytes() const;  // of its elements, as if contiguous
  int64_t storage_offset() const;
  const std::shared_ptr<Storage>& storage() const;  // null for meta and sparse tensors
  bool is_contiguous() const;
  bool is_meta() const;

  // ---- its numbers
  // The first element. T must be the dtype's C++ type, else Error(bad_argument). Elements lie at their strides.
  template <Element T>
  T* data() const { return reinterpret_cast<T*>(data_checked(dtype_of<T>)); }
  std::byte* raw_data() const;
  // The only element, converted. Error(bad_argument) when there are several.
  template <class T>
    requires std::is_arithmetic_v<T>
  T item() const { if constexpr (std::is_same_v<T, bool>) return item_real() != 0; else if constexpr (std::is_integral_v<T>) return static_cast<T>(item_integer()); else return static_cast<T>(item_real()); }
  // A copy of all elements in row-major order, converted.
  template <Element T>
  std::vector<T> to_vector() const;

  // ---- views: they share the storage
  Tensor view(Dims sizes) const;     // one size may be -1; Error(bad_argument) where strides do not permit
  Tensor reshape(Dims sizes) const;  // a view where possible, else a copy
  Tensor flatten(int64_t first = 0, int64_t last = -1) const;
  Tensor slice(int64_t dim, int64_t begin, int64_t end, int64_t step = 1) const;  // Python's rules for ends
  Tensor narrow(int64_t dim, int64_t begin, int64_t length) const;
  Tensor select(int64_t dim, int64_t index) const;
  Tensor operator[](int64_t index) const { return select(0, index); }
  Tensor rows(int64_t begin, int64_t end) const { return slice(0, begin, end); }
  Tensor transpose(int64_t a, int64_t b) const;
  Tensor t() const;
  Tensor permute(Dims order) const;
  Tensor squeeze() const;
  Tensor squeeze(int64_t dim) const;
  Tensor unsqueeze(int64_t dim) const;
  Tensor expand(Dims sizes) const;  // broadcast without copying: stride 0
  Tensor as_strided(Dims sizes, Dims strides, int64_t storage_offset) const;
  Tensor detach() const;  // the same numbers, with no gradient history

  // ---- copies
  Tensor clone() const;       // contiguous, in storage of its own
  Tensor contiguous() const;  // itself when it already is
  Tensor to(DType dtype) const;  // itself when it already is; conversions as C++ and PyTorch make them

  // ---- in place
  const Tensor& copy_(const Tensor& source) const;  // broadcasts and converts
  const Tensor& fill_(double value) const;
  const Tensor& zero_() const { return fill_(0); }

  // ---- gradients
  bool requires_grad() const noexcept;
  const Tensor& requires_grad_(bool value = true) const;  // Error(bad_argument) for dtypes that are no real or complex numbers
  bool is_leaf() const noexcept;
  Tensor grad() const;  // undefined when there is none. A large table's may be written out by the first call: one thread
  void set_grad(Tensor gradient) const;    // undefined clears it
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;  // in libokibi; see okibi/ops.h

  // ---- lazily conjugated or negated views: what lies in the storage is not yet their numbers. Everything here that
  // gives numbers gives the right ones, data() and raw_data() apart; `ops` wants them resolved.
  bool is_conj() const noexcept;
  bool is_neg() const noexcept;
  Tensor conj() const;          // a view; itself when its numbers are real
  Tensor neg_view() const;      // PyTorch's _neg_view()
  Tensor resolve_conj() const;  // with its numbers written out; itself when nothing is to be done
  Tensor resolve_neg() const;

  // ---- sparse. COO: `indices` is int64 (sparse_dim, nnz), `values` (nnz, ...). CSR and BSR have crow_indices (..., rows
  // + 1) and col_indices (..., nnz), CSC and BSC ccol_indices and row_indices; `values` is (..., nnz, ...).
  bool is_sparse() const;             // COO, as in PyTorch
  bool is_sparse_compressed() const;  // CSR, CSC, BSR, BSC
  Tensor indices() const;
  Tensor values() const;  // of any of them; of a nested tensor its buffer
  bool is_coalesced() const;
  Tensor crow_indices() const;
  Tensor col_indices() const;
  Tensor ccol_indices() const;
  Tensor row_indices() const;
  Tensor compressed_indices() const;  // crow or ccol, whichever it has
  Tensor plain_indices() const;       // col or row

  // ---- quantised: dtype qint8, quint8, qint32 …; a number is (int_repr - zero point) * scale
  bool is_quantized() const noexcept;
  const Quantizer& quantizer() const;
  QScheme qscheme() const;
  double q_scale() const;
  int64_t q_zero_point() const;
  Tensor q_per_channel_scales() const;
  Tensor q_per_channel_zero_points() const;
  int64_t q_per_channel_axis() const;
  Tensor int_repr() const;    // the integers as they are stored
  Tensor dequantize() const;  // float32

  // ---- nested: several tensors of different sizes in one buffer. sizes() is [how many, …], with -1 where they differ.
  bool is_nested() const noexcept;
  Tensor nested_sizes() const;            // int64 (how many, dims), as _nested_tensor_size()
  Tensor nested_strides() const;          // the same of strides
  Tensor nested_storage_offsets() const;  // int64 (how many)
  std::vector<Tensor> unbind() const;     // of a nested tensor: each of them, as a view

 private:
  std::byte* data_checked(DType dtype) const;
  int64_t item_integer() const;
  double item_real() const;
  std::shared_ptr<TensorBody> body_;
};

// How the integers of a quantised tensor are numbers.
struct Quantizer {
  QScheme scheme = QScheme::per_tensor_affine;
  double scale = 1;  // one for the whole tensor,
  int64_t zero_point = 0;
  Tensor scales = {}, zero_points = {};  // or one for each index of the dimension `axis`
  int64_t axis = 0;
};

// ---- making tensors
Tensor empty(Dims sizes, TensorOptions options = {});  // uninitialised
Tensor empty_meta(Dims sizes, DType dtype);            // no storage
Tensor zeros(Dims sizes, TensorOptions options = {});
Tensor ones(Dims sizes, TensorOptions options = {});
Tensor full(Dims sizes, double value, TensorOptions options = {});
Tensor arange(int64_t end);  // int64
// What is made of parts looks at dtypes and sizes of the parts, in time that does not depend on how large they are. What
// numbers in the parts must be (indices within the sizes, in order …), check_invariants() looks at.
Tensor sparse_coo_tensor(Tensor indices, Tensor values, Dims sizes, bool coalesced = false);
Tensor sparse_compressed_tensor(Layout layout, Tensor compressed_indices, Tensor plain_indices, Tensor values,
                                Dims sizes);
// The integers of `integers`, of a quantised dtype, as numbers. It shares the storage.
Tensor quantized_tensor(const Tensor& integers, Quantizer quantizer);
Tensor nested_tensor(Tensor buffer, Tensor sizes, Tensor strides, Tensor storage_offsets);
// Error(bad_file) unless indices, offsets and the like of a sparse or nested tensor are what PyTorch requires. Linear in
// the bytes of the parts.
void check_invariants(const Tensor& tensor);

// What may stand between the braces of tensor({{1, 2.5}, {3, 4}}).
class TensorLiteral {
 public:
  template <class T>
    requires std::is_arithmetic_v<T>
  TensorLiteral(T value)
      : kind_(std::is_same_v<T, bool> ? Kind::truth : std::is_integral_v<T> ? Kind::integer : Kind::real),
        integer_(std::is_integral_v<T> ? static_cast<int64_t>(value) : 0), real_(static_cast<double>(value)) {}
  TensorLiteral(std::initializer_list<TensorLiteral> items) : kind_(Kind::list), items_(items) {}

 private:
  friend Tensor tensor(const TensorLiteral& literal, std::optional<DType> dtype);
  friend struct LiteralReader;
  enum class Kind : uint8_t { truth, integer, real, list };
  Kind kind_;
  int64_t integer_ = 0;
  double real_ = 0;
  std::vector<TensorLiteral> items_;
};

// As torch.tensor: all bools give bool, all ints int64, any real number float32, unless `dtype` says otherwise. Ragged
// braces are Error(bad_argument) with the place.
Tensor tensor(const TensorLiteral& literal, std::optional<DType> dtype = {});
template <Element T>
Tensor tensor(std::span<const T> values, Dims sizes);  // copies
template <Element T>
Tensor tensor(const std::vector<T>& values) { return tensor(std::span<const T>(values), {static_cast<int64_t>(values.size())}); }

// ---- arithmetic of shapes
Dims broadcast_sizes(const Dims& a, const Dims& b);  // Error(bad_argument) in PyTorch's words, with both shapes
bool equal(const Tensor& a, const Tensor& b);        // same dtype, sizes and bits of numbers (NaN equals no NaN)
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);
double max_abs_difference(const Tensor& a, const Tensor& b);  // NaN where either has one that the other has not

// ---- grad mode, for each thread
bool grad_enabled() noexcept;
class NoGrad {  // while it lives, nothing is recorded on this thread: torch.no_grad()
 public:
  NoGrad() noexcept;
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

// ---- printing, as PyTorch prints: tensor([[ 4.0000,  5.1000,  6.3000]])
std::string to_string(const Tensor& tensor);
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace okibi
