#include "kernels/prepared.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <okibi/base.h>
#include <dnnl.hpp>

#include "base/spares.h"
#include "kernels/finite.h"
#include "kernels/scratch.h"

namespace okibi::kernels {
namespace {

using dnnl::memory;
using dnnl::primitive_attr;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream& stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

memory::desc any_of(memory::dims sizes) { return {std::move(sizes), memory::data_type::f32, memory::format_tag::any}; }

memory::dims row_major(const memory::dims& sizes) {
  memory::dims strides(sizes.size(), 1);
  for (size_t d = sizes.size() - 1; d > 0; --d) strides[d - 1] = strides[d] * std::max<int64_t>(sizes[d], 1);
  return strides;
}

memory::desc plain_of(const memory::dims& sizes) { return {sizes, memory::data_type::f32, row_major(sizes)}; }

// What an operation keeps of its own scratch memory would be shared by threads.
primitive_attr attributes() {
  primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

void append(dnnl::post_ops& post, const FusedActivation& a) {
  using dnnl::algorithm;
  switch (a.kind) {
    case FusedActivationKind::none:
      return;
    case FusedActivationKind::relu:
      return post.append_eltwise(1, algorithm::eltwise_relu, a.alpha, 0);
    case FusedActivationKind::clip:
      return post.append_eltwise(1, algorithm::eltwise_clip, a.alpha, a.beta);
    case FusedActivationKind::silu:
      return post.append_eltwise(1, algorithm::eltwise_swish, 1, 0);
    case FusedActivationKind::sigmoid:
      return post.append_eltwise(1, algorithm::eltwise_logistic, 0, 0);
    case FusedActivationKind::hardswish:
      return post.append_eltwise(1, algorithm::eltwise_hardswish, 0, 0);
    case FusedActivationKind::hardsigmoid:
      post.append_eltwise(1, algorithm::eltwise_linear, 1.0F / 6, 0.5F);
      return post.append_eltwise(1, algorithm::eltwise_clip, 0, 1);
    case FusedActivationKind::gelu:
      return post.append_eltwise(1, algorithm::eltwise_gelu_erf, 0, 0);
    case FusedActivationKind::gelu_tanh:
      return post.append_eltwise(1, algorithm::eltwise_gelu_tanh, 0, 0);
    case FusedActivationKind::tanh:
      return post.append_eltwise(1, algorithm::eltwise_tanh, 0, 0);
    case FusedActivationKind::elu:
      return post.append_eltwise(1, algorithm::eltwise_elu, a.alpha, 0);
  }
}

// What the library has for all that it has no better loop for: slower than ours by far.
bool is_slow(const dnnl::primitive_desc_base& description) {
  return std::string_view(description.impl_info_str()).find("ref") != std::string_view::npos;
}

Error as_error(const dnnl::error& error) {
  const auto kind = error.status == dnnl_out_of_memory ? ErrorKind::limit : ErrorKind::internal;
  return Error(kind, fmt::format("oneDNN: {}", error.message));
}

// Nothing where the library has no such operation.
template <class Make>
std::optional<Prepared> if_possible(Make&& make) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) throw as_error(error);
    return std::nullopt;
  }
}

}  // namespace

// ----------------------------------------------------------------------------------------------------------------
// layouts

struct LayoutAccess {
  static Layout make(const memory::desc& desc) {
    Layout layout;
    layout.of_library_ = std::make_shared<const memory::desc>(desc);
    return layout;
  }
  static const memory::desc& desc(const Layout& layout) {
    return *static_cast<const memory::desc*>(layout.of_library_.get());
  }
};

namespace {
const memory::desc& desc_of(const Layout& layout) { return LayoutAccess::desc(layout); }
memory::dims dims_of(const Layout& layout) { return desc_of(layout).dims(); }
}  // namespace

Layout Layout::plain(std::span<const int64_t> sizes) {
  return LayoutAccess::make(plain_of(memory::dims(sizes.begin(), sizes.end())));
}

