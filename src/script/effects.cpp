#include "script/effects.h"

#include <algorithm>
#include <array>

namespace okibi::script {
namespace {

// What is known of a tensor without looking at its numbers.
constexpr std::array about_tensors = {"aten::size",           "aten::dim",
                                      "aten::numel",          "aten::len",
                                      "aten::stride",         "aten::storage_offset",
                                      "aten::is_contiguous",  "aten::is_floating_point",
                                      "aten::is_complex",     "aten::is_signed",
                                      "aten::element_size",   "aten::sym_size",
                                      "aten::sym_numel",      "aten::get_device",
                                      "aten::is_same_size",   "aten::__is__",
                                      "aten::__isnot__",      "aten::is_leaf",
                                      "aten::is_conj",        "aten::is_neg",
                                      "aten::is_inference",   "aten::result_type",
                                      "aten::_is_zerotensor", "aten::sym_storage_offset"};

constexpr std::array sized_by_numbers = {"aten::nonzero",
                                         "aten::nonzero_numpy",
                                         "aten::masked_select",
                                         "aten::_unique",
                                         "aten::_unique2",
                                         "aten::unique_dim",
                                         "aten::unique_consecutive",
                                         "aten::unique_dim_consecutive",
                                         "aten::bincount",
                                         "aten::repeat_interleave",
                                         "aten::_pack_padded_sequence",
                                         "aten::_pad_packed_sequence",
                                         "torchvision::nms",
                                         "aten::argwhere",
                                         "aten::histc",
                                         "aten::one_hot",
                                         "aten::tensor_split"};

constexpr std::array drawn = {"aten::rand",
                              "aten::randn",
                              "aten::randint",
                              "aten::randperm",
                              "aten::rand_like",
                              "aten::randn_like",
                              "aten::randint_like",
                              "aten::bernoulli",
                              "aten::bernoulli_",
                              "aten::normal",
                              "aten::normal_",
                              "aten::uniform_",
                              "aten::random_",
                              "aten::multinomial",
                              "aten::exponential_",
                              "aten::random",
                              "aten::exponential",
                              "aten::geometric",
                              "aten::geometric_",
                              "aten::log_normal",
                              "aten::log_normal_",
                              "aten::cauchy",
                              "aten::cauchy_",
                              "aten::uniform",
                              "aten::normal_functional",
                              "aten::poisson",
                              "aten::native_dropout",
                              "aten::scaled_dot_product_attention",
                              "aten::_scaled_dot_product_attention_math"};

// In place, but for training mode, in which nothing is recorded.
constexpr std::array change_nothing = {"aten::requires_grad_",         "aten::dropout_",
                                       "aten::feature_dropout_",       "aten::alpha_dropout_",
                                       "aten::feature_alpha_dropout_", "aten::_native_batch_norm_legit"};

template <size_t n>
bool is_among(const std::array<const char*, n>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const char* one) { return name == one; });
}

bool has_tensor(const Type& type) {
  return type.kind == TypeKind::tensor || std::ranges::any_of(type.items, has_tensor);
}

bool reads_numbers(const Schema& schema, std::string_view name) {
  if (name.starts_with("prim::") || is_among(about_tensors, name)) return false;
  if (schema.takes_any_number || name == "aten::str" || name == "aten::hash") return true;
  return std::ranges::any_of(schema.arguments, [](const auto& argument) { return has_tensor(argument.type); }) &&
         !std::ranges::any_of(schema.returns, has_tensor);
}

std::optional<size_t> training_of(const Schema& schema) {
  for (size_t i = 0; i < schema.arguments.size(); ++i) {
    const SchemaArgument& argument = schema.arguments[i];
    const Type& type = argument.type.kind == TypeKind::optional ? argument.type.items[0] : argument.type;
    if (type.kind == TypeKind::boolean &&
        (argument.name == "train" || argument.name == "training" || argument.name == "use_input_stats"))
      return i;
  }
  return std::nullopt;
}

std::optional<size_t> place_of(const Schema& schema, std::string_view argument) {
  const auto place = std::ranges::find(schema.arguments, argument, &SchemaArgument::name);
  if (place == schema.arguments.end()) return std::nullopt;
  return static_cast<size_t>(place - schema.arguments.begin());
}

}  // namespace

Effects effects_of(const Schema& schema) {
  const std::string_view full = schema.name(), name = full.substr(0, full.find('.'));
  const bool picks = full == "aten::where" || is_among(sized_by_numbers, name);
  const bool changes = schema.text.find("(a!)") != std::string_view::npos && !is_among(change_nothing, name);
  return {.changes = changes,
          .reads = reads_numbers(schema, name),
          .sizes = full == "aten::narrow.Tensor" || (picks && full != "aten::repeat_interleave.self_int"),
          .sizes_by_mask = name == "aten::index",
          .is_random = is_among(drawn, name),
          .acts = name == "aten::manual_seed" || name == "aten::warn" || name == "prim::grad",
          .training = training_of(schema),
          .moved = place_of(schema, "running_mean")};
}

}  // namespace okibi::script
