// What the arguments of a convolution must be, and the numbers that the loops take.
#include <fmt/format.h>

#include "ops/convolution.h"

namespace okibi::ops {
namespace {

using kernels::Convolution;
using Box = Convolution::Box;

constexpr int64_t most = int64_t{1} << 30;  // of every length: then no product of two overflows

[[noreturn]] void throw_not_fitting(std::string what, const Tensor& x, const Tensor& weight) {
  throw Error(ErrorKind::bad_argument, std::move(what))
      .found(fmt::format("an input of sizes {} and a weight of sizes {}", to_string(x.sizes()),
                         to_string(weight.sizes())));
}

// The last of `numbers` are those of the width; dimensions that are not there have `otherwise`.
Box box(const Dims& numbers, int64_t otherwise) {
  const size_t n = numbers.size();
  return {n < 3 ? otherwise : numbers[n - 3], n < 2 ? otherwise : numbers[n - 2], numbers[n - 1]};
}

Box box_of(const Tensor& x) { return box(Dims(std::span<const int64_t>(x.sizes()).subspan(2)), 1); }

Box each(const Dims& numbers, size_t spatial, const char* what, int64_t least) {
  if (numbers.size() != 1 && numbers.size() != spatial) {
    throw Error(ErrorKind::bad_argument, fmt::format("convolution: {} needs {} numbers, or one", what, spatial))
        .found(to_string(numbers));
  }
  for (const int64_t number : numbers) {
    if (number >= least && number < most) continue;
    throw Error(ErrorKind::bad_argument, number < least
                                             ? fmt::format("convolution: {} may not be less than {}", what, least)
                                             : fmt::format("convolution: {} is too large", what))
        .found(to_string(numbers));
  }
  return box(numbers.size() == spatial ? numbers : Dims(spatial, numbers[0]), least);
}

void check_ranks(const Tensor& x, const Tensor& weight) {
  if (weight.dim() == x.dim() && x.dim() >= 3 && x.dim() <= 5) return;
  throw_not_fitting(
      "convolution takes (batch, channels, width), (batch, channels, height, width) or (batch, channels, depth, "
      "height, "
      "width), and a weight of as many dimensions",
      x, weight);
}

void check_dtypes(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.dtype() == weight.dtype() && (!bias.defined() || bias.dtype() == x.dtype())) return;
  throw Error(ErrorKind::bad_argument, "convolution: input, weight and bias need the same dtype")
      .found(fmt::format("{} and {}{}", name_of(x.dtype()), name_of(weight.dtype()),
                         bias.defined() ? fmt::format(" and {}", name_of(bias.dtype())) : ""));
}

// weight (filters, channels / groups, *), or (channels, filters / groups, *) of a transposed convolution
void check_channels(const Tensor& x, const Tensor& weight, const ConvolutionNumbers& numbers) {
  const int64_t groups = numbers.groups, channels = x.size(1);
  const bool divides =
      groups >= 1 && groups < most && weight.size(1) < most && weight.size(0) % groups == 0 && channels % groups == 0;
  const bool fits = divides && (numbers.transposed ? channels == weight.size(0) : channels / groups == weight.size(1));
  if (fits) return;
  const std::string needed =
      numbers.transposed ? std::to_string(weight.size(0)) : fmt::format("{} · {}", groups, weight.size(1));
  throw_not_fitting(fmt::format("convolution: with {} group(s) the input needs {} channels, and both they and the "
                                "filters are divided among the groups",
                                groups, needed),
                    x, weight);
}

void check_bias(const Tensor& bias, int64_t filters) {
  if (!bias.defined() || bias.sizes() == Dims{filters}) return;
  throw Error(ErrorKind::bad_argument, "convolution: the bias has one number for each filter")
      .expected(to_string(Dims{filters}))
      .found(to_string(bias.sizes()));
}

bool are_good_lengths(const Box& box, int64_t least) {
  return std::min({box.depth, box.height, box.width}) >= least && std::max({box.depth, box.height, box.width}) < most;
}

void set_output(Convolution& c, const Tensor& x, const Tensor& weight) {
  for (int64_t Box::*d : {&Box::depth, &Box::height, &Box::width}) {
    const int64_t room = c.in.*d + 2 * (c.padding.*d) - c.dilation.*d * (c.kernel.*d - 1) - 1;
    if (room < 0) {
      throw_not_fitting("Kernel size can't be greater than actual input size, padding and dilation counted", x, weight);
    }
    c.out.*d = room / c.stride.*d + 1;
  }
}

// The other way round: `out` is the given one, `in` what is made.
void set_transposed_output(Convolution& c, const Tensor& x, const Tensor& weight, const Box& added) {
  for (int64_t Box::*d : {&Box::depth, &Box::height, &Box::width}) {
    if (added.*d == 0 || added.*d < std::max(c.stride.*d, c.dilation.*d)) continue;
    throw_not_fitting(fmt::format("output padding must be smaller than either stride or dilation, but is {}", added.*d),
                      x, weight);
  }
  const auto length = [&](int64_t Box::*d) {
    return (c.out.*d - 1) * c.stride.*d - 2 * (c.padding.*d) + c.dilation.*d * (c.kernel.*d - 1) + added.*d + 1;
  };
  c.in = {length(&Box::depth), length(&Box::height), length(&Box::width)};
  if (are_good_lengths(c.in, 1)) return;
  throw_not_fitting(fmt::format("transposed convolution: the output would have the sizes {}",
                                to_string(Dims{c.in.depth, c.in.height, c.in.width})),
                    x, weight);
}

// What the loops count with: numbers that an empty batch, or no channels, would let grow.
void check_product(std::initializer_list<int64_t> factors) {
  uint64_t product = 8;
  for (const int64_t factor : factors) {
    product = checked_mul(product, static_cast<uint64_t>(std::max<int64_t>(factor, 1)), "the work of a convolution");
  }
}
void check_counts(const Convolution& c) {
  const auto padded = [&](int64_t Box::*d) { return c.in.*d + 2 * (c.padding.*d); };
  check_product({c.channels, padded(&Box::depth), padded(&Box::height), padded(&Box::width)});
  check_product({c.filters, c.channels / c.groups, c.kernel.depth, c.kernel.height, c.kernel.width, c.out.depth,
                 c.out.height, c.out.width});
}

}  // namespace

