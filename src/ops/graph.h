// The graph that backward() walks. A node is one operation that was recorded: what it saved, and for each of its inputs
// the edge along which that input's gradient goes on.
//
// A node's consumers are always recorded after it, so going through the nodes by falling sequence number meets each one
// when all gradients of its outputs have come together; no counting pass is needed.
#pragma once

#include <array>
#include <span>

#include <okibi/tensor.h>

#include "tensor/pool.h"

namespace okibi::autograd {

class Node;

// Where a gradient goes: to an output of another node, into a leaf's .grad, or nowhere.
struct Edge {
  GraphNodePtr node = {};
  uint32_t output = 0;
  Tensor leaf = {};

  bool needed() const noexcept { return node || leaf.defined(); }
};

// The edges of a node. Three lie inside, which is what nearly all operations need.
class Edges {
 public:
  void push_back(Edge edge);
  std::span<const Edge> all() const noexcept {
    return many_.empty() ? std::span<const Edge>(few_.data(), count_) : std::span<const Edge>(many_);
  }
  bool needed(size_t input) const noexcept { return all()[input].needed(); }

 private:
  std::array<Edge, 3> few_;
  size_t count_ = 0;
  pool::Vector<Edge> many_;
};

// A tensor that a node keeps for backward. Changing it in place in between is an error that backward reports.
class SavedTensor {
 public:
  SavedTensor() = default;
  static SavedTensor input(const Tensor& tensor) { return SavedTensor(tensor); }
  // An output is kept without its history: it would otherwise own the node that owns it.
  static SavedTensor output(const Tensor& tensor) { return SavedTensor(tensor.detach()); }

  bool defined() const noexcept { return tensor_.defined(); }
  const Tensor& get() const;

 private:
  explicit SavedTensor(Tensor tensor);
  Tensor tensor_;
  uint32_t version_ = 0;
};

class Node : public GraphNode {
 public:
  static constexpr size_t max_outputs = 3;

  Node();
  void release() noexcept final;  // frees chains of nodes one by one, however long

  // The gradients of the inputs, into `inputs` (as many as there are edges), from those of the outputs, of which some
  // may be undefined. Those whose edge is not needed may stay undefined.
  virtual void backward(std::span<const Tensor> outputs, std::span<Tensor> inputs) = 0;
  virtual void forget() = 0;  // drops what was saved

  static void* operator new(size_t size);
  static void operator delete(void* at, size_t size) noexcept;

  Edges edges;
  const uint64_t sequence;

 private:
  friend class Walk;
  std::array<Tensor, max_outputs> arriving_;  // gradients of the outputs, while backward() runs
  bool queued_ = false;
  Node* next_dead_ = nullptr;
};

// The edge along which the gradient of `tensor` goes. For a view or a copy that only remembers its source, the node
// that undoes it is made here.
Edge edge_to(const Tensor& tensor);

// Makes `node` the one that computed output `index`.
void attach(const Tensor& output, const GraphNodePtr& node, uint32_t index);

}  // namespace okibi::autograd
