// Dropout: Srivastava et al. 2014; of whole channels: Tompson et al. 2014; alpha: Klambauer et al. 2017. The noise is
// drawn as PyTorch draws it: nothing where p is 0 or 1, else a number for each element or channel.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

void check_probability(double p) {
  if (p >= 0 && p <= 1) return;
  throw Error(ErrorKind::bad_argument, fmt::format("dropout probability has to be between 0 and 1, but got {}", p));
}

std::span<bool> bits_of(const Tensor& mask) { return {mask.data<bool>(), static_cast<size_t>(mask.numel())}; }

// What is kept; all of it when not training.
void draw(const Tensor& mask, double p, bool train) {
  if (train && p != 0 && p != 1)
    default_generator().bernoulli(bits_of(mask), 1 - p);
  else
    std::ranges::fill(bits_of(mask), !train || p == 0);
}

// What is kept is multiplied by this: divided in the tensor's own dtype, as PyTorch divides its noise.
template <class T>
T kept_scale(double p) {
  return p == 1 ? T(0) : T(1) / static_cast<T>(1 - p);
}

// Each bit of the mask for `repeat` numbers side by side.
void mask_into(const Tensor& x, const Tensor& mask, double p, const char* name, const Tensor& out) {
  const Tensor in = x.contiguous();
  const int64_t bits = mask.numel(), repeat = bits == 0 ? 0 : x.numel() / bits;
  dispatch_floating(x.dtype(), name, [&]<class T>() {
    const T scale = kept_scale<T>(p);
    if (repeat == 1) return kernels::apply_mask(bits, in.data<T>(), mask.data<bool>(), scale, out.data<T>());
    for (int64_t i = 0; i < bits; ++i) {
      kernels::scale(repeat, in.data<T>() + i * repeat, mask.data<bool>()[i] ? scale : T(0),
                     out.data<T>() + i * repeat);
    }
  });
}
Tensor masked(const Tensor& x, const Tensor& mask, double p, const char* name) {
  const Tensor out = empty(x.sizes(), {x.dtype()});
  mask_into(x, mask, p, name, out);
  return out;
}

struct NativeDropout {
  static constexpr std::string_view schema =
      "aten::native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)";
  static std::array<OutputSpec, 2> infer(const Tensor& x, double p, bool) {
    check_probability(p);
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{x.sizes(), boolean}};
  }
  static void forward(const Tensor& x, double p, bool train, const Tensor& out, const Tensor& mask) {
    draw(mask, p, train);
    mask_into(x, mask, train ? p : 0, "dropout", out);
  }

  static constexpr const char* backward_name = "NativeDropoutBackward0";
  using Saved = std::tuple<SavedTensor, double>;
  static Saved save(const Tensor&, double p, bool train, const Tensor&, const Tensor& mask) {
    return {SavedTensor::output(mask), train ? p : 0};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    return {masked(gradient, std::get<0>(saved).get(), std::get<1>(saved), "dropout backward")};
  }
};

// x (n, channels, *): whole channels of a sample.
struct FeatureDropout {
  static constexpr std::string_view schema = "aten::feature_dropout(Tensor input, float p, bool train) -> Tensor";
  static constexpr size_t hidden = 1;  // the mask, (n, channels)
  static std::array<OutputSpec, 2> infer(const Tensor& x, double p, bool) {
    check_probability(p);
    if (x.dim() < 2) {
      throw Error(ErrorKind::bad_argument, "Feature dropout requires at least 2 dimensions in the input")
          .found(to_string(x.sizes()));
    }
    return {OutputSpec{x.sizes(), x.dtype()}, OutputSpec{{x.size(0), x.size(1)}, boolean}};
  }
  static void forward(const Tensor& x, double p, bool train, const Tensor& out, const Tensor& mask) {
    draw(mask, p, train);
    mask_into(x, mask, train ? p : 0, "feature_dropout", out);
  }

  static constexpr const char* backward_name = "FeatureDropoutBackward0";
  using Saved = NativeDropout::Saved;
  static Saved save(const Tensor& x, double p, bool train, const Tensor& out, const Tensor& mask) {
    return NativeDropout::save(x, p, train, out, mask);
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    return NativeDropout::backward(gradient, saved, edges);
  }
};

// What is dropped becomes the least value of SELU, and all is scaled so that mean and variance stay.
struct AlphaDropout {
  static constexpr std::string_view schema = "aten::alpha_dropout(Tensor input, float p, bool train) -> Tensor";
  static constexpr size_t hidden = 1;                  // the mask
  static constexpr double alpha = 1.7580993408473766;  // of SELU: alpha · scale
  static double scale_of(double p) { return 1 / std::sqrt((alpha * alpha * p + 1) * (1 - p)); }

