#include <fmt/format.h>
#include <fmt/ranges.h>

#include <okibi/value.h>

#include <ostream>

#include "tensor/body.h"
#include "tensor/number_of.h"
#include "tensor/number_text.h"
#include "tensor/python_text.h"

namespace okibi {
namespace {

// PyTorch's default print options.
constexpr int64_t threshold = 1000;  // elements: tensors with more are summarised
constexpr int64_t edge_items = 3;    // shown at each end of a summarised dimension
constexpr size_t line_width = 80;

constexpr int64_t left_out = -1;  // stands for the indices that a summary leaves out

// "(2, 3)", "(3,)", "()", as Python prints a tuple.
std::string tuple_text(const Dims& dims) {
  return fmt::format("({}{})", fmt::join(dims.begin(), dims.end(), ", "), dims.size() == 1 ? "," : "");
}

// The brackets, and the numbers between them.
class NumbersText {
 public:
  explicit NumbersText(const TensorBody& body)
      : body_(body),
        summarized_(body.numel > threshold),
        channels_(channel_dim(body)),
        format_(body.is_quantized() ? DType::float32 : body.dtype, shown_numbers()) {}

  // More than anyone reads: sizes such as [6, 6, 6, …] have no dimension that a summary would shorten.
  static bool is_printable(const TensorBody& body) {
    if (!has_numbers(body)) return false;
    uint64_t shown = 1;
    for (const int64_t size : body.sizes) {
      shown *= static_cast<uint64_t>(body.numel > threshold ? std::min(size, 2 * edge_items) : size);
      if (shown > Limits().max_printed_nodes) return false;
    }
    return true;
  }

  std::string text(size_t indent) const { return body_.numel == 0 ? "[]" : block(0, 0, indent); }

 private:
  std::vector<int64_t> shown_indices(size_t dim) const {
    const int64_t size = body_.sizes[dim];
    std::vector<int64_t> indices;
    const bool shortened = summarized_ && size > 2 * edge_items;
    for (int64_t i = 0; i < size; ++i) {
      if (shortened && i == edge_items) {
        indices.push_back(left_out);
        i = size - edge_items;
      }
      indices.push_back(i);
    }
    return indices;
  }

  std::vector<Wide> shown_numbers() const {
    std::vector<Wide> numbers;
    if (body_.numel > 0) collect(0, 0, numbers);
    return numbers;
  }

  void collect(size_t dim, int64_t offset, std::vector<Wide>& numbers) const {
    if (dim == body_.sizes.size()) return numbers.push_back(number_at(offset));
    for (const int64_t i : shown_indices(dim)) {
      if (i != left_out) collect(dim + 1, moved(offset, dim, i), numbers);
    }
  }

  static std::optional<size_t> channel_dim(const TensorBody& body) {
    if (!body.is_quantized() || !body.extras->quantizer->scales.defined()) return std::nullopt;
    return static_cast<size_t>(body.extras->quantizer->axis);
  }

  // Where the walk goes when it takes index i in a dimension.
  int64_t moved(int64_t offset, size_t dim, int64_t i) const {
    if (dim == channels_) channel_ = i;
    return offset + i * body_.strides[dim];
  }

  Wide number_at(int64_t offset) const {
    return load_number(body_, body_.data() + offset * static_cast<int64_t>(itemsize(body_.dtype)), channel_);
  }

  std::string block(size_t dim, int64_t offset, size_t indent) const {
    if (dim == body_.sizes.size()) return format_(number_at(offset));
    if (dim + 1 == body_.sizes.size()) return row(offset, indent);
    std::vector<std::string> blocks;
    for (const int64_t i : shown_indices(dim)) {
      blocks.push_back(i == left_out ? "..." : block(dim + 1, moved(offset, dim, i), indent + 1));
    }
    const std::string blank_lines(body_.sizes.size() - dim - 1, '\n');
    return fmt::format("[{}]", fmt::join(blocks, "," + blank_lines + std::string(indent + 1, ' ')));
  }