std::optional<Layout> Layout::like_this(std::span<const int64_t> sizes) const {
  const auto& blocks = desc_of(*this).data.format_desc.blocking;
  if (blocks.inner_nblks != 1 || blocks.inner_idxs[0] != 1 || sizes.size() != 4) return std::nullopt;
  if (blocks.inner_blks[0] != 8 && blocks.inner_blks[0] != 16) return std::nullopt;
  const auto tag = blocks.inner_blks[0] == 8 ? memory::format_tag::nChw8c : memory::format_tag::nChw16c;
  return LayoutAccess::make({memory::dims(sizes.begin(), sizes.end()), memory::data_type::f32, tag});
}

size_t Layout::numel() const noexcept { return desc_of(*this).get_size() / sizeof(float); }

bool Layout::is_plain() const noexcept { return desc_of(*this) == plain_of(dims_of(*this)); }

bool operator==(const Layout& a, const Layout& b) noexcept { return desc_of(a) == desc_of(b); }

// ----------------------------------------------------------------------------------------------------------------
// running

struct PreparedBody {
  dnnl::primitive primitive;
  memory::desc scratch;
  std::vector<Layout> in;
  Layout out;
  std::vector<int> places;  // of each input among the primitive's arguments
  struct Constant {
    int place;
    memory::desc desc;
    PackedWeights::Numbers numbers;
  };
  std::vector<Constant> constants = {};
  mutable Spares<class PreparedCall> calls = {};
};

// The primitive's arguments, whose numbers lie elsewhere in each run: the inputs, the output, the scratch memory;
// behind them the constants.
class PreparedCall {
 public:
  explicit PreparedCall(const PreparedBody& body) {
    for (size_t i = 0; i < body.in.size(); ++i) add(body.places[i], desc_of(body.in[i]), nullptr);
    add(DNNL_ARG_DST, desc_of(body.out), nullptr);
    add(DNNL_ARG_SCRATCHPAD, body.scratch, nullptr);
    for (const auto& constant : body.constants) add(constant.place, constant.desc, constant.numbers.get());
  }
  // The library reads through what it is lent.
  void lend(size_t argument, const void* numbers) {
    check(dnnl_memory_set_data_handle(arguments_[argument].memory, const_cast<void*>(numbers)));
  }
  void execute(const dnnl::primitive& primitive) const {
    const int count = static_cast<int>(arguments_.size());
    check(dnnl_primitive_execute(primitive.get(), stream().get(), count, arguments_.data()));
  }

