// Views, copies and casts are made below the tape, in `tensor`, where they only remember what they came from. Here that
// memory becomes a node, each time such a tensor is used by something that is recorded.
#include <algorithm>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/graph.h"
#include "tensor/body.h"

namespace okibi::autograd {
namespace {

// Where a strided tensor's elements lie.
struct Place {
  Dims sizes, strides;
  int64_t offset = 0;

  explicit Place(const TensorBody& body) : sizes(body.sizes), strides(body.strides), offset(body.storage_offset) {}
  bool operator==(const Place&) const = default;
  int64_t last() const noexcept {  // of the element furthest on
    int64_t at = offset;
    for (size_t d = 0; d < sizes.size(); ++d) at += (sizes[d] - 1) * strides[d];
    return at;
  }
};

// Whether no two elements of the view lie at the same place.
bool is_one_to_one(const Place& view) {
  Dims order(view.sizes.size(), 0);
  for (size_t d = 0; d < order.size(); ++d) order[d] = static_cast<int64_t>(d);
  std::ranges::sort(order, {}, [&](int64_t d) { return view.strides[static_cast<size_t>(d)]; });
  int64_t reach = 0;  // of the dimensions with smaller strides
  for (const int64_t at : order) {
    const size_t d = static_cast<size_t>(at);
    if (view.sizes[d] == 1) continue;
    if (view.strides[d] <= reach) return false;
    reach += (view.sizes[d] - 1) * view.strides[d];
  }
  return true;
}

// Calls visit(offset) for each element of `place`, in row-major order.
template <class Visit>
void for_each_offset(const Place& place, Visit&& visit) {
  Dims index(place.sizes.size(), 0);
  int64_t at = place.offset;
  const int64_t count = numel_of(place.sizes);
  for (int64_t i = 0; i < count; ++i) {
    visit(at);
    for (size_t d = place.sizes.size(); d-- > 0;) {
      at += place.strides[d];
      if (++index[d] < place.sizes[d]) break;
      at -= place.strides[d] * place.sizes[d];
      index[d] = 0;
    }
  }
}

// The gradient of `base` from that of its view: each element is added where the view showed it. A view may show what of
// the storage lies outside of `base`, whose gradient nobody asks for.
Tensor gradient_of_base(const Place& base, const Place& view, const Tensor& gradient) {
  if (numel_of(base.sizes) == 0 || gradient.numel() == 0) return zeros(base.sizes, {gradient.dtype()});
  const int64_t begin = std::min(base.offset, view.offset), last = std::max(base.last(), view.last());
  Tensor spread = zeros({last - begin + 1}, {gradient.dtype()});
  if (is_one_to_one(view)) {
    spread.as_strided(view.sizes, view.strides, view.offset - begin).copy_(gradient);
    return spread.as_strided(base.sizes, base.strides, base.offset - begin).contiguous();
  }
  const Tensor flat = gradient.contiguous();
  dispatch_floating(gradient.dtype(), "as_strided backward", [&]<class T>() {
    const T* from = flat.data<T>();
    T* to = spread.data<T>();
    for_each_offset(view, [&](int64_t at) { to[at - begin] += *from++; });
  });
  return spread.as_strided(base.sizes, base.strides, base.offset - begin).contiguous();
}

class ViewNode final : public Node {
 public:
  ViewNode(const TensorBody& base, const TensorBody& view)
      : base_(base), view_(view), same_order_(base.contiguous && view.contiguous && base.numel == view.numel &&
                    base.storage_offset == view.storage_offset) {}
  const char* name() const noexcept override { return "AsStridedBackward0"; }
  void backward(std::span<const Tensor> outputs, std::span<Tensor> inputs) override {
    inputs[0] = same_order_ ? outputs[0].reshape(base_.sizes) : gradient_of_base(base_, view_, outputs[0]);
  }
  void forget() override {}

 private:
  Place base_, view_;
  bool same_order_;
};

class CopyNode final : public Node {
 public:
  explicit CopyNode(DType source) : source_(source) {}
  const char* name() const noexcept override { return "ToCopyBackward0"; }
  void backward(std::span<const Tensor> outputs, std::span<Tensor> inputs) override {
    inputs[0] = outputs[0].to(source_);
  }
  void forget() override {}

 private:
  DType source_;
};

GraphNodePtr undo(const TensorBody& derived) {
  const TensorBody& source = *derived.derived_from.body();
  if (derived.derived == Derived::view) return GraphNodePtr(new ViewNode(source, derived));
  return GraphNodePtr(new CopyNode(source.dtype));
}

Edge edge_to_recorded(const Tensor& tensor) {
  const TensorBody& body = *tensor.body();
  if (body.graph_node) return {body.graph_node, body.graph_output, {}};
  return {{}, 0, tensor};
}

}  // namespace

Edge edge_to(const Tensor& tensor) {
  if (!tensor.defined() || !tensor.requires_grad()) return {};
  const TensorBody* body = tensor.body();
  if (body->graph_node || body->derived == Derived::no) return edge_to_recorded(tensor);

  pool::Vector<const TensorBody*> chain;  // from the tensor down to the first that stands for itself
  Tensor source = tensor;
  while (!source.body()->graph_node && source.body()->derived != Derived::no) {
    chain.push_back(source.body());
    source = source.body()->derived_from;
  }
  Edge edge = edge_to_recorded(source);
  for (size_t i = chain.size(); i-- > 0;) {
    GraphNodePtr node = undo(*chain[i]);
    static_cast<Node*>(node.get())->edges.push_back(std::move(edge));
    edge = {std::move(node), 0, {}};
  }
  return edge;
}

}  // namespace okibi::autograd
