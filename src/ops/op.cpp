#include "ops/op.h"

#include <unordered_map>

#include <fmt/format.h>

namespace okibi::ops {

void throw_graph_is_gone(const char* name) {
  throw Error(ErrorKind::bad_argument,
              fmt::format("Trying to backward through the graph a second time: {} has freed what it saved", name))
      .hint("Call backward(…, retain_graph = true) the first time, or compute the loss again.");
}

void throw_is_lazy(const Tensor& tensor) {
  throw Error(ErrorKind::unsupported, fmt::format("a tensor is a {} view, whose numbers are not written out",
                                                  tensor.is_neg() ? "lazily negated" : "lazily conjugated"))
      .hint("Use tensor.resolve_conj().resolve_neg().");
}

void throw_no_gradient(const char* why) {
  throw Error(ErrorKind::unsupported, why).hint("Use detach(), or let a NoGrad live meanwhile.");
}

void throw_complex_gradient(const Tensor& tensor) {
  throw Error(ErrorKind::unsupported, "gradients through complex numbers are not there yet")
      .found(std::string(name_of(tensor.dtype())))
      .hint("Use detach(), or let a NoGrad live meanwhile.");
}

void check_count(std::string_view schema, size_t expected, size_t found) {
  if (expected == found) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{}: wrong number of arguments", schema))
      .expected(std::to_string(expected))
      .found(std::to_string(found));
}

void check_outputs(std::string_view schema, std::span<const OutputSpec> specs, std::span<const Tensor> outputs) {
  check_count(schema, specs.size(), outputs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    if (outputs[i].sizes() == specs[i].sizes && outputs[i].dtype() == specs[i].dtype && outputs[i].is_contiguous())
      continue;
    throw Error(ErrorKind::bad_argument, fmt::format("{}: output {} does not fit", schema, i))
        .expected(fmt::format("a contiguous {} tensor of sizes {}", name_of(specs[i].dtype), to_string(specs[i].sizes)))
        .found(fmt::format("a {} tensor of sizes {}", name_of(outputs[i].dtype()), to_string(outputs[i].sizes())));
  }
}

void copy_into(std::span<const Tensor> outputs, std::span<const Tensor> made) {
  for (size_t i = 0; i < outputs.size(); ++i) outputs[i].copy_(made[i]);
}

Dims dims_from(const Value& list) {
  Dims dims;
  for (size_t i = 0; i < list.size(); ++i) dims.push_back(list[i].to_int());
  return dims;
}

pool::Vector<Tensor> tensors_from(const Value& list) {
  pool::Vector<Tensor> tensors;
  tensors.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) tensors.push_back(list[i].to_tensor());
  return tensors;
}

Value as_value(std::span<const Tensor> outputs) {
  if (outputs.size() == 1) return outputs[0];
  return Tuple(std::vector<Value>(outputs.begin(), outputs.end()));
}

}  // namespace okibi::ops

namespace okibi {

std::span<const Op> op_table() {
  static const std::vector<Op> table = [] {
    std::vector<Op> rows;
    for (auto family : {ops::elementwise_ops(),
                        ops::unary_ops(),
                        ops::assembled_ops(),
                        ops::attention_ops(),
                        ops::comparison_ops(),
                        ops::power_and_bound_ops(),
                        ops::reduction_ops(),
                        ops::reduction_by_dim_ops(),
                        ops::product_ops(),
                        ops::batched_ops(),
                        ops::choosing_ops(),
                        ops::pointwise_ops(),
                        ops::number_product_ops(),
                        ops::statistics_ops(),
                        ops::vector_norm_ops(),
                        ops::linalg_norm_ops(),
                        ops::number_function_ops(),
                        ops::special_function_ops(),
                        ops::number_pair_ops(),
                        ops::integer_ops(),
                        ops::nan_reduction_ops(),
                        ops::running_extreme_ops(),
                        ops::quantile_ops(),
                        ops::summary_ops(),
                        ops::unique_slice_ops(),
                        ops::distance_ops(),
                        ops::margin_loss_ops(),
                        ops::ctc_loss_ops(),
                        ops::vector_product_ops(),
                        ops::einsum_ops(),
                        ops::detection_ops(),
                        ops::transformer_ops(),
                        ops::spectral_ops(),
                        ops::indexing_ops(),
                        ops::along_ops(),
                        ops::index_row_ops(),
                        ops::masking_ops(),
                        ops::arranging_ops(),
                        ops::rearranging_ops(),
                        ops::repeating_ops(),
                        ops::ordering_ops(),
                        ops::counting_ops(),
                        ops::convolution_ops(),
                        ops::transposed_convolution_ops(),
                        ops::interpolation_ops(),
                        ops::grid_sampling_ops(),
                        ops::pooling_ops(),
                        ops::recurrent_ops(),
                        ops::packed_recurrent_ops(),
                        ops::joining_ops(),
                        ops::embedding_ops(),
                        ops::embedding_bag_ops(),
                        ops::activation_ops(),
                        ops::softmax_ops(),
                        ops::dropout_ops(),
                        ops::norm_ops(),
                        ops::batch_norm_ops(),
                        ops::loss_ops(),
                        ops::class_loss_ops(),
                        ops::vector_loss_ops(),
                        ops::view_ops(),
                        ops::layer_ops(),
                        ops::layer_name_ops(),
                        ops::patch_ops(),
                        ops::dividing_ops(),
                        ops::matrix_ops(),
                        ops::linalg_ops(),
                        ops::lu_factor_ops(),
                        ops::singular_value_ops(),
                        ops::decomposition_ops(),
                        ops::matrix_function_ops(),
                        ops::complex_ops(),
                        ops::fourier_ops(),
                        ops::reducing_ops(),
                        ops::placing_ops()}) {
      rows.insert(rows.end(), family.begin(), family.end());
    }
    return rows;
  }();
  return table;
}

const Op* find_op(std::string_view schema_or_name) {
  static const std::unordered_map<std::string_view, const Op*> places = [] {
    std::unordered_map<std::string_view, const Op*> made;
    for (const Op& op : op_table()) made.insert({{op.schema, &op}, {op.name(), &op}});
    return made;
  }();
  const auto place = places.find(schema_or_name);
  return place == places.end() ? nullptr : place->second;
}

}  // namespace okibi
