// okibi/nn/dropout.h: dropout, which does nothing in eval mode. It draws from the default generator, as PyTorch does.
//
// `inplace` is kept for files and printing; what they give is a new tensor either way.
#pragma once

#include <okibi/nn/embedding.h>

namespace okibi::nn {

class Dropout : public Module {  // of single numbers
 public:
  explicit Dropout(double p = 0.5, bool inplace = false);
  Tensor forward(const Tensor& x) const { return dropout(x, attribute(0).to_double(), is_training()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Dropout1d : public Module {  // of whole channels: (n, channels, length) or (channels, length)
 public:
  explicit Dropout1d(double p = 0.5, bool inplace = false);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Dropout2d : public Module {  // of whole channels: (n, channels, height, width)
 public:
  explicit Dropout2d(double p = 0.5, bool inplace = false);
  Tensor forward(const Tensor& x) const { return feature_dropout(x, attribute(0).to_double(), is_training()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class AlphaDropout : public Module {  // keeps mean and variance of what SELU gives
 public:
  explicit AlphaDropout(double p = 0.5, bool inplace = false);
  Tensor forward(const Tensor& x) const { return alpha_dropout(x, attribute(0).to_double(), is_training()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// Drops whole vectors of the table: an id loses its vector wherever it occurs in the batch, and the others are scaled by
// 1/(1 - p). Merity, Keskar and Socher 2017 (AWD-LSTM), section 4.3, after Gal and Ghahramani 2016. In files it is
// fastai's class, with the embedding under "emb"; the noise is drawn as there, a number for each row of the table.
class EmbeddingDropout : public Module {
 public:
  EmbeddingDropout();  // before its embedding was registered, which files do
  EmbeddingDropout(const Embedding& embedding, double p);
  Tensor forward(const Tensor& indices) const;
  Tensor operator()(const Tensor& indices) const { return forward(indices); }
};

}  // namespace okibi::nn
