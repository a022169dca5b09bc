#include "tabular/module_names.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace okibi::tabular {
namespace {

// dir(torch.nn.ModuleDict()) of PyTorch 1.13 and 2.15, what begins with '_' apart.
constexpr std::string_view attributes[] = {"T_destination",
                                           "add_module",
                                           "apply",
                                           "bfloat16",
                                           "buffers",
                                           "call_super_init",
                                           "children",
                                           "clear",
                                           "compile",
                                           "cpu",
                                           "cuda",
                                           "double",
                                           "dump_patches",
                                           "eval",
                                           "extra_repr",
                                           "float",
                                           "forward",
                                           "get_buffer",
                                           "get_extra_state",
                                           "get_parameter",
                                           "get_submodule",
                                           "half",
                                           "ipu",
                                           "items",
                                           "keys",
                                           "load_state_dict",
                                           "modules",
                                           "mtia",
                                           "named_buffers",
                                           "named_children",
                                           "named_modules",
                                           "named_parameters",
                                           "parameters",
                                           "pop",
                                           "register_backward_hook",
                                           "register_buffer",
                                           "register_forward_hook",
                                           "register_forward_pre_hook",
                                           "register_full_backward_hook",
                                           "register_full_backward_pre_hook",
                                           "register_load_state_dict_post_hook",
                                           "register_load_state_dict_pre_hook",
                                           "register_module",
                                           "register_parameter",
                                           "register_state_dict_post_hook",
                                           "register_state_dict_pre_hook",
                                           "requires_grad_",
                                           "set_extra_state",
                                           "set_submodule",
                                           "share_memory",
                                           "state_dict",
                                           "to",
                                           "to_empty",
                                           "train",
                                           "training",
                                           "type",
                                           "update",
                                           "values",
                                           "xpu",
                                           "zero_grad"};

// Names that begin with '_' may be private attributes of any version.
bool is_attribute(const std::string& name) {
  return name.starts_with('_') || std::find(std::begin(attributes), std::end(attributes), name) != std::end(attributes);
}

// A dot parts the steps of a name. torch.fx writes names into Python source, between quotes and as they are.
bool is_unfit(char letter) {
  return letter == '.' || letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < 32 || letter == 127;
}

}  // namespace

std::string module_name_for(const std::string& column, const std::vector<std::string>& taken) {
  std::string name = column;
  std::replace_if(name.begin(), name.end(), is_unfit, '_');
  if (name.starts_with('_')) name.insert(0, "column");
  while (is_attribute(name) || std::find(taken.begin(), taken.end(), name) != taken.end()) name += '_';
  return name;
}

}  // namespace okibi::tabular
