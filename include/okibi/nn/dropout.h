// okibi/nn/dropout.h: dropout, which does nothing in eval mode. It draws from the default generator, as PyTorch does.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

class Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& x) const { return dropout(x, attribute(0).to_double(), is_training()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace okibi::nn
