// okibi/nn/activations.h: activations, of one tensor to one of the same sizes.
//
// `inplace` is kept for files and printing; what they give is a new tensor either way.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

class ReLU : public Module {
 public:
  explicit ReLU(bool inplace = false);
  Tensor forward(const Tensor& x) const { return relu(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class ReLU6 : public Module {  // min(max(x, 0), 6)
 public:
  explicit ReLU6(bool inplace = false);
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double negative_slope = 0.01, bool inplace = false);
  Tensor forward(const Tensor& x) const { return leaky_relu(x, attribute(0).to_double()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class ELU : public Module {  // Clevert et al. 2015
 public:
  explicit ELU(double alpha = 1, bool inplace = false);
  Tensor forward(const Tensor& x) const { return elu(x, attribute(0).to_double()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class SELU : public Module {  // Klambauer et al. 2017
 public:
  explicit SELU(bool inplace = false);
  Tensor forward(const Tensor& x) const { return selu(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class CELU : public Module {  // Barron 2017
 public:
  explicit CELU(double alpha = 1, bool inplace = false);
  Tensor forward(const Tensor& x) const { return celu(x, attribute(0).to_double()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class GELU : public Module {  // Hendrycks and Gimpel 2016
 public:
  explicit GELU(std::string_view approximate = "none");  // or "tanh"
  Tensor forward(const Tensor& x) const { return gelu(x, attribute(0).to_string()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class SiLU : public Module {  // x · sigmoid(x), also called swish
 public:
  explicit SiLU(bool inplace = false);
  Tensor forward(const Tensor& x) const { return silu(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Mish : public Module {  // x · tanh(softplus(x)), Misra 2019
 public:
  explicit Mish(bool inplace = false);
  Tensor forward(const Tensor& x) const { return mish(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Sigmoid : public Module {
 public:
  Sigmoid();
  Tensor forward(const Tensor& x) const { return sigmoid(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Tanh : public Module {
 public:
  Tanh();
  Tensor forward(const Tensor& x) const { return tanh(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Hardsigmoid : public Module {
 public:
  explicit Hardsigmoid(bool inplace = false);
  Tensor forward(const Tensor& x) const { return hardsigmoid(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Hardswish : public Module {
 public:
  explicit Hardswish(bool inplace = false);
  Tensor forward(const Tensor& x) const { return hardswish(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Hardtanh : public Module {
 public:
  explicit Hardtanh(double min_val = -1, double max_val = 1, bool inplace = false);  // min_val < max_val
  Tensor forward(const Tensor& x) const { return hardtanh(x, attribute(0).to_double(), attribute(1).to_double()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Softplus : public Module {
 public:
  explicit Softplus(double beta = 1, double threshold = 20);
  Tensor forward(const Tensor& x) const { return softplus(x, attribute(0).to_double(), attribute(1).to_double()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Softsign : public Module {
 public:
  Softsign();
  Tensor forward(const Tensor& x) const { return softsign(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class LogSigmoid : public Module {
 public:
  LogSigmoid();
  Tensor forward(const Tensor& x) const { return log_sigmoid(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// Without a dimension it is PyTorch's choice: 0 for tensors of 0, 1 or 3 dimensions, else 1.
class Softmax : public Module {
 public:
  explicit Softmax(std::optional<int64_t> dim = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(std::optional<int64_t> dim = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// A slope below 0 that is learnt: one, or one for each channel (dimension 1).
class PReLU : public Module {
 public:
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25);
  Tensor forward(const Tensor& x) const { return prelu(x, weight()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (num_parameters)
};

}  // namespace okibi::nn
