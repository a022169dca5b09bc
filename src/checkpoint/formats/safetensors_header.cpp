#include "checkpoint/formats/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "checkpoint/formats/json.h"
#include "checkpoint/formats/looks_like.h"

namespace okibi::checkpoint {
namespace {

constexpr std::array dtypes = {
    SafetensorsDType{"BOOL", DType::boolean, 8},
    SafetensorsDType{"F4", DType::float4_e2m1fn_x2, 4},
    SafetensorsDType{"F6_E2M3", std::nullopt, 6},
    SafetensorsDType{"F6_E3M2", std::nullopt, 6},
    SafetensorsDType{"U8", DType::uint8, 8},
    SafetensorsDType{"I8", DType::int8, 8},
    SafetensorsDType{"F8_E5M2", DType::float8_e5m2, 8},
    SafetensorsDType{"F8_E4M3", DType::float8_e4m3fn, 8},
    SafetensorsDType{"F8_E8M0", DType::float8_e8m0fnu, 8},
    SafetensorsDType{"F8_E4M3FNUZ", DType::float8_e4m3fnuz, 8},
    SafetensorsDType{"F8_E5M2FNUZ", DType::float8_e5m2fnuz, 8},
    SafetensorsDType{"I16", DType::int16, 16},
    SafetensorsDType{"U16", DType::uint16, 16},
    SafetensorsDType{"F16", DType::float16, 16},
    SafetensorsDType{"BF16", DType::bfloat16, 16},
    SafetensorsDType{"I32", DType::int32, 32},
    SafetensorsDType{"U32", DType::uint32, 32},
    SafetensorsDType{"F32", DType::float32, 32},
    SafetensorsDType{"C64", DType::complex64, 64},
    SafetensorsDType{"F64", DType::float64, 64},
    SafetensorsDType{"I64", DType::int64, 64},
    SafetensorsDType{"U64", DType::uint64, 64},
};

constexpr uint64_t length_bytes = 8;
constexpr uint64_t header_alignment = 8;

// ------------------------------------------------------------------------------------------------------------ reading

// What the JSON says of a tensor, before it is known whether that holds together.
struct Draft {
  std::string name;
  const SafetensorsDType* dtype = nullptr;
  bool has_shape = false;
  Dims shape = {};
  Dims offsets = {};

  uint64_t begin() const { return static_cast<uint64_t>(offsets[0]); }
  uint64_t end() const { return static_cast<uint64_t>(offsets[1]); }
};

// Takes the JSON of a header, value by value.
class Drafts {
 public:
  explicit Drafts(const Limits& limits) : limits_(limits) {}
  void take(JsonPath path, const JsonValue& value);

  std::vector<Draft> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;

 private:
  void take_field(JsonPath path, const JsonValue& value);
  void take_number(JsonPath path, const JsonValue& value);