  // The last dimension, broken into lines of as many numbers as fit.
  std::string row(int64_t offset, size_t indent) const {
    const size_t available = line_width - std::min(line_width, indent);
    const size_t a_line = std::max<size_t>(1, available / (format_.width() + 2));
    std::string text = "[";
    size_t written = 0;
    for (const int64_t i : shown_indices(body_.sizes.size() - 1)) {
      if (written > 0) text += written % a_line == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
      text += i == left_out ? " ..." : format_(number_at(moved(offset, body_.sizes.size() - 1, i)));
      ++written;
    }
    return text + "]";
  }

  const TensorBody& body_;
  bool summarized_;
  std::optional<size_t> channels_;  // the dimension along which it is quantised
  mutable int64_t channel_ = 0;     // the index there, where the walk is
  NumberFormat format_;
};

std::string numbers_text(const Tensor& tensor, size_t indent) {
  const TensorBody& body = *tensor.body();
  if (tensor.is_meta() || !NumbersText::is_printable(body)) return "...";
  return NumbersText(body).text(indent);
}

// ---- what follows the numbers

bool has_usual_dtype(DType dtype) {
  return dtype == float32 || dtype == int64 || dtype == boolean || dtype == complex64;
}

std::string dtype_suffix(DType dtype) { return fmt::format("dtype=torch.{}", name_of(dtype)); }

std::vector<std::string> sparse_suffixes(const Tensor& tensor) {
  const int64_t nnz = tensor.is_sparse() ? tensor.values().size(0) : tensor.plain_indices().sizes().back();
  std::vector<std::string> suffixes{fmt::format("size={}", tuple_text(tensor.sizes())), fmt::format("nnz={}", nnz)};
  if (!has_usual_dtype(tensor.dtype())) suffixes.push_back(dtype_suffix(tensor.dtype()));
  suffixes.push_back(fmt::format("layout=torch.{}", name_of(tensor.layout())));
  return suffixes;
}

std::vector<std::string> strided_suffixes(const Tensor& tensor, bool numbers_shown) {
  std::vector<std::string> suffixes;
  const bool empty = tensor.numel() == 0;
  // With no number to be seen, neither the sizes nor any dtype but the default one can be guessed.
  if (!numbers_shown || (empty && tensor.dim() != 1)) suffixes.push_back("size=" + tuple_text(tensor.sizes()));
  const bool dtype_is_plain =
      numbers_shown && !empty ? has_usual_dtype(tensor.dtype()) : tensor.dtype() == DType::float32;
  if (!dtype_is_plain) suffixes.push_back(dtype_suffix(tensor.dtype()));
  return suffixes;
}

std::string sparse_part(std::string_view name, const Tensor& part, size_t indent) {
  const std::string prefix = fmt::format("{}=tensor(", name);
  const std::string size = part.numel() == 0 ? ", size=" + tuple_text(part.sizes()) : "";
  return fmt::format("{}{}{})", prefix, numbers_text(part, indent + prefix.size()), size);
}

void add_gradient_suffix(const Tensor& tensor, std::vector<std::string>& suffixes) {
  const TensorBody& body = *tensor.body();
  if (body.graph_node) {
    suffixes.push_back(fmt::format("grad_fn=<{}>", body.graph_node->name()));
  } else if (body.derived != Derived::no) {
    suffixes.push_back(body.derived == Derived::view ? "grad_fn=<ViewBackward0>" : "grad_fn=<CloneBackward0>");
  } else if (body.requires_grad) {
    suffixes.emplace_back("requires_grad=True");
  }
}

// Suffixes follow on the same line as long as they fit.
std::string with_suffixes(std::string text, const std::vector<std::string>& suffixes, size_t indent, bool new_line) {
  const size_t last_break = text.rfind('\n');
  size_t line_length =
      last_break == std::string::npos ? text.size() + 2 : text.size() - last_break + 1;  // PyTorch's count
  for (const std::string& suffix : suffixes) {
    if (new_line || line_length + suffix.size() + 2 > line_width) {
      text += ",\n" + std::string(indent, ' ') + suffix;
      line_length = indent + suffix.size();
      new_line = false;
    } else {
      text += ", " + suffix;
      line_length += suffix.size() + 2;
    }
  }
  return text + ")";
}

std::string list_text(std::string_view name, const Tensor& list, size_t indent) {
  const std::string prefix = fmt::format("{}=tensor(", name);
  const std::string dtype = has_usual_dtype(list.dtype()) ? "" : ", " + dtype_suffix(list.dtype());
  return fmt::format("{}{}{})", prefix, numbers_text(list, indent + prefix.size()), dtype);
}

void add_quantizer_suffixes(const Tensor& tensor, std::vector<std::string>& suffixes, size_t indent) {
  const Quantizer& quantizer = tensor.quantizer();
  suffixes.push_back(fmt::format("quantization_scheme=torch.{}", name_of(quantizer.scheme)));
  if (!quantizer.scales.defined()) {
    suffixes.push_back("scale=" + python_float(quantizer.scale));
    suffixes.push_back(fmt::format("zero_point={}", quantizer.zero_point));
    return;
  }
  suffixes.push_back(list_text("scale", quantizer.scales, indent));
  suffixes.push_back(list_text("zero_point", quantizer.zero_points, indent));
  suffixes.push_back(fmt::format("axis={}", quantizer.axis));
}

// The parts by which a sparse tensor shows its numbers, each on a line.
std::string sparse_text(const Tensor& tensor, size_t indent) {
  std::vector<std::string> parts;
  if (tensor.is_sparse()) {
    parts.push_back(sparse_part("indices", tensor.indices(), indent));
  } else {
    const bool by_rows = is_by_rows(tensor.layout());
    parts.push_back(sparse_part(by_rows ? "crow_indices" : "ccol_indices", tensor.compressed_indices(), indent));
    parts.push_back(sparse_part(by_rows ? "col_indices" : "row_indices", tensor.plain_indices(), indent));
  }
  parts.push_back(sparse_part("values", tensor.values(), indent));
  return fmt::format("{}", fmt::join(parts, ",\n" + std::string(indent, ' ')));
}

constexpr size_t most_nested_shown = 6;

std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text) result += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return result;
}

