// okibi/ops.h: operations on tensors, and their gradients.
//
// Each function is one entry of the operator table (okibi/op_table.h): it checks its arguments, computes, and, when grad
// mode is on and an argument needs a gradient, records a node for backward(). Shapes are written as in PyTorch; broken
// ones are Error(bad_argument) in PyTorch's words with both shapes.
//
// The graph: nodes are counted and belong to the tensors that they computed; they come from a pool of the thread, so that
// a training step in its steady state allocates nothing. backward() frees what its nodes saved, unless retain_graph.
//
// Threads: several threads may compute with the same tensors, and each records its own graph. One graph is walked by one
// thread at a time, and threads that accumulate into the same .grad need an order of their own.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <okibi/random.h>
#include <okibi/tensor.h>

namespace okibi {

// ---- gradients
// Adds d(root)/d(leaf) · gradient to the .grad of every leaf that needs it. `gradient` may be missing for a root of one
// element (it is 1 then). Also Tensor::backward.
void backward(const Tensor& root, const Tensor& gradient = {}, bool retain_graph = false);

// ---- arithmetic; sizes broadcast, dtypes promote
Tensor add(const Tensor& a, const Tensor& b, double alpha = 1);  // a + alpha · b
Tensor sub(const Tensor& a, const Tensor& b, double alpha = 1);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);  // true division: integers give float32
Tensor add(const Tensor& a, double b);
Tensor mul(const Tensor& a, double b);
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, double b) { return add(a, -b); }
inline Tensor operator*(const Tensor& a, double b) { return mul(a, b); }
inline Tensor operator*(double a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, double b) { return div(a, full({}, b, {a.dtype()})); }
inline Tensor operator+(double a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(double a, const Tensor& b) { return add(mul(b, -1), a); }
inline Tensor operator-(const Tensor& a) { return mul(a, -1); }

// ---- functions of single numbers; integers give float32, but stay such in neg, square and rounding
Tensor neg(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);
Tensor square(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);  // halves to the even one
Tensor pow(const Tensor& x, double exponent);
Tensor pow(const Tensor& x, const Tensor& exponent);

// ---- comparisons; they broadcast and give booleans
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);  // what is not zero is true
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);  // NaN where there is one
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor clamp(const Tensor& x, std::optional<double> least, std::optional<double> most = {});

// ---- reductions
Tensor sum(const Tensor& x);   // () ; integers and booleans give int64
Tensor mean(const Tensor& x);  // ()
Tensor sum(const Tensor& x, int64_t dim, bool keepdim = false);
Tensor sum(const Tensor& x, const Dims& dims, bool keepdim = false);   // over all where dims is empty, as everywhere here
Tensor mean(const Tensor& x, const Dims& dims, bool keepdim = false);
struct Extreme {
  Tensor values, indices;  // indices: int64, along the dimension that is gone; the first of several
};
Extreme max(const Tensor& x, int64_t dim, bool keepdim = false);  // NaN is larger than all
Extreme min(const Tensor& x, int64_t dim, bool keepdim = false);  // and smaller
Tensor amax(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor argmax(const Tensor& x, std::optional<int64_t> dim = {}, bool keepdim = false);  // int64
Tensor argmin(const Tensor& x, std::optional<int64_t> dim = {}, bool keepdim = false);
Tensor any(const Tensor& x);  // whether one is not zero
Tensor all(const Tensor& x);
Tensor any(const Tensor& x, int64_t dim, bool keepdim = false);
Tensor all(const Tensor& x, int64_t dim, bool keepdim = false);
Tensor cumsum(const Tensor& x, int64_t dim);  // each number with all before it
Tensor max(const Tensor& x);                  // () ; Error(bad_argument) of no numbers
Tensor min(const Tensor& x);
Tensor prod(const Tensor& x);  // ()
Tensor prod(const Tensor& x, int64_t dim, bool keepdim = false);
// The mean square of what is left without the mean: the sum is divided by n - correction. And its root.
Tensor var(const Tensor& x, const Dims& dims = {}, double correction = 1, bool keepdim = false);
Tensor std(const Tensor& x, const Dims& dims = {}, double correction = 1, bool keepdim = false);
Tensor norm(const Tensor& x, double p = 2, const Dims& dims = {}, bool keepdim = false);  // (Σ |x|^p)^(1/p); p may be inf

// ---- products
Tensor mm(const Tensor& a, const Tensor& b);                                  // (m, k) (k, n) → (m, n)
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});  // (*, k) (n, k) (n) → (*, n)
Tensor bmm(const Tensor& a, const Tensor& b);  // (batch, m, k) (batch, k, n) → (batch, m, n)
// (*, m, k) (*, k, n) → (*, m, n), where the * broadcast. A vector is one row on the left, one column on the right, and
// its dimension is gone from the result.
Tensor matmul(const Tensor& a, const Tensor& b);
Tensor addmm(const Tensor& x, const Tensor& a, const Tensor& b, double beta = 1, double alpha = 1);  // β·x + α·a·b
// (*, k) (*, l) (n, k, l) (n) → (*, n): for each of the n a bilinear form of both
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {});
// Sums of products by the letters of their dimensions: einsum("bij,bjk->bik", {a, b}). "..." stands for dimensions that
// broadcast; without "->" the result has the letters that stand once, in the order of the alphabet.
Tensor einsum(const std::string& equation, std::span<const Tensor> tensors);

