// kernels/prepared.h: operations of convolutional networks on float32, prepared once for sizes that stay the same, with
// what comes behind them built in and the numbers laid out as oneDNN computes fastest.
//
// Between such operations the numbers of a tensor may lie in blocks of 8 or 16 channels; a Layout says how, and
// prepare_reorder makes one of another.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/convolution.h"
#include "kernels/pooling.h"

namespace okibi::kernels {

class Layout {
 public:
  Layout() = default;
  static Layout plain(std::span<const int64_t> sizes);  // row-major

  // For other sizes, in blocks of as many channels; none where it is in no blocks.
  std::optional<Layout> like_this(std::span<const int64_t> sizes) const;

  size_t numel() const noexcept;  // with what fills up the last block
  bool is_plain() const noexcept;
  friend bool operator==(const Layout& a, const Layout& b) noexcept;

 private:
  friend struct LayoutAccess;
  std::shared_ptr<const void> of_library_;
};

// max(x, alpha · x); x within alpha and beta; x · sigmoid(x), …
enum class FusedActivationKind : uint8_t {
  none,
  relu,
  clip,
  silu,
  sigmoid,
  hardswish,
  hardsigmoid,
  gelu,
  gelu_tanh,
  tanh,
  elu
};
struct FusedActivation {
  FusedActivationKind kind = FusedActivationKind::none;
  float alpha = 0, beta = 0;
};

// Any number of threads may run one.
class Prepared {
 public:
  explicit Prepared(std::shared_ptr<const struct PreparedBody> body) : body_(std::move(body)) {}
  const std::vector<Layout>& in() const noexcept;
  const Layout& out() const noexcept;
  // Each input in its layout; out.numel() numbers are written.
  void run(std::span<const float* const> inputs, float* out) const;

 private:
  std::shared_ptr<const PreparedBody> body_;
};

// All of them give nothing where the library has no such operation.

// Weights in the layouts that they were packed into, for operations on several sizes to share. One thread at a time.
class PackedWeights {
 public:
  using Numbers = std::shared_ptr<const float[]>;
  // What `make` gives, unless somebody still has what it gave for the same name and layout. Null where it gives that.
  Numbers get(const std::string& name, const Layout& layout, const std::function<Numbers()>& make);

 private:
  std::map<std::pair<std::string, std::string>, std::weak_ptr<const float[]>> kept_;
};

// x (rows, in) with weight (out, in) → (rows, out), x and out plain.
struct Linear {
  int64_t rows, in, out;
};

// Weights and bias, which may be null, are copied; `name` says which they are: weight (filters, channels / groups,
// kernel) and bias (filters), or weight (out, in) and bias (out). Where there is a `scale` (filters), each filter of
// the weight is taken times its number. With `adds` a second input of the output's sizes and layout is added before the
// activation.
struct Weighted {
  const float* weight;
  const double* scale;
  const float* bias;
  std::string name;
  bool adds = false;
  FusedActivation activation = {};
};
// Nothing for weights that are not finite, either.
std::optional<Prepared> prepare(const Convolution& convolution, const Weighted& weighted, PackedWeights& packed);
std::optional<Prepared> prepare(const Linear& linear, const Weighted& weighted, PackedWeights& packed);
std::optional<Prepared> prepare_pooling(const Pooling& pooling, const Layout& in, bool is_max, bool counts_padding);
std::optional<Prepared> prepare_mean_of_planes(const Layout& in);  // (n, c, h, w) → (n, c, 1, 1)
std::optional<Prepared> prepare_activation(const FusedActivation& activation, const Layout& in);
enum class Pairwise : uint8_t { add, mul };
// b's sizes are a's, or 1 where they broadcast.
std::optional<Prepared> prepare_pairwise(Pairwise kind, const Layout& a, const Layout& b);
std::optional<Prepared> prepare_joining(std::span<const Layout> parts);  // along dimension 1
// x · scale + shift of each channel (dimension 1), copied.
std::optional<Prepared> prepare_scaling(const Layout& in, const float* scale, const float* shift);
std::optional<Prepared> prepare_reorder(const Layout& from, const Layout& to);

}  // namespace okibi::kernels
