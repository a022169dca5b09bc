#include "checkpoint/formats/pt2_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/formats/json.h"

namespace okibi::checkpoint {
namespace {

using Kind = JsonValue::Kind;

// ScalarType of torch/_export/serde/schema.py, whose numbers are not those of c10.
struct SchemaDType {
  uint64_t number;
  DType dtype;
};
constexpr std::array schema_dtypes = {
    SchemaDType{1, DType::uint8},
    SchemaDType{2, DType::int8},
    SchemaDType{3, DType::int16},
    SchemaDType{4, DType::int32},
    SchemaDType{5, DType::int64},
    SchemaDType{6, DType::float16},
    SchemaDType{7, DType::float32},
    SchemaDType{8, DType::float64},
    SchemaDType{9, DType::complex32},
    SchemaDType{10, DType::complex64},
    SchemaDType{11, DType::complex128},
    SchemaDType{12, DType::boolean},
    SchemaDType{13, DType::bfloat16},
    SchemaDType{28, DType::uint16},
    SchemaDType{29, DType::float8_e4m3fn},
    SchemaDType{30, DType::float8_e5m2},
    SchemaDType{31, DType::float8_e4m3fnuz},
    SchemaDType{32, DType::float8_e5m2fnuz},
    SchemaDType{33, DType::float8_e8m0fnu},
    SchemaDType{34, DType::uint32},
    SchemaDType{35, DType::uint64},
};
constexpr uint64_t strided_layout = 7;

DType dtype_of(JsonPath path, const JsonValue& value) {
  const auto found = std::ranges::find(schema_dtypes, integer_of(path, value), &SchemaDType::number);
  if (found == schema_dtypes.end()) refuse_json(path, value, "the number of a dtype in torch.export's schema");
  return found->dtype;
}

// Takes the JSON of a config, value by value. Keys that are of no use here are passed over, as PyTorch does.
class ConfigReader {
 public:
  explicit ConfigReader(const Limits& limits) : limits_(limits) {}
  void take(JsonPath path, const JsonValue& value);
  std::vector<Pt2Entry> entries;

 private:
  void take_field(JsonPath path, const JsonValue& value);
  void take_meta(JsonPath path, const JsonValue& value);
  void take_device(JsonPath path, const JsonValue& value);
  void take_dims(Dims& dims, JsonPath path, const JsonValue& value) const;

  const Limits& limits_;
};

void ConfigReader::take(JsonPath path, const JsonValue& value) {
  if (path.empty()) return check_kind(path, value, Kind::object);
  if (path[0].key != "config") return;
  if (path.size() <= 2) check_kind(path, value, Kind::object);
  if (path.size() == 2) entries.push_back({.name = path[1].key});
  if (path.size() == 3) take_field(path, value);
  if (path.size() > 3 && path[2].key == "tensor_meta") take_meta(path, value);
}

void ConfigReader::take_field(JsonPath path, const JsonValue& value) {
  Pt2Entry& entry = entries.back();
  const std::string& key = path[2].key;
  if (key == "path_name") entry.path = string_of(path, value);
  if (key == "use_pickle") entry.use_pickle = boolean_of(path, value);
  if (key == "tensor_meta") entry.is_tensor = value.kind == Kind::object;
}

void ConfigReader::take_meta(JsonPath path, const JsonValue& value) {
  Pt2Entry& entry = entries.back();
  const std::string& key = path[3].key;
  if (key == "dtype") entry.dtype = dtype_of(path, value);
  if (key == "requires_grad") entry.requires_grad = boolean_of(path, value);
  if (key == "device") take_device(path, value);
  if (key == "sizes") take_dims(entry.sizes, path, value);
  if (key == "strides") take_dims(entry.strides, path, value);
  if (key == "storage_offset" && path.size() == 5) entry.storage_offset = size_of(path, value);
  if (key == "layout" && integer_of(path, value) != strided_layout) {
    throw Error(ErrorKind::unsupported, "okibi reads tensors of .pt2 files that are strided")
        .at("tensor", path[1].key)
        .found(fmt::format("layout {}", value.integer));
  }
}

// {"type": "cuda", "index": 0}
void ConfigReader::take_device(JsonPath path, const JsonValue& value) {
  if (path.size() != 5) return;
  std::string& device = entries.back().device;
  if (path[4].key == "type") device = string_of(path, value);
  if (path[4].key == "index" && value.kind == Kind::integer) device += fmt::format(":{}", value.integer);
}

// [{"as_int": 3}, {"as_int": 2}]; a size may also be an expression, but not that of a tensor in a file.
void ConfigReader::take_dims(Dims& dims, JsonPath path, const JsonValue& value) const {
  if (path.size() == 4) return check_kind(path, value, Kind::array);
  if (path.size() == 5) return check_kind(path, value, Kind::object);
  if (path[5].key != "as_int" || path[4].index != dims.size()) refuse_json(path, value, "one \"as_int\" a dimension");
  if (dims.size() == limits_.max_tensor_dims) {
    throw Error(ErrorKind::limit, "the tensor has more dimensions than Limits::max_tensor_dims allows")
        .at("tensor", path[1].key);
  }
  dims.push_back(size_of(path, value));
}

}  // namespace

std::vector<Pt2Entry> read_pt2_config(std::string_view text, const Limits& limits) {
  ConfigReader reader(limits);
  read_json(text, limits, [&](JsonPath path, const JsonValue& value) { reader.take(path, value); });
  return std::move(reader.entries);
}

}  // namespace okibi::checkpoint