  static std::array<OutputSpec, 2> infer(const Tensor& x, double p, bool train) {
    return NativeDropout::infer(x, p, train);
  }
  static void forward(const Tensor& x, double p, bool train, const Tensor& out, const Tensor& mask) {
    draw(mask, p, train);
    if (!train || p == 0 || p == 1) return mask_into(x, mask, train ? p : 0, "alpha_dropout", out);
    const Tensor in = x.contiguous();
    dispatch_floating(x.dtype(), "alpha_dropout", [&]<class T>() {
      const double a = scale_of(p);
      const T scale = static_cast<T>(a), lift = static_cast<T>(alpha * a * p), drop = -static_cast<T>(alpha * a) + lift;
      for (int64_t i = 0; i < x.numel(); ++i) {
        const bool kept = mask.data<bool>()[i];
        out.data<T>()[i] = in.data<T>()[i] * (kept ? scale : T(0)) + (kept ? lift : drop);
      }
    });
  }

  static constexpr const char* backward_name = "AlphaDropoutBackward0";
  using Saved = std::tuple<SavedTensor, double>;  // the mask, and by what is multiplied what was kept
  static Saved save(const Tensor&, double p, bool train, const Tensor&, const Tensor& mask) {
    return {SavedTensor::output(mask), !train || p == 0 ? 1 : p == 1 ? 0 : scale_of(p)};
  }
  static std::array<Tensor, 1> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [mask, scale] = saved;
    const Tensor g = gradient.contiguous(), result = empty(g.sizes(), {g.dtype()});
    dispatch_floating(g.dtype(), "alpha_dropout backward", [&, factor = scale]<class T>() {
      kernels::apply_mask(g.numel(), g.data<T>(), mask.get().template data<bool>(), static_cast<T>(factor),
                          result.data<T>());
    });
    return {result};
  }
};

// The same of whole channels: x (n, channels, *).
struct FeatureAlphaDropout {
  static constexpr std::string_view schema = "aten::feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor";
  static Tensor compose(const Tensor& x, double p, bool train) {
    check_probability(p);
    if (!train || p == 0 || x.numel() == 0) return x;
    if (p == 1) return okibi::mul(x, 0);
    constexpr double alpha = AlphaDropout::alpha;
    const double a = AlphaDropout::scale_of(p);
    const Tensor kept = drawn(x, p).to(x.dtype());
    return okibi::add(okibi::mul(x, okibi::mul(kept, a)),
                      okibi::add(okibi::mul(okibi::add(kept, -1), alpha * a), alpha * a * p));
  }

 private:
  static Tensor drawn(const Tensor& x, double p) {  // (n, channels, 1 …)
    if (x.dim() < 2) refuse("Feature dropout requires at least 2 dimensions in the input");
    Dims sizes(x.sizes().size(), 1);
    sizes[0] = x.size(0);
    sizes[1] = x.size(1);
    const Tensor mask = empty(sizes, {boolean});
    draw(mask, p, true);
    return mask;
  }
};

// The dimensions as they lie in memory, the widest apart first.
Dims in_memory_order(const Tensor& x) {
  Dims dims;
  for (int64_t d = 0; d < x.dim(); ++d) dims.push_back(d);
  std::ranges::stable_sort(dims, [&](int64_t a, int64_t b) { return x.stride(a) > x.stride(b); });
  return dims;
}
Dims inverse(const Dims& order) {
  Dims places(order.size(), 0);
  for (size_t i = 0; i < order.size(); ++i) places[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return places;
}

// As in PyTorch, what is drawn goes to the elements as they lie in memory: to those of a transposed tensor in the order
// of the one that was transposed.
template <class Op>
Tensor drop_elements(const Tensor& x, double p) {
  if (x.is_contiguous()) return call<Op>(x, p, true);
  const Dims order = in_memory_order(x);
  const Tensor lying = x.permute(order);
  return lying.is_contiguous() ? call<Op>(lying, p, true).permute(inverse(order)) : call<Op>(x, p, true);
}

// Where nothing is dropped, x itself comes back, as in PyTorch; an impossible p is an error all the same.
template <class Op>
bool drops(const Tensor& x, double p, bool training) {
  if (training && p != 0 && x.numel() != 0) return true;
  Op::infer(x, p, false);
  return false;
}

}  // namespace

std::span<const okibi::Op> dropout_ops() {
  static constexpr okibi::Op rows[] = {entry<NativeDropout>(), entry<FeatureDropout>(), entry<AlphaDropout>(),
                                       entry<FeatureAlphaDropout>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor dropout(const Tensor& x, double p, bool training) {
  return ops::drops<ops::NativeDropout>(x, p, training) ? ops::drop_elements<ops::NativeDropout>(x, p) : x;
}
Tensor feature_dropout(const Tensor& x, double p, bool training) {
  return ops::drops<ops::FeatureDropout>(x, p, training) ? ops::call<ops::FeatureDropout>(x, p, true) : x;
}
Tensor alpha_dropout(const Tensor& x, double p, bool training) {
  return ops::drops<ops::AlphaDropout>(x, p, training) ? ops::drop_elements<ops::AlphaDropout>(x, p) : x;
}

}  // namespace okibi
