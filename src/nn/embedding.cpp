#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* embedding_class = "torch.nn.modules.sparse.Embedding";
constexpr const char* bag_class = "torch.nn.modules.sparse.EmbeddingBag";

template <class T>
Value optional_value(const std::optional<T>& number) {
  return number ? Value(*number) : Value();
}

// Counted from the start, as PyTorch keeps it. A table without rows takes any padding_idx of 0, as PyTorch's does.
std::optional<int64_t> checked_padding(std::optional<int64_t> index, int64_t rows) {
  if (!index) return index;
  if (*index < -rows || *index >= rows) {
    throw Error(ErrorKind::bad_argument, "Padding_idx must be within num_embeddings")
        .expected(fmt::format("{} to {}", -rows, rows - 1))
        .found(std::to_string(*index));
  }
  return *index < 0 ? *index + rows : *index;
}

// N(0, 1) over the whole table, and only then zeros in the padding row: the numbers drawn do not depend on padding_idx.
Tensor initial_table(int64_t rows, int64_t dim, std::optional<int64_t> padding, DType dtype) {
  const Tensor table = empty({rows, dim}, {dtype});
  normal_(table);
  if (padding) table.select(0, *padding).zero_();
  return table;
}

Tensor given_table(const Tensor& weight, int64_t rows, int64_t dim) {
  if (weight.sizes() == Dims{rows, dim}) return weight.detach();  // a tensor of its own over the same numbers
  throw Error(ErrorKind::bad_argument, "Shape of weight does not match num_embeddings and embedding_dim")
      .expected(to_string(Dims{rows, dim}))
      .found(to_string(weight.sizes()));
}

// Checks the padding, and gives the table that the options ask for, in `options.weight`, too.
template <class Options>
Tensor take_table(Options& options, int64_t rows, int64_t dim) {
  options.padding_idx = checked_padding(options.padding_idx, rows);
  const Tensor table = options.weight.defined() ? given_table(options.weight, rows, dim)
                                                : initial_table(rows, dim, options.padding_idx, options.dtype);
  options.dtype = table.dtype();
  options.weight = {};
  if (!options.freeze) table.requires_grad_();  // refuses integers in PyTorch's words
  return table;
}

const Tensor& checked_table(const Tensor& table) {
  if (table.dim() == 2) return table;
  throw Error(ErrorKind::bad_argument, "Embeddings parameter is expected to be 2-dimensional")
      .found(to_string(table.sizes()));
}

const char* name_of(BagMode mode) {
  constexpr const char* names[] = {"sum", "mean", "max"};
  return names[static_cast<size_t>(mode)];
}

}  // namespace

// ---- one by one

Embedding::Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options)
    : Module(embedding_class), options_(std::move(options)) {
  register_parameter("weight", take_table(options_, num_embeddings, embedding_dim), !options_.freeze);
  set_layer_attributes({num_embeddings, embedding_dim, optional_value(options_.padding_idx),
                        optional_value(options_.max_norm), options_.norm_type, options_.scale_grad_by_freq,
                        options_.sparse});
}

Embedding Embedding::from_pretrained(const Tensor& embeddings, FromPretrainedOptions options) {
  const Tensor& weight = checked_table(embeddings);
  return Embedding(weight.size(0), weight.size(1),
                   {.padding_idx = options.padding_idx,
                    .max_norm = options.max_norm,
                    .norm_type = options.norm_type,
                    .scale_grad_by_freq = options.scale_grad_by_freq,
                    .sparse = options.sparse,
                    .freeze = options.freeze,
                    .weight = weight});
}

Tensor Embedding::forward(const Tensor& indices) const {
  if (options_.max_norm) embedding_renorm_(weight(), indices, *options_.max_norm, options_.norm_type);
  return embedding(weight(), indices, options_.padding_idx.value_or(-1), options_.scale_grad_by_freq, options_.sparse);
}

// ---- in bags

EmbeddingBag::EmbeddingBag(int64_t num_embeddings, int64_t embedding_dim, EmbeddingBagOptions options)
    : Module(bag_class), options_(std::move(options)) {
  register_parameter("weight", take_table(options_, num_embeddings, embedding_dim), !options_.freeze);
  set_layer_attributes({num_embeddings, embedding_dim, optional_value(options_.max_norm), options_.norm_type,
                        options_.scale_grad_by_freq, optional_value(options_.padding_idx), name_of(options_.mode),
                        options_.sparse, options_.include_last_offset});
}

EmbeddingBag EmbeddingBag::from_pretrained(const Tensor& embeddings, EmbeddingBagOptions options) {
  options.weight = checked_table(embeddings);
  const int64_t rows = embeddings.size(0), dim = embeddings.size(1);
  return EmbeddingBag(rows, dim, std::move(options));
}

Tensor EmbeddingBag::forward(const Tensor& input, const Tensor& offsets, const Tensor& per_sample_weights) const {
  if (options_.max_norm) embedding_renorm_(weight(), input, *options_.max_norm, options_.norm_type);
  return embedding_bag(weight(), input, offsets, per_sample_weights,
                       {.mode = options_.mode,
                        .scale_grad_by_freq = options_.scale_grad_by_freq,
                        .sparse = options_.sparse,
                        .include_last_offset = options_.include_last_offset,
                        .padding_idx = options_.padding_idx});
}

}  // namespace okibi::nn
