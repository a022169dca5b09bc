#include "ops/graph.h"

#include <atomic>

#include <fmt/format.h>

#include "tensor/body.h"

namespace okibi::autograd {

void Edges::push_back(Edge edge) {
  if (count_ < few_.size()) {
    few_[count_++] = std::move(edge);
    return;
  }
  if (many_.empty()) many_.assign(std::make_move_iterator(few_.begin()), std::make_move_iterator(few_.end()));
  many_.push_back(std::move(edge));
}

// ------------------------------------------------------------------------------------------------------ saved tensors

SavedTensor::SavedTensor(Tensor tensor) : tensor_(std::move(tensor)) {
  if (tensor_.defined() && tensor_.storage()) version_ = tensor_.storage()->version();
}

const Tensor& SavedTensor::get() const {
  if (tensor_.defined() && tensor_.storage() && tensor_.storage()->version() != version_) {
    throw Error(
        ErrorKind::bad_argument,
        fmt::format("one of the variables needed for gradient computation has been modified by an inplace operation: "
                    "a {} tensor of sizes {} is at version {}; expected version {} instead",
                    name_of(tensor_.dtype()), to_string(tensor_.sizes()), tensor_.storage()->version(), version_))
        .hint("Change a copy (clone()) instead, or change it after backward().");
  }
  return tensor_;
}

// --------------------------------------------------------------------------------------------------------------- nodes

namespace {
std::atomic<uint64_t> next_sequence = 0;
thread_local Node* dead_nodes = nullptr;
thread_local bool burying = false;
}  // namespace

Node::Node() : sequence(next_sequence.fetch_add(1, std::memory_order_relaxed)) {}

void* Node::operator new(size_t size) { return pool::take(size); }
void Node::operator delete(void* at, size_t size) noexcept { pool::give(static_cast<std::byte*>(at), size); }

// Deleting a node drops its edges, which releases further nodes: those only join the list of the dead.
void Node::release() noexcept {
  next_dead_ = dead_nodes;
  dead_nodes = this;
  if (burying) return;
  burying = true;
  while (Node* node = dead_nodes) {
    dead_nodes = node->next_dead_;
    delete node;
  }
  burying = false;
}

void attach(const Tensor& output, const GraphNodePtr& node, uint32_t index) {
  TensorBody& body = *output.body();
  body.graph_node = node;
  body.graph_output = index;
  body.requires_grad = true;
}

}  // namespace okibi::autograd