std::string nested_text(const Tensor& tensor) {
  if (tensor.values().is_meta()) return fmt::format("nested_tensor(..., size={})", tuple_text(tensor.sizes()));
  std::string text = "nested_tensor([\n";
  const std::vector<Tensor> parts = tensor.unbind();
  for (size_t i = 0; i < std::min(parts.size(), most_nested_shown); ++i) {
    text += (i == 0 ? "" : ",\n") + indented(to_string(parts[i].detach()));
  }
  return text + (parts.size() > most_nested_shown ? ",\n  ...\n])" : "\n])");
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "tensor(undefined)";
  if (tensor.is_nested()) return nested_text(tensor);
  const TensorClass* seen_as = tensor_class(tensor);
  const std::string title = seen_as != nullptr && seen_as->is_parameter() ? "Parameter containing:\n" : "";
  const std::string prefix = "tensor(";
  const size_t indent = prefix.size();
  std::vector<std::string> suffixes;
  if (tensor.device().type() != "cpu") suffixes.push_back(fmt::format("device='{}'", tensor.device().text()));
  std::string text;
  std::vector<std::string> more;
  const bool is_sparse = tensor.layout() != Layout::strided;
  if (is_sparse) {
    text = sparse_text(tensor, indent);
    more = sparse_suffixes(tensor);
  } else if (tensor.is_quantized()) {
    text = numbers_text(tensor, indent);
    more = {"size=" + tuple_text(tensor.sizes()), dtype_suffix(tensor.dtype())};
    add_quantizer_suffixes(tensor, more, indent);
  } else {
    text = numbers_text(tensor, indent);
    more = strided_suffixes(tensor, text != "...");
  }
  suffixes.insert(suffixes.end(), more.begin(), more.end());
  add_gradient_suffix(tensor, suffixes);
  return title + with_suffixes(prefix + text, suffixes, indent, is_sparse);
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << to_string(tensor); }

}  // namespace okibi
