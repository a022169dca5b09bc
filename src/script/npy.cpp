#include "script/npy_file.h"

#include <fmt/format.h>

#include <charconv>

#include "tensor/byte_order.h"
#include "tensor/numpy.h"

namespace okibi {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t largest_header = size_t{64} << 10;
constexpr size_t before_header = 10;  // of the first version, which is the one that is written
constexpr size_t alignment = 64;      // of the numbers, from the beginning of the file

Error bad_array(std::string sentence) {
  return Error(ErrorKind::bad_file, "a NumPy array (.npy): " + std::move(sentence));
}

// The header says {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, as Python writes a dict.
class Header {
 public:
  explicit Header(std::string_view text) : text_(text) {}

  // What stands behind a key, up to a comma or brace that ends it.
  std::string_view value_of(std::string_view key) const {
    const size_t at = text_.find(fmt::format("'{}':", key));
    if (at == text_.npos) throw bad_array(fmt::format("its header says no {}", key));
    std::string_view rest = text_.substr(at + key.size() + 3);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.starts_with('(')) return rest.substr(0, std::min(rest.find(')'), rest.size() - 1) + 1);
    return rest.substr(0, rest.find_first_of(",}"));
  }

  Dims shape() const {
    std::string_view text = value_of("shape");
    if (!text.starts_with('(') || !text.ends_with(')')) throw bad_array("its shape is no tuple");
    text = text.substr(1, text.size() - 2);
    Dims shape;
    while (text.find_first_not_of(" ,") != text.npos) {
      text.remove_prefix(text.find_first_not_of(" ,"));
      int64_t size = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
      if (error != std::errc() || size < 0 || shape.size() >= Limits{}.max_tensor_dims)
        throw bad_array("its shape is not made of sizes");
      shape.push_back(size);
      text.remove_prefix(static_cast<size_t>(end - text.data()));
    }
    return shape;
  }

  bool is_fortran() const { return value_of("fortran_order") == "True"; }

  // "<f4" without its quotes.
  std::string_view descr() const {
    const std::string_view text = value_of("descr");
    if (text.size() < 4 || text.front() != '\'' || text.back() != '\'') {
      throw Error(ErrorKind::unsupported, "a NumPy array (.npy) of records is no tensor");
    }
    return text.substr(1, text.size() - 2);
  }

 private:
  std::string_view text_;
};

struct Parts {
  std::string_view header;
  std::span<const std::byte> numbers;
};

Parts parts_of(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  if (!text.starts_with(magic) || text.size() < 12) throw bad_array("it does not begin as one");
  const bool is_first = text[6] == 1;
  const size_t begin = is_first ? before_header : before_header + 2;
  const uint64_t length = is_first ? load_le<uint16_t>(bytes.data() + 8) : load_le<uint32_t>(bytes.data() + 8);
  if (length > largest_header || length > bytes.size() - begin) throw bad_array("its header is cut off");
  return {text.substr(begin, length), bytes.subspan(begin + length)};
}

Tensor in_its_order(const Tensor& flat, const Dims& shape, bool is_fortran) {
  if (!is_fortran) return flat.view(shape);
  Dims reversed, order;
  for (size_t d = shape.size(); d-- > 0;) {
    reversed.push_back(shape[d]);
    order.push_back(static_cast<int64_t>(d));
  }
  return flat.view(reversed).permute(order).contiguous();
}

std::string shape_text(const Dims& shape) {
  std::string text = "(";
  for (size_t d = 0; d < shape.size(); ++d) text += fmt::format("{}{}", d > 0 ? " " : "", shape[d]) + ",";
  if (shape.size() > 1) text.pop_back();
  return text + ")";
}

}  // namespace

Tensor tensor_of_npy(std::span<const std::byte> bytes) {
  const auto [header_text, numbers] = parts_of(bytes);
  const Header header(header_text);
  const std::string_view descr = header.descr();
  const auto dtype = dtype_of_numpy_code(descr.substr(1));
  if (!dtype) {
    throw Error(ErrorKind::unsupported, "a NumPy array (.npy) of this dtype holds no numbers for a tensor")
        .found(fmt::format("'{}'", printable(descr, 40)));
  }
  const Dims shape = header.shape();
  uint64_t expected = itemsize(*dtype);
  for (const int64_t size : shape) expected = checked_mul(expected, static_cast<uint64_t>(size), "a NumPy array");
  if (numbers.size() < expected) {
    throw bad_array("it has fewer bytes than its shape and dtype ask for").expected(expected).found(numbers.size());
  }
  auto storage = Storage::allocate(expected);
  std::copy_n(numbers.data(), expected, storage->data());
  if (descr[0] == '>') swap_bytes({storage->data(), expected}, swap_unit(*dtype));
  if (*dtype == DType::boolean)
    std::replace_if(
        storage->data(), storage->data() + expected, [](std::byte b) { return b > std::byte{1}; }, std::byte{1});
  const Dims flat{static_cast<int64_t>(expected / itemsize(*dtype))};
  return in_its_order(Tensor::over(std::move(storage), *dtype, flat, {1}), shape, header.is_fortran());
}

Tensor read_npy(const io::Source& source) {
  return in_context("", source.name(), [&] {
    std::vector<std::byte> bytes(source.size());
    source.read(0, bytes);
    return tensor_of_npy(bytes);
  });
}

std::span<const std::byte> NpyFile::body() const {
  if (numbers.numel() == 0) return {};
  return {numbers.raw_data(), numbers.nbytes()};
}

NpyFile npy_file_of(const Tensor& tensor) {
  const std::string_view code = numpy_code_of(tensor.dtype());
  if (code.empty()) {
    throw Error(ErrorKind::unsupported, fmt::format("NumPy has no {}", name_of(tensor.dtype())))
        .hint("Convert with .to(okibi::float32) first, or save as .pt.");
  }
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                   itemsize(tensor.dtype()) == 1 ? '|' : '<', code, shape_text(tensor.sizes()));
  header.append(alignment - (before_header + header.size() + 1) % alignment, ' ');
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  std::string head = std::string(magic) + '\1' + '\0';
  head += {static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  return {head + header, tensor.detach().resolve_conj().resolve_neg().contiguous()};
}

void write_npy(const Tensor& tensor, io::Sink& sink) {
  const NpyFile file = npy_file_of(tensor);
  sink.write(file.head);
  sink.write(file.body());
}

}  // namespace okibi
