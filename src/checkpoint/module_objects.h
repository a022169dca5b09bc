// checkpoint/module_objects.h: whole models in files, seen as what they hold. No class is needed for that.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <okibi/value.h>

namespace okibi::checkpoint {

// torch.fx.GraphModule is pickled as a call of this, with its __dict__ as the first argument.
inline constexpr std::pair<std::string_view, std::string_view> graph_module_maker = {"torch.fx.graph_module",
                                                                                     "reduce_graph_module"};
bool is_graph_module(const Object& object) noexcept;

// The __dict__ of the torch.nn.Module that an Object was: it has dicts _parameters, _buffers and _modules. Nothing for
// any other value.
std::optional<Dict> members_of_module(const Value& value);

// What the module's state_dict() would give: parameters and persistent buffers, its own and then each child's.
// Error(mismatch) when it is no module, Error(limit) for one that contains itself.
StateDict state_dict_of_module(const Value& module);

}  // namespace okibi::checkpoint