// ---- convolutions, as cross-correlations: x (batch, channels, width) with weight (filters, channels / groups, width), or
// with (height, width) or (depth, height, width) in place of each width; the batch may be missing. bias (filters). One
// number serves all dimensions.
struct ConvolutionOptions {
  Dims stride = {1}, padding = {0}, dilation = {1};
  int64_t groups = 1;
};
Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                   const ConvolutionOptions& options = {});
// The gradient of a convolution by its input, as an operation: weight (channels, filters / groups, width). An output has
// (n - 1) · stride - 2 · padding + dilation · (kernel - 1) + output_padding + 1 places.
struct ConvTransposeOptions {
  Dims stride = {1}, padding = {0}, output_padding = {0}, dilation = {1};
  int64_t groups = 1;
};
Tensor conv_transpose(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                      const ConvTransposeOptions& options = {});

// ---- pooling: x (batch, channels, width), or (batch, channels, height, width); the batch may be missing. Of each
// window, which may hang over the edges by its padding, the largest number or the mean. One number serves all
// dimensions.
struct PoolOptions {
  Dims stride = {};  // empty: the windows lie side by side
  Dims padding = {0}, dilation = {1};
  bool ceil_mode = false;  // a window may hang over the end, too
};
struct Pooled {
  Tensor values, indices;  // where each stood in its line or plane, int64
};
Tensor max_pool1d(const Tensor& x, const Dims& kernel_size, const PoolOptions& options = {});
Tensor max_pool2d(const Tensor& x, const Dims& kernel_size, const PoolOptions& options = {});
Pooled max_pool1d_with_indices(const Tensor& x, const Dims& kernel_size, const PoolOptions& options = {});
Pooled max_pool2d_with_indices(const Tensor& x, const Dims& kernel_size, const PoolOptions& options = {});

struct AvgPoolOptions {
  Dims stride = {}, padding = {0};
  bool ceil_mode = false;
  bool count_include_pad = true;                 // the padding counts as zeros
  std::optional<int64_t> divisor_override = {};  // avg_pool2d alone: instead of the number of places
};
Tensor avg_pool1d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options = {});
Tensor avg_pool2d(const Tensor& x, const Dims& kernel_size, const AvgPoolOptions& options = {});

// As many windows as output_size says, which divide the input among themselves as evenly as can be.
Tensor adaptive_avg_pool1d(const Tensor& x, const Dims& output_size);
Tensor adaptive_avg_pool2d(const Tensor& x, const Dims& output_size);
Pooled adaptive_max_pool1d(const Tensor& x, const Dims& output_size);
Pooled adaptive_max_pool2d(const Tensor& x, const Dims& output_size);
Tensor adaptive_avg_pool3d(const Tensor& x, const Dims& output_size);  // x (batch, channels, depth, height, width)

// ---- larger and smaller pictures: x (batch, channels, width), (batch, channels, height, width) or with a depth before
// them. Either `size`, or a scale for each dimension. "nearest", "nearest-exact", "linear" (one dimension), "bilinear" and
// "bicubic" (two), "trilinear" (three). With align_corners the corners' middles keep their places, else their edges.
struct InterpolateOptions {
  std::optional<Dims> size = {};
  std::vector<double> scale_factor = {};
  std::string mode = "nearest";
  bool align_corners = false;
};
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

