// checkpoint/resolve.h: what a pickle says → the Value it means.
#pragma once

#include <okibi/checkpoint.h>
#include <okibi/pickle.h>

#include "checkpoint/pickled/storage_ref.h"

namespace okibi::checkpoint {

// Geometry that a file gives a tensor. Nothing of it is checked yet.
struct TensorSpec {
  DType dtype = DType::float32;
  int64_t storage_offset = 0;  // in elements
  Dims sizes = {};
  Dims strides = {};
};

// A tensor that lies in the file as several boxes of it, as sharded checkpoints keep it.
struct Assembly {
  struct Box {
    Dims offsets = {}, sizes = {};  // in elements of each dimension
    std::string piece = {};         // what OpenedFile::piece knows it as
  };
  DType dtype = DType::float32;
  Dims sizes = {};
  std::vector<Box> boxes = {};  // checked by the format: within the sizes, disjoint, and together all of them
};

// Makes the tensors that a pickle describes; where their bytes come from, and when, is the format's concern.
class TensorMaker {
 public:
  virtual ~TensorMaker() = default;
  // Error(bad_file) unless every element lies within the storage, and the storage is all of its record.
  virtual Tensor make(const StorageRef& storage, const TensorSpec& spec) = 0;
  virtual Tensor assemble(const Assembly& assembly) = 0;
  // `same` is a further tensor over the numbers of `made`, which came from here.
  virtual void also_made(const Tensor& same, const Tensor& made) { (void)same, (void)made; }
  // Sparse tensors need their indices checked: the numbers of all tensors made so far must be there afterwards.
  virtual void read_now() {}
  // False for tensors whose numbers are not there, nor will be: nothing may look at them then.
  virtual bool has_numbers() const { return true; }
  // The tensor with its numbers, for one that the making of another depends on: from the file, where it has none yet.
  virtual Tensor with_numbers(const Tensor& tensor) { return tensor; }
};

// Hands everything on; a base for those that change one thing on the way.
class ForwardingMaker : public TensorMaker {
 public:
  explicit ForwardingMaker(TensorMaker& next) : next_(next) {}
  Tensor make(const StorageRef& storage, const TensorSpec& spec) override { return next_.make(storage, spec); }
  Tensor assemble(const Assembly& assembly) override { return next_.assemble(assembly); }
  void also_made(const Tensor& same, const Tensor& made) override { next_.also_made(same, made); }
  void read_now() override { next_.read_now(); }
  bool has_numbers() const override { return next_.has_numbers(); }
  Tensor with_numbers(const Tensor& tensor) override { return next_.with_numbers(tensor); }

 protected:
  TensorMaker& next_;
};

// Shared nodes become shared Values. Iterative, so depth costs no stack; cycles are closed (close_cycles).
// Error(unsafe) for globals that are not allowed, before anything is made; Error(bad_file) and Error(unsupported) with
// the offset in the pickle.
Value resolve(const pickle::Graph& graph, TensorMaker& tensors, const LoadOptions& options);

}  // namespace okibi::checkpoint
