#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* embedding_class = "torch.nn.modules.sparse.Embedding";

template <class T>
Value optional_value(const std::optional<T>& number) {
  return number ? Value(*number) : Value();
}

// Counted from the start, as PyTorch keeps it.
std::optional<int64_t> checked_padding(std::optional<int64_t> index, int64_t rows) {
  if (!index) return index;
  if (*index < -rows || *index >= rows) {
    throw Error(ErrorKind::bad_argument, "Padding_idx must be within num_embeddings")
        .expected(fmt::format("{} to {}", -rows, rows - 1))
        .found(std::to_string(*index));
  }
  return *index < 0 ? *index + rows : *index;
}

EmbeddingOptions checked(EmbeddingOptions options, int64_t rows) {
  options.padding_idx = checked_padding(options.padding_idx, rows);
  if (options.max_norm) {
    throw Error(ErrorKind::unsupported, "Embedding with max_norm is not something okibi can do")
        .hint("Leave max_norm out, and scale the rows of weight() where they grow too long.");
  }
  return options;
}

// N(0, 1) over the whole table, and only then zeros in the padding row: the numbers drawn do not depend on padding_idx.
Tensor initial_table(int64_t rows, int64_t dim, std::optional<int64_t> padding) {
  const Tensor table = empty({rows, dim});
  normal_(table);
  if (padding) table.select(0, *padding).zero_();
  return table;
}

const Tensor& checked_table(const Tensor& table) {
  if (table.dim() == 2) return table;
  throw Error(ErrorKind::bad_argument, "Embeddings parameter is expected to be 2-dimensional")
      .found(to_string(table.sizes()));
}

}  // namespace

Embedding::Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options)
    : Module(embedding_class), options_(checked(options, num_embeddings)) {
  register_weight(initial_table(num_embeddings, embedding_dim, options_.padding_idx), false);
}

Embedding::Embedding(const Tensor& weight, EmbeddingOptions options, bool freeze)
    : Module(embedding_class), options_(checked(options, weight.size(0))) {
  register_weight(weight, freeze);
}

void Embedding::register_weight(const Tensor& weight, bool freeze) {
  register_parameter("weight", weight, !freeze);
  set_layer_attributes({weight.size(0), weight.size(1), optional_value(options_.padding_idx),
                        optional_value(options_.max_norm), options_.norm_type, options_.scale_grad_by_freq,
                        options_.sparse});
}

Embedding Embedding::from_pretrained(const Tensor& embeddings, FromPretrainedOptions options) {
  const Tensor weight = checked_table(embeddings).detach();  // a tensor of its own over the same numbers
  if (!options.freeze) weight.requires_grad_();              // refuses integers in PyTorch's words
  return Embedding(weight,
                   {.padding_idx = options.padding_idx,
                    .max_norm = options.max_norm,
                    .norm_type = options.norm_type,
                    .scale_grad_by_freq = options.scale_grad_by_freq,
                    .sparse = options.sparse},
                   options.freeze);
}

Tensor Embedding::forward(const Tensor& indices) const {
  return embedding(weight(), indices, options_.padding_idx.value_or(-1), options_.scale_grad_by_freq, options_.sparse);
}

}  // namespace okibi::nn