// ---- recurrent networks: x (steps, batch, input), or (batch, steps, input); states (layers · directions, batch, size).
// params: for each layer and each of its directions weight_ih (4 hidden, input), weight_hh (4 hidden, size of h), with
// `biases` bias_ih and bias_hh (4 hidden), and where h is smaller than c its projection, weight_hr (size of h, hidden).
// A GRU has 3 in place of 4 and no projection. Dropout between layers.
struct RecurrentOptions {
  int64_t num_layers = 1;
  bool biases = true;
  double dropout = 0;
  bool training = false, bidirectional = false, batch_first = false;
};
struct Recurrent {
  Tensor out, h, c;  // h of the last layer for all steps, both directions side by side; the last h and c of all layers
};
Recurrent lstm(const Tensor& x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
               const RecurrentOptions& options = {});
Recurrent gru(const Tensor& x, const Tensor& h0, std::span<const Tensor> params, const RecurrentOptions& options = {});
// One step: x (batch, input), h and c (batch, hidden); the weights as those of a layer above, biases may be undefined.
struct LstmState {
  Tensor h, c;
};
LstmState lstm_cell(const Tensor& x, const LstmState& state, const Tensor& weight_ih, const Tensor& weight_hh,
                    const Tensor& bias_ih = {}, const Tensor& bias_hh = {});
Tensor gru_cell(const Tensor& x, const Tensor& h, const Tensor& weight_ih, const Tensor& weight_hh,
                const Tensor& bias_ih = {}, const Tensor& bias_hh = {});

// Sequences of several lengths without their padding: the first step of all, then the second of those that have one, and
// so on. data (Σ lengths, *), batch_sizes (longest) in int64. As torch.nn.utils.rnn's, of sequences in falling length.
struct PackedSequence {
  Tensor data, batch_sizes;
};
PackedSequence pack_padded_sequence(const Tensor& x, const Tensor& lengths, bool batch_first = false);
struct Padded {
  Tensor data, lengths;  // lengths (batch) in int64
};
Padded pad_packed_sequence(const PackedSequence& packed, bool batch_first = false, double padding_value = 0,
                           int64_t total_length = 0);
Recurrent lstm(const PackedSequence& x, const Tensor& h0, const Tensor& c0, std::span<const Tensor> params,
               const RecurrentOptions& options = {});
Recurrent gru(const PackedSequence& x, const Tensor& h0, std::span<const Tensor> params,
              const RecurrentOptions& options = {});

// ---- joining and picking
Tensor cat(std::span<const Tensor> tensors, int64_t dim = 0);
inline Tensor cat(std::initializer_list<Tensor> tensors, int64_t dim = 0) {
  return cat(std::span(tensors.begin(), tensors.size()), dim);
}
Tensor stack(std::span<const Tensor> tensors, int64_t dim = 0);  // along a new dimension
inline Tensor stack(std::initializer_list<Tensor> tensors, int64_t dim = 0) {
  return stack(std::span(tensors.begin(), tensors.size()), dim);
}
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim = 0);    // views of `size`; the last has the rest
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim = 0);  // views, at most so many, of equal sizes
// a where the boolean condition holds, else b. All broadcast, dtypes of a and b promote.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value);  // value where the boolean mask holds
Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index);  // index: int64 or int32, (n)
// x[i, j, …]: tensors of int64, which broadcast, or of booleans, which mean the places where they hold. An undefined one
// takes all of its dimension, as do those that are missing at the end. Where the others stand side by side, their sizes
// take the place of what they index; else they come first. Negative ones count from the end.
Tensor index(const Tensor& x, std::span<const Tensor> indices);
// In place: the same places of x get `values`, which broadcast. With accumulate they are added, to a place that is named
// twice both.
const Tensor& index_put_(const Tensor& x, std::span<const Tensor> indices, const Tensor& values, bool accumulate = false);
Tensor gather(const Tensor& x, int64_t dim, const Tensor& index);  // for dim 1: out[i, j] = x[i, index[i, j]]
Tensor scatter(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);  // out[i, index[i, j]] = source[i, j]
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
Tensor masked_select(const Tensor& x, const Tensor& mask);  // (n): those where the boolean mask holds
Tensor nonzero(const Tensor& x);                            // (n, dimensions) in int64, in the order of memory
std::vector<Tensor> where(const Tensor& condition);         // the columns of nonzero
Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims = {});  // what leaves at the end comes in at the front
Tensor flip(const Tensor& x, const Dims& dims);
Tensor tril(const Tensor& x, int64_t diagonal = 0);  // zeros above the diagonal of the last two dimensions
Tensor triu(const Tensor& x, int64_t diagonal = 0);  // and below it
std::vector<Tensor> unbind(const Tensor& x, int64_t dim = 0);  // views, without that dimension
std::vector<Tensor> broadcast_tensors(std::span<const Tensor> tensors);
std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, const std::string& indexing = "ij");  // or "xy"