 private:
  void add(int place, const memory::desc& desc, const void* numbers) {
    memories_.emplace_back(desc, engine(), const_cast<void*>(numbers));
    arguments_.push_back({place, memories_.back().get()});
  }
  static void check(dnnl_status_t status) { dnnl::error::wrap_c_api(status, "a prepared operation could not run"); }

  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

const std::vector<Layout>& Prepared::in() const noexcept { return body_->in; }
const Layout& Prepared::out() const noexcept { return body_->out; }

void Prepared::run(std::span<const float* const> inputs, float* out) const {
  const Scratch<std::byte> scratch(body_->scratch.get_size());
  try {
    auto call = body_->calls.take([&] { return std::make_unique<PreparedCall>(*body_); });
    for (size_t i = 0; i < inputs.size(); ++i) call->lend(i, inputs[i]);
    call->lend(inputs.size(), out);
    call->lend(inputs.size() + 1, scratch.data());
    call->execute(body_->primitive);
    body_->calls.give(std::move(call));
  } catch (const dnnl::error& error) {
    throw as_error(error);
  }
}

namespace {

template <class Description>
Prepared prepared_of(const Description& description, std::vector<memory::desc> in, std::vector<int> places,
                     std::vector<PreparedBody::Constant> constants = {}) {
  std::vector<Layout> layouts;
  for (const memory::desc& desc : in) layouts.push_back(LayoutAccess::make(desc));
  auto body = std::make_shared<PreparedBody>();
  body->primitive = dnnl::primitive(description.get());
  body->scratch = description.scratchpad_desc();
  body->in = std::move(layouts);
  body->out = LayoutAccess::make(description.dst_desc());
  body->places = std::move(places);
  body->constants = std::move(constants);
  return Prepared(std::move(body));
}

// On huge pages where they are large.
std::shared_ptr<float[]> room_for(size_t nbytes) {
  const auto give_back = [nbytes](float* numbers) { pool::give(reinterpret_cast<std::byte*>(numbers), nbytes); };
  return {reinterpret_cast<float*>(pool::take(nbytes)), give_back};
}

PackedWeights::Numbers copied(const float* numbers, size_t count) {
  const auto copy = room_for(count * sizeof(float));
  std::copy_n(numbers, count, copy.get());
  return copy;
}

PackedWeights::Numbers reordered(const memory::desc& from, const float* numbers, const memory::desc& to) {
  const auto result = room_for(to.get_size());
  memory source(from, engine(), const_cast<float*>(numbers)), target(to, engine(), result.get());
  dnnl::reorder(source, target).execute(stream(), source, target);
  return result;
}

Scratch<float> scaled(const float* weight, const double* scale, size_t filters, size_t count) {
  Scratch<float> result(count);
  const size_t each = count / filters;
  for (size_t f = 0; f < filters; ++f) {
    for (size_t i = f * each; i < (f + 1) * each; ++i) result[i] = static_cast<float>(weight[i] * scale[f]);
  }
  return result;
}

// Weights of (filters, …), each filter by its scale. Null where they are not finite.
PackedWeights::Numbers packed_of(const Weighted& weighted, const memory::dims& sizes, int64_t filters,
                                 const memory::desc& to) {
  const memory::desc from = plain_of(sizes);
  const size_t count = from.get_size() / sizeof(float);
  if (!weighted.scale) {
    return are_finite(weighted.weight, count) ? reordered(from, weighted.weight, to) : nullptr;
  }
  const auto numbers = scaled(weighted.weight, weighted.scale, static_cast<size_t>(filters), count);
  return are_finite(numbers.data(), count) ? reordered(from, numbers.data(), to) : nullptr;
}

}  // namespace

// -----------------------------------------------------------------------------------------------------------
// convolutions

PackedWeights::Numbers PackedWeights::get(const std::string& name, const Layout& layout,
                                          const std::function<Numbers()>& make) {
  const auto& data = desc_of(layout).data;
  std::erase_if(kept_, [](const auto& one) { return one.second.expired(); });
  auto& kept = kept_[{name, std::string(reinterpret_cast<const char*>(&data), sizeof data)}];
  if (Numbers there = kept.lock()) return there;
  const Numbers made = make();
  kept = made;
  return made;
}

namespace {

// What comes behind: `out` as it will lie, or as it likes best.
primitive_attr attributes_of(const Weighted& weighted, const memory::desc& out) {
  primitive_attr attr = attributes();
  dnnl::post_ops post;
  if (weighted.adds) post.append_binary(dnnl::algorithm::binary_add, out);
  append(post, weighted.activation);
  attr.set_post_ops(post);
  return attr;
}

template <class Description>
std::optional<Prepared> prepared_with_weights(const Description& description, const memory::dims& sizes,
                                              int64_t outputs, const Weighted& weighted, PackedWeights& packed) {
  std::vector<memory::desc> in{description.src_desc()};
  std::vector<int> places{DNNL_ARG_SRC};
  if (weighted.adds) {
    in.push_back(description.dst_desc());
    places.push_back(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1);
  }
  const memory::desc to = description.weights_desc();
  const auto weight =
      packed.get(weighted.name, LayoutAccess::make(to), [&] { return packed_of(weighted, sizes, outputs, to); });
  if (!weight || (weighted.bias && !are_finite(weighted.bias, static_cast<size_t>(outputs)))) return std::nullopt;
  std::vector<PreparedBody::Constant> constants{{DNNL_ARG_WEIGHTS, to, weight}};
  if (weighted.bias) {
    constants.push_back({DNNL_ARG_BIAS, plain_of({outputs}), copied(weighted.bias, static_cast<size_t>(outputs))});
  }
  return prepared_of(description, std::move(in), std::move(places), std::move(constants));
}

memory::desc bias_of(const Weighted& weighted, int64_t outputs) {
  return weighted.bias ? plain_of({outputs}) : memory::desc();
}

// How far the last window hangs over the end.
int64_t padding_behind(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  return (out - 1) * stride + dilation * (kernel - 1) + 1 - in - padding;
}

}  // namespace

std::optional<Prepared> prepare(const Convolution& c, const Weighted& weighted, PackedWeights& packed) {
  if (c.in.depth != 1 || c.kernel.depth != 1) return std::nullopt;
  const auto pair = [](const Convolution::Box& box) { return memory::dims{box.height, box.width}; };
  return if_possible([&] {
    const memory::dims out{c.batch, c.filters, c.out.height, c.out.width};
    const memory::dims each{c.groups, c.filters / c.groups, c.channels / c.groups, c.kernel.height, c.kernel.width};
    const memory::dims sizes = c.groups == 1 ? memory::dims(each.begin() + 1, each.end()) : each;
    const memory::dims behind{
        padding_behind(c.in.height, c.out.height, c.kernel.height, c.stride.height, c.padding.height,
                       c.dilation.height),
        padding_behind(c.in.width, c.out.width, c.kernel.width, c.stride.width, c.padding.width, c.dilation.width)};
    const dnnl::convolution_forward::desc wanted(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
        any_of({c.batch, c.channels, c.in.height, c.in.width}), any_of(sizes), bias_of(weighted, c.filters),
        any_of(out), pair(c.stride), {c.dilation.height - 1, c.dilation.width - 1}, pair(c.padding), behind);
    const dnnl::convolution_forward::primitive_desc description(wanted, attributes_of(weighted, any_of(out)), engine());
    return prepared_with_weights(description, sizes, c.filters, weighted, packed);
  });
}

std::optional<Prepared> prepare(const Linear& linear, const Weighted& weighted, PackedWeights& packed) {
  return if_possible([&] {
    const memory::dims sizes{linear.out, linear.in};
    const memory::desc out = plain_of({linear.rows, linear.out});
    const dnnl::inner_product_forward::desc wanted(dnnl::prop_kind::forward_inference,
                                                   plain_of({linear.rows, linear.in}), any_of(sizes),
                                                   bias_of(weighted, linear.out), out);
    const dnnl::inner_product_forward::primitive_desc description(wanted, attributes_of(weighted, out), engine());
    return prepared_with_weights(description, sizes, linear.out, weighted, packed);
  });
}

// ----------------------------------------------------------------------------------------------------------------
// pooling

namespace {

struct PoolWindow {
  int64_t kernel, stride, before, behind, dilation;
};

// Windows that divide the input among themselves are windows of one size where they can.
std::optional<PoolWindow> window_of(const PoolAxis& axis) {
  if (axis.adaptive) {
    if (axis.in % axis.out != 0) return std::nullopt;
    return PoolWindow{axis.in / axis.out, axis.in / axis.out, 0, 0, 1};
  }
  const int64_t extent = axis.dilation * (axis.kernel - 1) + 1;
  return PoolWindow{axis.kernel, axis.stride, axis.padding,
                    (axis.out - 1) * axis.stride + extent - axis.in - axis.padding, axis.dilation};
}

}  // namespace

std::optional<Prepared> prepare_pooling(const Pooling& pooling, const Layout& in, bool is_max, bool counts_padding) {
  const auto down = window_of(pooling.down), across = window_of(pooling.across);
  if (!down || !across) return std::nullopt;
  const bool hangs_over = down->behind > down->before || across->behind > across->before;
  const bool has_padding = down->before + across->before > 0;
  if (!is_max && (hangs_over || down->dilation > 1 || across->dilation > 1) && counts_padding && has_padding)
    return std::nullopt;  // what hangs over the padding does not count
  const auto algorithm = is_max                          ? dnnl::algorithm::pooling_max
                         : counts_padding && !hangs_over ? dnnl::algorithm::pooling_avg_include_padding
                                                         : dnnl::algorithm::pooling_avg_exclude_padding;
  return if_possible([&] {
    memory::dims out = dims_of(in);
    out[2] = pooling.down.out, out[3] = pooling.across.out;
    const dnnl::pooling_v2_forward::desc wanted(dnnl::prop_kind::forward_inference, algorithm, desc_of(in), any_of(out),
                                                {down->stride, across->stride}, {down->kernel, across->kernel},
                                                {down->dilation - 1, across->dilation - 1},
                                                {down->before, across->before}, {down->behind, across->behind});
    const dnnl::pooling_v2_forward::primitive_desc description(wanted, attributes(), engine());
    return prepared_of(description, {desc_of(in)}, {DNNL_ARG_SRC});
  });
}

std::optional<Prepared> prepare_mean_of_planes(const Layout& in) {
  const memory::dims sizes = dims_of(in);
  const PoolAxis down{.in = sizes[2], .adaptive = true}, across{.in = sizes[3], .adaptive = true};
  return prepare_pooling({.boxes = 0, .deep = {}, .down = down, .across = across}, in, false, true);
}

// -------------------------------------------------------------------------------------------------------- element by
// element

std::optional<Prepared> prepare_activation(const FusedActivation& activation, const Layout& in) {
  return if_possible([&]() -> std::optional<Prepared> {
    dnnl::post_ops post;
    append(post, activation);
    if (post.len() != 1) return std::nullopt;
    float scale = 1, alpha = 0, beta = 0;
    dnnl::algorithm algorithm{};
    post.get_params_eltwise(0, scale, algorithm, alpha, beta);
    const dnnl::eltwise_forward::desc wanted(dnnl::prop_kind::forward_inference, algorithm, desc_of(in), alpha, beta);
    const dnnl::eltwise_forward::primitive_desc description(wanted, attributes(), engine());
    return prepared_of(description, {desc_of(in)}, {DNNL_ARG_SRC});
  });
}

std::optional<Prepared> prepare_pairwise(Pairwise kind, const Layout& a, const Layout& b) {
  return if_possible([&] {
    const auto algorithm = kind == Pairwise::add ? dnnl::algorithm::binary_add : dnnl::algorithm::binary_mul;
    const dnnl::binary::desc wanted(algorithm, desc_of(a), desc_of(b), desc_of(a));
    const dnnl::binary::primitive_desc description(wanted, attributes(), engine());
    if (is_slow(description)) return std::optional<Prepared>();
    return std::optional(prepared_of(description, {desc_of(a), desc_of(b)}, {DNNL_ARG_SRC_0, DNNL_ARG_SRC_1}));
  });
}

std::optional<Prepared> prepare_scaling(const Layout& in, const float* scale, const float* shift) {
  using dnnl::normalization_flags;
  const auto channels = static_cast<size_t>(dims_of(in)[1]);
  const auto flags =
      normalization_flags::use_global_stats | normalization_flags::use_scale | normalization_flags::use_shift;
  return if_possible([&] {
    const dnnl::batch_normalization_forward::desc wanted(dnnl::prop_kind::forward_inference, desc_of(in), 0, flags);
    const dnnl::batch_normalization_forward::primitive_desc description(wanted, attributes(), engine());
    const std::vector<float> zeros(channels, 0), ones(channels, 1);
    const memory::desc each = plain_of({static_cast<int64_t>(channels)});
    return prepared_of(description, {desc_of(in)}, {DNNL_ARG_SRC},
                       {{DNNL_ARG_MEAN, each, copied(zeros.data(), channels)},
                        {DNNL_ARG_VARIANCE, each, copied(ones.data(), channels)},
                        {DNNL_ARG_SCALE, each, copied(scale, channels)},
                        {DNNL_ARG_SHIFT, each, copied(shift, channels)}});
  });
}

// ------------------------------------------------------------------------------------------------------------ moving
// numbers

std::optional<Prepared> prepare_joining(std::span<const Layout> parts) {
  return if_possible([&] {
    std::vector<memory::desc> in;
    std::vector<int> places;
    for (const Layout& part : parts) {
      places.push_back(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(in.size()));
      in.push_back(desc_of(part));
    }
    const dnnl::concat::primitive_desc description(1, in, engine(), attributes());
    return prepared_of(description, in, std::move(places));
  });
}

std::optional<Prepared> prepare_reorder(const Layout& from, const Layout& to) {
  return if_possible([&] {
    const dnnl::reorder::primitive_desc description(engine(), desc_of(from), engine(), desc_of(to), attributes());
    return prepared_of(description, {desc_of(from)}, {DNNL_ARG_FROM});
  });
}

}  // namespace okibi::kernels