  const Limits& limits_;
};

const SafetensorsDType& dtype_in(JsonPath path, const JsonValue& value) {
  const auto found = std::ranges::find(dtypes, string_of(path, value), &SafetensorsDType::name);
  if (found != dtypes.end() && found->dtype) return *found;
  throw Error(ErrorKind::unsupported, fmt::format("okibi has no dtype {}", printable(value.text, 100)))
      .at("tensor", printable(path[0].key, 200));
}

void Drafts::take(JsonPath path, const JsonValue& value) {
  const bool is_metadata = !path.empty() && path[0].key == safetensors_metadata;
  switch (path.size()) {
    case 0:
      return check_kind(path, value, JsonValue::Kind::object);
    case 1:
      check_kind(path, value, JsonValue::Kind::object);
      if (!is_metadata) tensors.push_back({.name = path[0].key});
      return;
    case 2:
      if (!is_metadata) return take_field(path, value);
      metadata.emplace_back(path[1].key, string_of(path, value));
      return;
    default:
      take_number(path, value);
  }
}

void Drafts::take_field(JsonPath path, const JsonValue& value) {
  Draft& tensor = tensors.back();
  if (path[1].key == "dtype") {
    tensor.dtype = &dtype_in(path, value);
  } else if (path[1].key == "shape") {
    check_kind(path, value, JsonValue::Kind::array);
    tensor.has_shape = true;
  } else if (path[1].key == "data_offsets") {
    check_kind(path, value, JsonValue::Kind::array);
  } else {
    refuse_json(path, value, "nothing: safetensors has no such key");
  }
}

void Drafts::take_number(JsonPath path, const JsonValue& value) {
  const bool is_shape = path[1].key == "shape";
  Dims& numbers = is_shape ? tensors.back().shape : tensors.back().offsets;
  numbers.push_back(size_of(path, value));
  if (!is_shape && numbers.size() > 2) refuse_json(path, value, "two numbers");
  if (is_shape && numbers.size() > limits_.max_tensor_dims) {
    throw Error(ErrorKind::limit, "the tensor has more dimensions than Limits::max_tensor_dims allows")
        .expected(fmt::format("at most {}", limits_.max_tensor_dims))
        .at("tensor", printable(path[0].key, 200));
  }
}

Error bad_tensor(const Draft& draft, std::string sentence) {
  return Error(ErrorKind::bad_file, std::move(sentence)).at("tensor", printable(draft.name, 200));
}

void check_complete(const Draft& draft) {
  if (!draft.dtype) throw bad_tensor(draft, "the header gives no dtype");
  if (!draft.has_shape) throw bad_tensor(draft, "the header gives no shape");
  if (draft.offsets.size() != 2) throw bad_tensor(draft, "the header gives no begin and end");
}

uint64_t nbytes_of(const Draft& draft) {
  uint64_t bits = draft.dtype->bits;
  for (int64_t size : draft.shape) bits = checked_mul(bits, static_cast<uint64_t>(size), "a tensor's elements");
  if (bits % 8 != 0) throw bad_tensor(draft, "the elements end within a byte");
  return bits / 8;
}

// Sizes as PyTorch counts them: of float4_e2m1fn_x2, two numbers are one element.
Dims sizes_of(const Draft& draft) {
  Dims sizes = draft.shape;
  const int64_t numbers = draft.dtype->numbers();
  if (numbers == 1) return sizes;
  if (sizes.empty() || sizes.back() % numbers != 0) {
    throw bad_tensor(draft, "the last dimension is no whole number of bytes");
  }
  sizes[sizes.size() - 1] /= numbers;
  return sizes;
}

// Holes could hide another file, and what overlaps would be two tensors to one program and one to another.
void check_place(const Draft& draft, uint64_t begin) {
  if (draft.begin() != begin) {
    throw bad_tensor(draft, draft.begin() > begin ? "bytes that belong to no tensor lie before its own"
                                                  : "its bytes overlap those of another tensor")
        .expected(fmt::format("a begin of {}", begin))
        .found(draft.begin());
  }
  if (draft.end() < draft.begin()) throw bad_tensor(draft, "its bytes end before they begin");
  const uint64_t nbytes = nbytes_of(draft);
  if (draft.end() - draft.begin() == nbytes) return;
  throw bad_tensor(draft, "its bytes are not as many as its dtype and shape ask for")
      .expected(fmt::format("{} bytes ({} of {})", nbytes, draft.dtype->name, to_string(draft.shape)))
      .found(draft.end() - draft.begin());
}

SafetensorsEntry entry_of(Draft& draft, uint64_t data_offset) {
  const uint64_t size = draft.end() - draft.begin();
  return {.dtype = *draft.dtype->dtype,
          .sizes = sizes_of(draft),
          .record = {
              .name = std::move(draft.name), .offset = data_offset + draft.begin(), .stored_size = size, .size = size}};
}

std::vector<SafetensorsEntry> entries_of(std::vector<Draft> drafts, uint64_t data_offset) {
  std::ranges::for_each(drafts, check_complete);
  std::ranges::stable_sort(drafts, {}, [](const Draft& draft) { return std::pair(draft.begin(), draft.end()); });
  std::vector<SafetensorsEntry> entries;
  entries.reserve(drafts.size());
  uint64_t end = 0;
  for (Draft& draft : drafts) {
    check_place(draft, end);
    end = draft.end();
    entries.push_back(entry_of(draft, data_offset));
  }
  return entries;
}

void check_length(const SafetensorsHeader& header, uint64_t data_offset, uint64_t file_size) {
  const zip::Record* last = header.tensors.empty() ? nullptr : &header.tensors.back().record;
  const uint64_t end = last ? last->offset + last->size - data_offset : 0;
  if (end == file_size - data_offset) return;
  throw Error(ErrorKind::bad_file, "the file is not as long as its tensors")
      .expected(fmt::format("{} bytes", checked_add(data_offset, end, "the end of the tensors")))
      .found(file_size)
      .hint(end > file_size - data_offset ? cut_hint : "");
}

uint64_t read_length(const io::Source& source) {
  std::array<std::byte, length_bytes> bytes;
  source.read(0, bytes);
  return load_le<uint64_t>(bytes.data());
}

std::string read_header_text(const io::Source& source, const Limits& limits) {
  const uint64_t length = read_length(source);
  if (length > source.size() - length_bytes) {
    throw Error(ErrorKind::bad_file, "the header is longer than the file")
        .expected(fmt::format("at most {} bytes", source.size() - length_bytes))
        .found(length)
        .hint("The file was not copied whole; copy it again.");
  }
  if (length > limits.max_header_bytes) {
    throw Error(ErrorKind::limit, "the header is longer than Limits::max_header_bytes allows")
        .expected(fmt::format("at most {} bytes", limits.max_header_bytes))
        .found(length);
  }
  std::string text(length, '\0');
  source.read(length_bytes, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  return text;
}

// Between the braces of the object and the first element, only spaces may stand.
void check_ends(std::string_view text) {
  const size_t last = text.find_last_not_of(' ');
  if (text.starts_with('{') && last != text.npos && text[last] == '}') return;
  throw Error(ErrorKind::bad_file, "the header is no JSON object with nothing but spaces behind it");
}

}  // namespace

std::span<const SafetensorsDType> safetensors_dtypes() noexcept { return dtypes; }

const SafetensorsDType* safetensors_dtype(DType dtype) noexcept {
  const auto found = std::ranges::find(dtypes, std::optional(dtype), &SafetensorsDType::dtype);
  return found == dtypes.end() ? nullptr : found;
}

// A length is below 2^40, and text is not.
bool is_safetensors(const io::Source& source) {
  if (source.size() < length_bytes + 1) return false;
  std::array<std::byte, length_bytes + 1> head;
  source.read(0, head);
  return head[length_bytes] == std::byte{'{'} && load_le<uint64_t>(head.data()) >> 40 == 0;
}

SafetensorsHeader read_safetensors_header(const io::Source& source, const Limits& limits) {
  SafetensorsHeader header = read_cut_safetensors_header(source, limits);
  check_length(header, length_bytes + header.nbytes, source.size());
  return header;
}

SafetensorsHeader read_cut_safetensors_header(const io::Source& source, const Limits& limits) {
  const std::string text = read_header_text(source, limits);
  Drafts drafts(limits);
  in_context("part", "header", [&] {
    check_ends(text);
    read_json(text, limits, [&](JsonPath path, const JsonValue& value) { drafts.take(path, value); });
  });
  return {.metadata = std::move(drafts.metadata),
          .tensors = entries_of(std::move(drafts.tensors), length_bytes + text.size()),
          .nbytes = text.size()};
}

// ------------------------------------------------------------------------------------------------------------ writing

namespace {

using Json = nlohmann::ordered_json;

// Shapes count numbers, of which one element may be several.
std::vector<int64_t> shape_of(const SafetensorsEntry& entry, const SafetensorsDType& dtype) {
  std::vector<int64_t> shape(entry.sizes.begin(), entry.sizes.end());
  if (dtype.numbers() > 1) shape.back() *= dtype.numbers();
  return shape;
}

Json json_of(const SafetensorsEntry& entry) {
  const SafetensorsDType& dtype = *safetensors_dtype(entry.dtype);
  return {{"dtype", dtype.name},
          {"shape", shape_of(entry, dtype)},
          {"data_offsets", {entry.record.offset, entry.record.offset + entry.record.size}}};
}

std::string text_of(const Json& json) {
  try {
    return json.dump();
  } catch (const Json::exception&) {
    throw Error(ErrorKind::bad_argument, "names in safetensors are UTF-8, and one of these is not");
  }
}

// An object's items one by one: the library's own ordered object looks through all of them for each that is added.
std::string header_text(const SafetensorsHeader& header) {
  std::string text = "{";
  const auto add = [&](std::string_view key, const Json& value) {
    if (text.size() > 1) text += ',';
    text += text_of(Json(key)) + ':' + text_of(value);
  };
  if (!header.metadata.empty()) {
    Json metadata = Json::object();
    for (const auto& [key, value] : header.metadata) metadata[key] = value;
    add(safetensors_metadata, metadata);
  }
  for (const SafetensorsEntry& entry : header.tensors) add(entry.record.name, json_of(entry));
  return text + "}";
}

}  // namespace

std::string write_safetensors_header(const SafetensorsHeader& header) {
  std::string text = header_text(header);
  text.resize((text.size() + header_alignment - 1) / header_alignment * header_alignment, ' ');
  std::string length(length_bytes, '\0');
  store_le<uint64_t>(reinterpret_cast<std::byte*>(length.data()), text.size());
  return length + text;
}

}  // namespace okibi::checkpoint
