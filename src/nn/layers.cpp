// Layers that only show their input otherwise.
#include "nn/module_state.h"

namespace okibi::nn {

Identity::Identity() : Module("torch.nn.modules.linear.Identity") {}

Flatten::Flatten(int64_t start_dim, int64_t end_dim) : Module("torch.nn.modules.flatten.Flatten") {
  set_layer_attributes({start_dim, end_dim});
}

Unflatten::Unflatten(int64_t dim, const Dims& unflattened_size) : Module("torch.nn.modules.flatten.Unflatten") {
  set_layer_attributes({dim, as_tuple(unflattened_size)});
}
Tensor Unflatten::forward(const Tensor& x) const { return unflatten(x, attribute(0).to_int(), dims_of(attribute(1))); }

}  // namespace okibi::nn
