#include "nn/layer_table.h"

#include <array>

namespace okibi::nn {
namespace {

using enum Print;

constexpr LayerAttribute embedding[] = {
    {"num_embeddings", value}, {"embedding_dim", value},  {"padding_idx", unless_none},
    {"max_norm", unless_none}, {"norm_type", unless_two}, {"scale_grad_by_freq", unless_false},
    {"sparse", unless_false},
};
constexpr LayerAttribute embedding_bag[] = {
    {"num_embeddings", value},
    {"embedding_dim", value},
    {"max_norm", unless_none},
    {"norm_type", unless_two},
    {"scale_grad_by_freq", unless_false},
    {"padding_idx", unless_none_last},
    {"mode", name_value},
    {"sparse", never},
    {"include_last_offset", never},
};
constexpr LayerAttribute linear[] = {
    {"in_features", name_value}, {"out_features", name_value}, {"bias", has_parameter}};
constexpr LayerAttribute bilinear[] = {
    {"in1_features", name_value}, {"in2_features", name_value}, {"out_features", name_value}, {"bias", has_parameter}};
constexpr LayerAttribute convolution[] = {
    {"in_channels", value},    {"out_channels", value},        {"kernel_size", name_value},
    {"stride", name_value},    {"padding", unless_zero},       {"dilation", unless_one},
    {"transposed", never},     {"output_padding", never},      {"groups", unless_one},
    {"bias", if_no_parameter}, {"padding_mode", unless_zeros}, {"_reversed_padding_repeated_twice", never},
};
constexpr LayerAttribute max_pool[] = {
    {"kernel_size", name_value}, {"stride", name_value},    {"padding", name_value},
    {"dilation", name_value},    {"return_indices", never}, {"ceil_mode", name_value},
};
constexpr LayerAttribute avg_pool1d[] = {
    {"kernel_size", name_value}, {"stride", name_value},       {"padding", name_value},
    {"ceil_mode", never},        {"count_include_pad", never},
};
constexpr LayerAttribute avg_pool2d[] = {
    {"kernel_size", name_value}, {"stride", name_value},       {"padding", name_value},
    {"ceil_mode", never},        {"count_include_pad", never}, {"divisor_override", never},
};
constexpr LayerAttribute adaptive_avg_pool[] = {{"output_size", name_value}};
constexpr LayerAttribute adaptive_max_pool[] = {{"output_size", name_value}, {"return_indices", never}};
constexpr LayerAttribute recurrent[] = {
    {"mode", never},
    {"input_size", value},
    {"hidden_size", value},
    {"proj_size", ahead_unless_zero},
    {"num_layers", unless_one},
    {"bias", unless_true},
    {"batch_first", unless_false},
    {"dropout", unless_zero},
    {"bidirectional", unless_false},
    {"proj_size", never},
    {"_flat_weights_names", never},
    {"_all_weights", never},
    {"_flat_weights", all_parameters},
};
constexpr LayerAttribute attention[] = {
    {"embed_dim", never},     {"kdim", never},    {"vdim", never},        {"_qkv_same_embed_dim", never},
    {"num_heads", never},     {"dropout", never}, {"batch_first", never}, {"head_dim", never},
    {"add_zero_attn", never}, {"bias_k", never},  {"bias_v", never},  // the last two None, or parameters and not here
};
constexpr LayerAttribute encoder_layer[] = {
    {"norm_first", never}, {"activation_relu_or_gelu", never}, {"activation", never}};
constexpr LayerAttribute encoder[] = {{"num_layers", never},
                                      {"norm", never},  // None, or a child and not here
                                      {"enable_nested_tensor", never},
                                      {"use_nested_tensor", never},
                                      {"mask_check", never}};
constexpr LayerAttribute inplace[] = {{"inplace", unless_false}};
constexpr LayerAttribute relu6[] = {{"min_val", never}, {"max_val", never}, {"inplace", unless_false}};
constexpr LayerAttribute leaky_relu[] = {{"negative_slope", name_value}, {"inplace", unless_false}};
constexpr LayerAttribute elu[] = {{"alpha", name_value}, {"inplace", unless_false}};
constexpr LayerAttribute gelu[] = {{"approximate", name_value}};
constexpr LayerAttribute hidden_inplace[] = {{"inplace", never}};
constexpr LayerAttribute hardtanh[] = {{"min_val", name_value}, {"max_val", name_value}, {"inplace", unless_false}};
constexpr LayerAttribute softplus[] = {{"beta", name_value}, {"threshold", name_value}};
constexpr LayerAttribute dim[] = {{"dim", name_value}};
constexpr LayerAttribute prelu[] = {{"num_parameters", name_value}, {"init", never}};
constexpr LayerAttribute flatten[] = {{"start_dim", name_value}, {"end_dim", name_value}};
constexpr LayerAttribute unflatten[] = {{"dim", name_value}, {"unflattened_size", name_value}};
constexpr LayerAttribute dropout[] = {{"p", name_value}, {"inplace", name_value}};
constexpr LayerAttribute embedding_dropout[] = {{"embed_p", never}};
constexpr LayerAttribute batch_norm[] = {
    {"num_features", value}, {"eps", name_value},     {"momentum", name_value},
    {"affine", name_value},  {"bias", has_parameter}, {"track_running_stats", name_value},
};
constexpr LayerAttribute layer_norm[] = {
    {"normalized_shape", value}, {"eps", name_value}, {"elementwise_affine", name_value}, {"bias", has_parameter}};
constexpr LayerAttribute rms_norm[] = {
    {"normalized_shape", value}, {"eps", name_value}, {"elementwise_affine", name_value}};
constexpr LayerAttribute group_norm[] = {{"num_groups", value},
                                         {"num_channels", value},
                                         {"eps", name_value},
                                         {"affine", name_value},
                                         {"bias", has_parameter}};
constexpr LayerAttribute loss[] = {{"reduction", never}};
constexpr LayerAttribute smooth_l1_loss[] = {{"reduction", never}, {"beta", never}};
constexpr LayerAttribute huber_loss[] = {{"reduction", never}, {"delta", never}};
constexpr LayerAttribute nll_loss[] = {{"reduction", never}, {"ignore_index", never}};
constexpr LayerAttribute cross_entropy_loss[] = {
    {"reduction", never}, {"ignore_index", never}, {"label_smoothing", never}};
constexpr LayerAttribute kl_div_loss[] = {{"reduction", never}, {"log_target", never}};
constexpr LayerAttribute cosine_embedding_loss[] = {{"reduction", never}, {"margin", never}};
constexpr LayerAttribute triplet_margin_loss[] = {
    {"reduction", never}, {"margin", never}, {"p", never}, {"eps", never}, {"swap", never}};
constexpr std::span<const LayerAttribute> none;

template <class T>
AnyModule make() {
  return T();
}
template <class T>
AnyModule make_unfilled() {
  return T(Unfilled());
}
template <class T, int64_t... sizes>
AnyModule make_of() {
  return T(sizes...);
}

constexpr Layer table[] = {
    {Module::plain_class, none, make<Module>},
    {"torch.nn.modules.sparse.Embedding", embedding, nullptr},
    {"torch.nn.modules.sparse.EmbeddingBag", embedding_bag, nullptr},
    {"torch.nn.modules.linear.Linear", linear, nullptr},
    {"torch.nn.modules.linear.Bilinear", bilinear, make_unfilled<Bilinear>},
    {"torch.nn.modules.conv.Conv1d", convolution, make_unfilled<Conv1d>},
    {"torch.nn.modules.conv.Conv2d", convolution, make_unfilled<Conv2d>},
    {"torch.nn.modules.pooling.MaxPool1d", max_pool, make_of<MaxPool1d, 1>},
    {"torch.nn.modules.pooling.MaxPool2d", max_pool, make_of<MaxPool2d, 1>},
    {"torch.nn.modules.pooling.AvgPool1d", avg_pool1d, make_of<AvgPool1d, 1>},
    {"torch.nn.modules.pooling.AvgPool2d", avg_pool2d, make_of<AvgPool2d, 1>},
    {"torch.nn.modules.pooling.AdaptiveAvgPool1d", adaptive_avg_pool, make_of<AdaptiveAvgPool1d, 1>},
    {"torch.nn.modules.pooling.AdaptiveAvgPool2d", adaptive_avg_pool, make_of<AdaptiveAvgPool2d, 1>},
    {"torch.nn.modules.pooling.AdaptiveMaxPool1d", adaptive_max_pool, make_of<AdaptiveMaxPool1d, 1>},
    {"torch.nn.modules.pooling.AdaptiveMaxPool2d", adaptive_max_pool, make_of<AdaptiveMaxPool2d, 1>},
    {"torch.nn.modules.linear.NonDynamicallyQuantizableLinear", linear, nullptr},
    {"torch.nn.modules.rnn.LSTM", recurrent, make_unfilled<LSTM>},
    {"torch.nn.modules.rnn.GRU", recurrent, make_unfilled<GRU>},
    {"torch.nn.modules.activation.MultiheadAttention", attention, make_unfilled<MultiheadAttention>},
    {"torch.nn.modules.linear.Identity", none, make<Identity>},
    {"torch.nn.modules.flatten.Flatten", flatten, make<Flatten>},
    {"torch.nn.modules.flatten.Unflatten", unflatten, make<Unflatten>},
    {"torch.nn.modules.activation.ReLU", inplace, make<ReLU>},
    {"torch.nn.modules.activation.ReLU6", relu6, make<ReLU6>},
    {"torch.nn.modules.activation.LeakyReLU", leaky_relu, make<LeakyReLU>},
    {"torch.nn.modules.activation.ELU", elu, make<ELU>},
    {"torch.nn.modules.activation.SELU", inplace, make<SELU>},
    {"torch.nn.modules.activation.CELU", elu, make<CELU>},
    {"torch.nn.modules.activation.GELU", gelu, make<GELU>},
    {"torch.nn.modules.activation.SiLU", inplace, make<SiLU>},
    {"torch.nn.modules.activation.Mish", inplace, make<Mish>},
    {"torch.nn.modules.activation.Sigmoid", none, make<Sigmoid>},
    {"torch.nn.modules.activation.Tanh", none, make<Tanh>},
    {"torch.nn.modules.activation.Hardsigmoid", hidden_inplace, make<Hardsigmoid>},
    {"torch.nn.modules.activation.Hardswish", hidden_inplace, make<Hardswish>},
    {"torch.nn.modules.activation.Hardtanh", hardtanh, make<Hardtanh>},
    {"torch.nn.modules.activation.Softplus", softplus, make<Softplus>},
    {"torch.nn.modules.activation.Softsign", none, make<Softsign>},
    {"torch.nn.modules.activation.LogSigmoid", none, make<LogSigmoid>},
    {"torch.nn.modules.activation.Softmax", dim, make<Softmax>},
    {"torch.nn.modules.activation.LogSoftmax", dim, make<LogSoftmax>},
    {"torch.nn.modules.activation.PReLU", prelu, make<PReLU>},
    {"torch.nn.modules.dropout.Dropout", dropout, make<Dropout>},
    {"torch.nn.modules.dropout.Dropout1d", dropout, make<Dropout1d>},
    {"torch.nn.modules.dropout.Dropout2d", dropout, make<Dropout2d>},
    {"torch.nn.modules.dropout.AlphaDropout", dropout, make<AlphaDropout>},
    {"fastai.text.models.awdlstm.EmbeddingDropout", embedding_dropout, make<EmbeddingDropout>},
    {"torch.nn.modules.batchnorm.BatchNorm1d", batch_norm, make_of<BatchNorm1d, 1>, 2},
    {"torch.nn.modules.batchnorm.BatchNorm2d", batch_norm, make_of<BatchNorm2d, 1>, 2},
    {"torch.nn.modules.normalization.LayerNorm", layer_norm, make_of<LayerNorm, 1>},
    {"torch.nn.modules.normalization.RMSNorm", rms_norm, make_of<RMSNorm, 1>},
    {"torch.nn.modules.normalization.GroupNorm", group_norm, make_of<GroupNorm, 1, 1>},
    {"torch.nn.modules.transformer.TransformerEncoderLayer", encoder_layer, make_unfilled<TransformerEncoderLayer>},
    {"torch.nn.modules.transformer.TransformerEncoder", encoder, make_unfilled<TransformerEncoder>},
    {"torch.nn.modules.container.Sequential", none, make<Sequential>},
    {"torch.nn.modules.container.ModuleList", none, make<ModuleList>},
    {"torch.nn.modules.container.ModuleDict", none, make<ModuleDict>},
    {"torch.nn.modules.loss.BCEWithLogitsLoss", loss, make<BCEWithLogitsLoss>},
    {"torch.nn.modules.loss.MSELoss", loss, make<MSELoss>},
    {"torch.nn.modules.loss.L1Loss", loss, make<L1Loss>},
    {"torch.nn.modules.loss.SmoothL1Loss", smooth_l1_loss, make<SmoothL1Loss>},
    {"torch.nn.modules.loss.HuberLoss", huber_loss, make<HuberLoss>},
    {"torch.nn.modules.loss.BCELoss", loss, make<BCELoss>},
    {"torch.nn.modules.loss.CrossEntropyLoss", cross_entropy_loss, make<CrossEntropyLoss>},
    {"torch.nn.modules.loss.NLLLoss", nll_loss, make<NLLLoss>},
    {"torch.nn.modules.loss.KLDivLoss", kl_div_loss, make<KLDivLoss>},
    {"torch.nn.modules.loss.CosineEmbeddingLoss", cosine_embedding_loss, make<CosineEmbeddingLoss>},
    {"torch.nn.modules.loss.TripletMarginLoss", triplet_margin_loss, make<TripletMarginLoss>},
};

}  // namespace

std::span<const Layer> layers() noexcept { return table; }

const Layer* find_layer(std::string_view python_class) noexcept {
  for (const Layer& layer : table) {
    if (layer.python_class == python_class) return &layer;
  }
  return nullptr;
}

}  // namespace okibi::nn
