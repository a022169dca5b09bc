// script/write/layer_source.h: what PyTorch's layers do, in TorchScript. Of each layer one method, forward, in which
//
//   <name>     is the value of the layer's attribute, as a literal
//   <[name]>   the same as a list of numbers, also where the attribute is one number
#pragma once

#include <optional>
#include <string>

#include <okibi/nn.h>

namespace okibi::script {

// "def forward(self, input: Tensor) -> Tensor:\n  …", with what stands in the module's attributes. Nothing for classes
// that are none of PyTorch's layers. Error(unsupported) for a layer that gives what TorchScript has no word for.
std::optional<std::string> layer_source(const nn::Module& module);

// As Python writes it: "0.5", "(1, 1)", "True". Error(unsupported) for what is no literal.
std::string literal(const Value& value);

}  // namespace okibi::script
