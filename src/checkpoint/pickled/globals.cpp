#include "checkpoint/pickled/globals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

namespace okibi::checkpoint {
namespace {

struct Row {
  std::string_view module, name;
  Meaning meaning;
};

constexpr std::array rows = {
#define X(module, name, meaning) Row{module, name, Meaning::meaning},
#include "checkpoint/pickled/globals.def"
#undef X
};

std::optional<Global> find_storage(std::string_view module, std::string_view name) {
  if (module != "torch" && module != "torch.cuda") return {};
  if (auto dtype = dtype_of_storage(name)) return Global{Meaning::storage, *dtype};
  return {};
}

// torch.FloatTensor and its like: the classes of tensors before PyTorch 0.4.
std::optional<Global> find_tensor_type(std::string_view module, std::string_view name) {
  constexpr std::array modules = {"torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse"};
  if (std::find(modules.begin(), modules.end(), module) == modules.end() || !name.ends_with("Tensor")) return {};
  std::string storage = std::string(name.substr(0, name.size() - 6)) + "Storage";
  if (auto dtype = dtype_of_storage(storage)) return Global{Meaning::tensor_type, *dtype};
  return {};
}

std::optional<Global> find_dtype(std::string_view module, std::string_view name) {
  if (module != "torch" || name.find('.') != name.npos) return {};
  if (auto dtype = dtype_named(name)) return Global{Meaning::dtype, *dtype};
  return {};
}

// numpy.dtypes.Float64DType and its like, which NumPy names where a dtype is pickled as a class.
std::optional<Global> find_numpy_dtype(std::string_view module, std::string_view name) {
  const bool is_class = module == "numpy.dtypes" && name.ends_with("DType") && name.find('.') == name.npos;
  return is_class ? std::optional(Global{Meaning::type}) : std::nullopt;
}

// "my_models.Config", or "my_models.*" for all that begins so.
bool is_allowed_by(const std::string& allowed, const std::string& full_name) {
  if (!allowed.ends_with(".*")) return allowed == full_name;
  return full_name.starts_with(std::string_view(allowed).substr(0, allowed.size() - 1));
}

bool is_user_allowed(const std::string& full_name, const LoadOptions& options) {
  return options.any_class_as_data ||
         std::ranges::any_of(options.allow, [&](const auto& allowed) { return is_allowed_by(allowed, full_name); });
}

[[noreturn]] void refuse(const std::set<std::string>& names) {
  bool whole_model = std::ranges::any_of(names, [](const auto& name) { return name.starts_with("torch.nn."); });
  Error error(ErrorKind::unsafe,
              fmt::format("the file names {} that okibi does not allow: {}; nothing of it was run",
                          names.size() == 1 ? "a class or function" : "classes or functions", fmt::join(names, ", ")));
  if (whole_model) {
    throw error.hint(
        "The file holds a whole model rather than a state_dict: read it with load_module(), or look at it as plain "
        "data "
        "with LoadOptions::any_class_as_data; or save model.state_dict() in Python.");
  }
  throw error.hint("If the file is yours, take the names as plain data with LoadOptions::allow; still nothing is run.");
}

}  // namespace

std::optional<Global> find_global(std::string_view module, std::string_view name) {
  auto row = std::ranges::find_if(rows, [&](const Row& r) { return r.module == module && r.name == name; });
  if (row != rows.end()) return Global{row->meaning, row->meaning == Meaning::tensor_type ? float32 : uint8};
  if (auto storage = find_storage(module, name)) return storage;
  if (auto type = find_tensor_type(module, name)) return type;
  if (auto type = find_numpy_dtype(module, name)) return type;
  return find_dtype(module, name);
}

Globals::Globals(const pickle::Graph& graph, const LoadOptions& options) {
  std::set<std::string> refused;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    pickle::NodeId id{i};
    if (graph.kind(id) != pickle::Kind::global) continue;
    std::string full_name = fmt::format("{}.{}", graph.module(id), graph.text(id));
    if (auto global = find_global(graph.module(id), graph.text(id))) {
      found_.emplace(i, *global);
    } else if (is_user_allowed(full_name, options)) {
      found_.emplace(i, Global{});
    } else {
      refused.insert(std::move(full_name));
    }
  }
  if (!refused.empty()) refuse(refused);
}

}  // namespace okibi::checkpoint