// ---- order. NaN counts as the largest. Of equal ones, sort with `stable` keeps the order.
Extreme sort(const Tensor& x, int64_t dim = -1, bool descending = false, bool stable = false);
Tensor argsort(const Tensor& x, int64_t dim = -1, bool descending = false, bool stable = false);
Extreme topk(const Tensor& x, int64_t k, int64_t dim = -1, bool largest = true, bool sorted = true);
struct Unique {
  Tensor values, inverse, counts;  // (n) ascending; for each of x which; (n) how many
};
Unique unique(const Tensor& x);

// ---- detection, as torchvision's. Boxes are (n, 4): left, top, right, bottom.
// Which boxes stay, the best first, when each removes those that share more than iou_threshold with it. int64.
Tensor nms(const Tensor& boxes, const Tensor& scores, double iou_threshold);
// x (batch, channels, height, width), boxes (n, 5) with the picture's number before them → (n, channels, height, width):
// each box scaled, cut into a grid, of whose cells the mean of sampling_ratio² (-1: as many as it covers) points is taken.
Tensor roi_align(const Tensor& x, const Tensor& boxes, double spatial_scale, int64_t pooled_height, int64_t pooled_width,
                 int64_t sampling_ratio = -1, bool aligned = false);
// (rows, dim), indices (*) in int64 or int32 → (*, dim). Rows equal to padding_idx get no gradient; -1 means none. With
// `sparse` the gradient is a COO tensor, (rows, dim), uncoalesced, in the order of the input. An index outside is
// Error(out_of_range) naming its position and value.
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx = -1, bool scale_grad_by_freq = false,
                 bool sparse = false);

// Scales each row of `weight` that indices name and whose p-norm (p = norm_type) is greater than max_norm down to it, in
// place, with PyTorch's bits. Of one row once, however often it is named.
const Tensor& embedding_renorm_(const Tensor& weight, const Tensor& indices, double max_norm, double norm_type = 2);

// Rows by the bag: (rows, dim) and indices (entries), of which bag b has those from offsets[b] to offsets[b + 1], give
// (bags, dim): the sum of its rows, their mean, or the largest of each column; zeros for an empty bag. Indices (bags,
// length) are bags of one length, without offsets. per_sample_weights has the sizes of indices and weighs a sum. Rows
// equal to padding_idx do not count, in the mean neither. int64 and int32 may be mixed.
enum class BagMode : uint8_t { sum, mean, max };  // numbered as PyTorch's
struct EmbeddingBagOptions {
  BagMode mode = BagMode::mean;
  bool scale_grad_by_freq = false;
  bool sparse = false;
  bool include_last_offset = false;  // offsets has one more, where the last bag ends
  std::optional<int64_t> padding_idx = {};
};
Tensor embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets = {},
                     const Tensor& per_sample_weights = {}, EmbeddingBagOptions options = {});

// ---- views
Tensor unflatten(const Tensor& x, int64_t dim, const Dims& sizes);  // dimension `dim` made several; one may be -1