Convolution described(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionNumbers& numbers) {
  check_ranks(x, weight);
  check_dtypes(x, weight, bias);
  check_channels(x, weight, numbers);
  const size_t spatial = spatial_of(weight);
  const int64_t groups = numbers.groups;
  Convolution c{.batch = x.size(0),
                .channels = numbers.transposed ? weight.size(1) * groups : x.size(1),
                .filters = weight.size(0),
                .groups = groups,
                .in = box_of(x),
                .kernel = box_of(weight),
                .out = box_of(x),
                .stride = each(numbers.stride, spatial, "stride", 1),
                .padding = each(numbers.padding, spatial, "padding", 0),
                .dilation = each(numbers.dilation, spatial, "dilation", 1)};
  check_bias(bias, numbers.transposed ? c.channels : c.filters);
  if (!are_good_lengths(c.kernel, 1) || !are_good_lengths(c.in, numbers.transposed ? 1 : 0)) {
    throw_not_fitting("convolution: a length is none that can be worked on", x, weight);
  }
  if (numbers.transposed)
    set_transposed_output(c, x, weight, each(numbers.output_padding, spatial, "output_padding", 0));
  else
    set_output(c, x, weight);
  check_counts(c);
  return c;
}

void check_spatial(const Tensor& weight, size_t spatial, std::string_view family) {
  if (spatial_of(weight) == spatial) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("{}{}d: the weight has the wrong number of dimensions", family, spatial))
      .expected(std::to_string(spatial + 2))
      .found(to_string(weight.sizes()));
}

}  // namespace okibi::ops
