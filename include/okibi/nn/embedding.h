// okibi/nn/embedding.h: tables of learnt vectors, looked up by ids, one by one or in bags.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = {};  // negative counts from the end
  std::optional<double> max_norm = {};      // rows are scaled down to this norm, in place, before they are looked up
  double norm_type = 2;                     // the p of that norm: any number, infinity too
  bool scale_grad_by_freq = false;          // each occurrence counts 1 / how often the id occurs in the call
  bool sparse = false;                      // the gradient is a COO tensor of the rows that were looked up
  DType dtype = float32;                    // float64, bfloat16, float16
  bool freeze = false;                      // weight needs no gradient
  Tensor weight = {};                       // (num_embeddings, embedding_dim), taken as it is; its dtype counts then
};
struct FromPretrainedOptions {
  bool freeze = true;
  std::optional<int64_t> padding_idx = {};
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  bool sparse = false;
};

// A table of num_embeddings rows of embedding_dim numbers, from N(0, 1); the row of padding_idx starts at zero and gets
// no gradient. Input (*) in int64 or int32, output (*, embedding_dim). An index outside is Error(out_of_range) with its
// place and value; nothing was changed then. With max_norm, forward changes the table, also in eval mode and where it is
// frozen, as in PyTorch: not for several threads at once.
class Embedding : public Module {
 public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options = {});
  // Over a table that is there, whose storage is shared: (num_embeddings, embedding_dim). The padding row stays as it is.
  static Embedding from_pretrained(const Tensor& embeddings, FromPretrainedOptions options = {});

  Tensor forward(const Tensor& indices) const;
  Tensor operator()(const Tensor& indices) const { return forward(indices); }
  const Tensor& weight() const noexcept { return parameter(0); }
  const EmbeddingOptions& options() const noexcept { return options_; }  // padding_idx counted from the start

 private:
  EmbeddingOptions options_;
};

struct EmbeddingBagOptions {
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  BagMode mode = BagMode::mean;
  bool sparse = false;
  bool include_last_offset = false;
  std::optional<int64_t> padding_idx = {};
  DType dtype = float32;
  bool freeze = false;
  Tensor weight = {};
};

// The sum, mean or greatest of the rows of each bag, without the rows in between: see okibi::embedding_bag. Input
// (entries) with offsets (bags), or (bags, length) without; output (bags, embedding_dim).
class EmbeddingBag : public Module {
 public:
  EmbeddingBag(int64_t num_embeddings, int64_t embedding_dim, EmbeddingBagOptions options = {});
  // Over a table that is there, whose storage is shared; `freeze` is true unless it is said. options.weight is ignored.
  static EmbeddingBag from_pretrained(const Tensor& embeddings, EmbeddingBagOptions options = {.freeze = true});

  Tensor forward(const Tensor& input, const Tensor& offsets = {}, const Tensor& per_sample_weights = {}) const;
  Tensor operator()(const Tensor& input, const Tensor& offsets = {}, const Tensor& per_sample_weights = {}) const {
    return forward(input, offsets, per_sample_weights);
  }
  const Tensor& weight() const noexcept { return parameter(0); }
  const EmbeddingBagOptions& options() const noexcept { return options_; }

 private:
  EmbeddingBagOptions options_;
};

}  // namespace okibi::nn
