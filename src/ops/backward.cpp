// The walk from a root to the leaves.
#include <algorithm>

#include <fmt/format.h>

#include <okibi/ops.h>

#include "ops/graph.h"
#include "tensor/body.h"

namespace okibi {
namespace autograd {
namespace {

// No other handle and no view can see these numbers change.
bool is_ours_alone(const Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.layout() == Layout::strided && tensor.storage() &&
         tensor.storage().use_count() == 1;
}

Tensor sum_of_sparse(const Tensor& a, const Tensor& b) {
  Tensor sum = sparse_coo_tensor(cat({a.indices(), b.indices()}, 1), cat({a.values(), b.values()}, 0), a.sizes());
  return stands_for_dense(a) || stands_for_dense(b) ? standing_for_dense(sum) : sum;
}

Tensor sum_of(const Tensor& a, const Tensor& b) {
  if (a.is_sparse() && b.is_sparse()) return sum_of_sparse(a, b);
  return add(a.is_sparse() ? to_dense(a) : a, b.is_sparse() ? to_dense(b) : b);
}

void accumulate(Tensor& sum, Tensor gradient) { sum = sum.defined() ? sum_of(sum, gradient) : std::move(gradient); }

void accumulate_into_leaf(const Tensor& leaf, Tensor gradient) {
  Tensor& grad = leaf.body()->grad;
  if (grad.defined()) {
    if (grad.is_sparse() || gradient.is_sparse())
      grad = sum_of(grad, gradient);
    else
      grad.copy_(add(grad, gradient));
  } else if (gradient.is_sparse() || (is_ours_alone(gradient) && gradient.is_contiguous())) {
    grad = std::move(gradient);
  } else {
    grad = gradient.clone();
  }
}

bool by_sequence(const Node* a, const Node* b) { return a->sequence < b->sequence; }

}  // namespace

// One call of backward(): a queue of nodes, latest first.
class Walk {
 public:
  explicit Walk(bool retain_graph) : retain_graph_(retain_graph) {}
  ~Walk() {
    for (Node* node : queue_) take_arrived(*node);  // after an error only
  }

  void send(const Edge& edge, Tensor gradient) {
    if (!edge.node) return accumulate_into_leaf(edge.leaf, std::move(gradient));
    Node& node = static_cast<Node&>(*edge.node.get());
    accumulate(node.arriving_[edge.output], std::move(gradient));
    if (node.queued_) return;
    node.queued_ = true;
    queue_.push_back(&node);
    std::push_heap(queue_.begin(), queue_.end(), by_sequence);
  }

  void run() {
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), by_sequence);
      Node& node = *queue_.back();
      queue_.pop_back();
      step(node);
    }
  }

 private:
  void step(Node& node) {
    const std::span<const Edge> edges = node.edges.all();
    const std::array<Tensor, Node::max_outputs> outputs = take_arrived(node);
    std::array<Tensor, 4> few;
    pool::Vector<Tensor> many(edges.size() > few.size() ? edges.size() : 0);
    const std::span<Tensor> inputs = many.empty() ? std::span(few).first(edges.size()) : std::span(many);
    node.backward(outputs, inputs);
    if (!retain_graph_) node.forget();
    for (size_t i = 0; i < edges.size(); ++i) {
      if (edges[i].needed() && inputs[i].defined()) send(edges[i], std::move(inputs[i]));
    }
  }

  static std::array<Tensor, Node::max_outputs> take_arrived(Node& node) {
    node.queued_ = false;
    return std::exchange(node.arriving_, {});
  }

  bool retain_graph_;
  pool::Vector<Node*> queue_;  // a heap; its nodes belong to the tensors and edges that lead to them
};

Tensor first_gradient(const Tensor& root, const Tensor& gradient) {
  if (!root.requires_grad()) {
    throw Error(ErrorKind::bad_argument, "element 0 of tensors does not require grad and does not have a grad_fn")
        .hint("No parameter that needs a gradient took part in computing it, or grad mode was off.");
  }
  if (!gradient.defined()) {
    if (root.numel() == 1) return ones(root.sizes(), {root.dtype()});
    throw Error(ErrorKind::bad_argument, "grad can be implicitly created only for scalar outputs")
        .found(fmt::format("a tensor of sizes {}", to_string(root.sizes())))
        .hint("Reduce it with sum() or mean(), or pass a gradient.");
  }
  if (gradient.sizes() == root.sizes()) return gradient.to(root.dtype());
  throw Error(ErrorKind::bad_argument, "the gradient given to backward has other sizes than the tensor")
      .expected(to_string(root.sizes()))
      .found(to_string(gradient.sizes()));
}

}  // namespace autograd

void backward(const Tensor& root, const Tensor& gradient, bool retain_graph) {
  if (!root.defined()) throw Error(ErrorKind::bad_argument, "backward() of an undefined tensor");
  NoGrad no_grad;
  autograd::Walk walk(retain_graph);
  const autograd::Edge edge = autograd::edge_to(root);  // owns the node, where root is a view that only remembers
  walk.send(edge, autograd::first_gradient(root, gradient));
  walk.run();
}

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  okibi::backward(*this, gradient, retain_graph);
}

}  // namespace okibi
