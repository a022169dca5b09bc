// An okibi::Value in the form in which tests/golden/make_checkpoint_golden.py describes what PyTorch finds in a file.
#pragma once

#include <fmt/format.h>
#include <okibi/checkpoint.h>
#include <okibi/zip.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace okibi {

inline std::string golden(const std::string& version, const std::string& file) {
  return std::string(OKIBI_GOLDEN) + "/checkpoint/torch-" + version + "/" + file;
}

class Describer {
 public:
  using Json = nlohmann::ordered_json;

  Json value(const Value& v) {
    switch (v.kind()) {
      case ValueKind::none:
        return nullptr;
      case ValueKind::boolean:
        return v.to_bool();
      case ValueKind::integer:
        return v.to_int();
      case ValueKind::big_integer:
        return {{"int", hex(v.to_big_integer())}};
      case ValueKind::real:
        return {{"float", bits(v.to_double())}};
      case ValueKind::complex_number:
        return {{"complex", Json::array({bits(v.to_complex().real()), bits(v.to_complex().imag())})}};
      case ValueKind::string:
        return v.to_string();
      case ValueKind::bytes:
        return {{v.bytes_kind() == BytesKind::bytes ? "bytes" : "bytearray", hex(v.to_bytes())}};
      case ValueKind::list:
        return items(v.to_list());
      case ValueKind::tuple:
        return {{v.to_tuple().is_size() ? "size" : "tuple", items(v.to_tuple())}};
      case ValueKind::dict:
        return dict(v.to_dict());
      case ValueKind::set:
        return set(v.to_set());
      case ValueKind::dtype:
        return {{"dtype", name_of(v.to_dtype())}};
      case ValueKind::device:
        return {{"device", v.to_device().text()}};
      case ValueKind::tensor:
        return tensor(v.to_tensor());
      case ValueKind::object:
        return {{"object", v.to_object().python_class()}};
    }
    return "?";
  }

  // Row-major, as hex. Bits rather than numbers, since a NaN equals nothing.
  static std::string elements(const Tensor& t) {
    if (t.is_sparse()) return elements(t.indices()) + elements(t.values());
    if (t.is_meta() || t.numel() == 0) return "";
    const Tensor all = t.contiguous();
    return hex({all.raw_data(), all.nbytes()});
  }

 private:
  static std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (std::byte b : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(b));
    return text;
  }
  static std::string bits(double number) { return fmt::format("{:016x}", std::bit_cast<uint64_t>(number)); }

  template <class Items>
  Json items(const Items& values) {
    Json list = Json::array();
    for (const Value& item : values) list.push_back(value(item));
    return list;
  }

  Json dict(const Dict& dict) {
    constexpr std::array names = {"dict", "OrderedDict", "defaultdict", "Counter"};
    Json list = Json::array();
    for (const auto& [key, item] : dict) list.push_back(Json::array({value(key), value(item)}));
    Json found = {{"dict", names[static_cast<size_t>(dict.kind())]}, {"items", list}};
    if (auto attributes = dict.attributes()) found["attributes"] = value(*attributes);
    return found;
  }

  Json set(const Set& set) {
    std::vector<std::string> texts;
    for (const Value& item : set.items()) texts.push_back(value(item).dump());
    std::ranges::sort(texts);
    return {{set.kind() == SetKind::set ? "set" : "frozenset", texts}};
  }

  Json tensor(const Tensor& t) {
    const std::vector<int64_t> sizes(t.sizes().begin(), t.sizes().end());
    if (t.is_sparse()) {
      return {{"sparse", Json::array({tensor(t.indices()), tensor(t.values())})},
              {"sizes", sizes},
              {"coalesced", t.is_coalesced()}};
    }
    Json found = {{"tensor", name_of(t.dtype())},
                  {"sizes", sizes},
                  {"strides", std::vector<int64_t>(t.strides().begin(), t.strides().end())},
                  {"requires_grad", t.requires_grad()}};
    if (t.is_meta()) {
      found["device"] = "meta";
      return found;
    }
    const auto number = static_cast<int>(storages_.try_emplace(t.storage().get(), storages_.size()).first->second);
    found["storage"] = number;
    found["offset"] = t.storage_offset();
    found["bytes"] = elements(t);
    return found;
  }

  std::map<const Storage*, size_t> storages_;
};

// What PyTorch found in the file beside it.
inline Describer::Json golden_description(const std::string& pth) {
  std::ifstream file(std::filesystem::path(pth).replace_extension(".json"));
  return Describer::Json::parse(file);
}

inline std::vector<std::byte> bytes_of_file(const std::string& path) {
  const io::FileSource file(path);
  std::vector<std::byte> bytes(file.size());
  file.read(0, bytes);
  return bytes;
}

}  // namespace okibi
