// Column names as names of submodules.
#pragma once

#include <string>
#include <vector>

namespace okibi::tabular {

// The name under which the embedding of `column` goes into an nn.ModuleDict. PyTorch refuses a name with a dot in it,
// and one that is an attribute of the ModuleDict itself ("type", "train"); torch.fx cannot write quotes and the like.
// These characters become '_', and '_' is added behind until the name is no attribute and none of `taken`.
std::string module_name_for(const std::string& column, const std::vector<std::string>& taken);

}  // namespace okibi::tabular
