#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

double checked_probability(double p) {
  if (p >= 0 && p <= 1) return p;
  throw Error(ErrorKind::bad_argument, fmt::format("dropout probability has to be between 0 and 1, but got {}", p));
}

}  // namespace

Dropout::Dropout(double p) : Module("torch.nn.modules.dropout.Dropout") {
  set_layer_attributes({checked_probability(p), false});
}

}  // namespace okibi::nn