// ---- activations
Tensor relu(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);
Tensor elu(const Tensor& x, double alpha = 1);
Tensor selu(const Tensor& x);
Tensor celu(const Tensor& x, double alpha = 1);
Tensor gelu(const Tensor& x, const std::string& approximate = "none");  // "tanh": by the formula with tanh
Tensor silu(const Tensor& x);
Tensor mish(const Tensor& x);
Tensor hardsigmoid(const Tensor& x);
Tensor hardswish(const Tensor& x);
Tensor hardtanh(const Tensor& x, double least = -1, double most = 1);
Tensor relu6(const Tensor& x);
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);
Tensor glu(const Tensor& x, int64_t dim = -1);  // the first half times the sigmoid of the second
Tensor softsign(const Tensor& x);
Tensor log_sigmoid(const Tensor& x);
Tensor prelu(const Tensor& x, const Tensor& weight);  // weight: one slope, or one for each of x's dimension 1
// Over `dim`, whose numbers then add up to 1, and its logarithm.
Tensor softmax(const Tensor& x, int64_t dim);
Tensor log_softmax(const Tensor& x, int64_t dim);
// ---- dropout
// Zeroes elements with probability p and scales the others by 1/(1-p); itself when not training. Draws from the default
// generator.
Tensor dropout(const Tensor& x, double p, bool training);
Tensor feature_dropout(const Tensor& x, double p, bool training);  // (n, channels, *): whole channels
Tensor alpha_dropout(const Tensor& x, double p, bool training);    // after SELU: keeps mean 0 and variance 1

// ---- norms. Weights and biases may be undefined.
// Over the last dimensions, which have the sizes normalized_shape, as have weight and bias.
Tensor layer_norm(const Tensor& x, const Dims& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
// The same without the mean: x / √(mean of x² + eps) · weight. Without eps it is the dtype's epsilon.
Tensor rms_norm(const Tensor& x, const Dims& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = {});
// x (n, channels, *): over the channels of each group and all that they hold; weight and bias (channels).
Tensor group_norm(const Tensor& x, int64_t num_groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
// x (n, channels, *): each channel over the batch, all else (channels). Training moves running_mean and running_var in
// place towards the batch's mean and unbiased variance, by `momentum`, where they are defined; otherwise they are what x
// is normalised by.
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight = {},
                  const Tensor& bias = {}, bool training = false, double momentum = 0.1, double eps = 1e-5);

// ---- losses. Reductions are numbered as PyTorch's; batchmean, the sum divided by size(0), is for kl_div alone.
enum class Reduction : uint8_t { none, mean, sum, batchmean };
// `target` has the sizes of `input`; weights are broadcast to it and get no gradient.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        Reduction reduction = Reduction::mean, const Tensor& weight = {},
                                        const Tensor& pos_weight = {});
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean,
                            const Tensor& weight = {});  // of probabilities: Error(bad_argument) outside 0 to 1
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean, double beta = 1);
Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean, double delta = 1);
// target · (log target - input), of inputs that are logarithms; with log_target the target is one too.
Tensor kl_div(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean, bool log_target = false);
// input (n, classes, *) or (classes), target (n, *) or () of classes in int64; weight (classes). Targets equal to
// ignore_index do not count; others outside the classes are Error(out_of_range). A mean is divided by the weights of the
// targets that count.
Tensor nll_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean,
                const Tensor& weight = {}, int64_t ignore_index = -100);  // of logarithms of probabilities
// Of logits. The target may also be probabilities, of the sizes of input; a mean is then divided by their number.
Tensor cross_entropy(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean,
                     const Tensor& weight = {}, int64_t ignore_index = -100, double label_smoothing = 0);
// a, b (n, dim) and target (n), or (dim) and (): 1 - cos where the target is 1, max(cos - margin, 0) where it is -1.
Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, const Tensor& target, double margin = 0,
                             Reduction reduction = Reduction::mean);
// max(margin + |anchor - positive| - |anchor - negative|, 0) by p-norms over the last dimension, eps added to each
// difference. With `swap` the negative's distance is that to the nearer of the two.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin = 1,
                           double p = 2, double eps = 1e-6, bool swap = false, Reduction reduction = Reduction::mean);

// ---- sparse
Tensor coalesce(const Tensor& sparse);  // indices ascending, duplicates summed in the order in which they came
Tensor to_dense(const Tensor& sparse);

// ---- random tensors, from the default generator unless one is given; the numbers of PyTorch
Tensor randn(Dims sizes, TensorOptions options = {}, Generator& generator = default_generator());
Tensor rand(Dims sizes, TensorOptions options = {}, Generator& generator = default_generator());
Tensor randint(int64_t low, int64_t high, Dims sizes, Generator& generator = default_generator());  // int64
Tensor randperm(int64_t n, Generator& generator = default_generator());                             // int64
const Tensor& normal_(const Tensor& tensor, double mean = 0, double std = 1, Generator& generator = default_generator());
const Tensor& uniform_(const Tensor& tensor, double from = 0, double to = 1, Generator& generator = default_generator());

}  // namespace okibi
