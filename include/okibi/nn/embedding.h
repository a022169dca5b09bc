// okibi/nn/embedding.h: tables of learnt vectors, looked up by ids.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = {};  // negative counts from the end
  std::optional<double> max_norm = {};      // not yet: Error(unsupported)
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  bool sparse = false;
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
// no gradient. Input (*) in int64 or int32, output (*, embedding_dim).
class Embedding : public Module {
 public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options = {});
  // Over a table that is there, whose storage is shared: (num_embeddings, embedding_dim).
  static Embedding from_pretrained(const Tensor& embeddings, FromPretrainedOptions options = {});

  Tensor forward(const Tensor& indices) const;
  Tensor operator()(const Tensor& indices) const { return forward(indices); }
  const Tensor& weight() const noexcept { return parameter(0); }
  const EmbeddingOptions& options() const noexcept { return options_; }  // padding_idx counted from the start

 private:
  Embedding(const Tensor& weight, EmbeddingOptions options, bool freeze);
  void register_weight(const Tensor& weight, bool freeze);
  EmbeddingOptions options_;
};

}  // namespace okibi::nn
