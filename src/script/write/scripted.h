// script/write/scripted.h: an nn::Module as a program: a class for each kind of module in it, and its objects, which
// hold the module's own tensors.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <okibi/nn.h>
#include <okibi/value.h>

namespace okibi::script {

// The sources by their records ("code/__torch__/torch/nn/modules/linear.py"), and the root.
struct Scripted {
  std::map<std::string, std::string> sources;
  Object root;
  int64_t version = 3;  // of the format that the operators ask for
};

// Error(unsupported) for a module whose forward is C++ alone, with its place.
Scripted scripted(const nn::Module& module);

// The same of a module that does what `forward` says, which may call none of its children, but reads their tensors; and
// further tensors that are attributes of it.
Scripted scripted_by(const nn::Module& module, std::string forward, const std::vector<nn::NamedTensor>& constants);

}  // namespace okibi::script
