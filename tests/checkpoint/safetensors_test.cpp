// Files of the safetensors library, made by tests/golden/make_safetensors_golden.py, and forged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoint/described.h"
#include "checkpoint/elements.h"
#include "checkpoint/forged_file.h"
#include "checkpoint/save.h"

namespace okibi {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::string safetensors_golden(const std::string& name) { return std::string(OKIBI_GOLDEN) + "/safetensors/" + name; }

// "{'format': 'pt'}" as Python's file.metadata() gives it, or null.
Describer::Json metadata_of(const Value& value) {
  const auto attributes = value.to_dict().attributes();
  if (!attributes) return nullptr;
  Describer::Json metadata;
  for (const auto& [key, text] : (*attributes)["__metadata__"].to_dict()) metadata[key.to_string()] = text.to_string();
  return metadata;
}

// The dict as load_file() gives it, which is a plain one.
Describer::Json described(const Value& value) {
  const Dict plain;
  for (const auto& [name, tensor] : value.to_dict()) plain.set(name, tensor);
  return {{"metadata", metadata_of(value)}, {"tensors", Describer().value(plain)}};
}

Bytes saved(const Value& value, SaveOptions options = {}) {
  Buffer buffer;
  options.format = Format::safetensors;
  save(value, buffer, options);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

class SafetensorsGolden : public testing::TestWithParam<std::string> {
 protected:
  std::string path() const { return safetensors_golden(GetParam() + ".safetensors"); }
};

// formats.md: safetensors | all dtypes that PyTorch has, `__metadata__` | read | safetensors/dtypes.safetensors
//   safetensors/names.safetensors
TEST_P(SafetensorsGolden, HoldsWhatTheLibraryFindsInIt) {
  EXPECT_EQ(described(load(path())), golden_description(path()));
  EXPECT_EQ(open(path()).format(), Format::safetensors);
}

TEST_P(SafetensorsGolden, HoldsTheSameWhenMapped) {
  EXPECT_EQ(described(load(path(), {.mmap = true})), golden_description(path()));
}

TEST_P(SafetensorsGolden, TensorsReadLaterAreTheSame) {
  const Value whole = load(path());
  const Archive archive = open(path());
  EXPECT_EQ(archive.tensors().size(), whole.size());
  for (const TensorEntry& entry : archive.tensors()) {
    EXPECT_EQ(Describer().elements(archive.tensor(entry.name).load()),
              Describer().elements(whole[entry.name].to_tensor()));
  }
}

// formats.md: safetensors | all dtypes that PyTorch has, `__metadata__` | written byte for byte as
//   `safetensors.torch.save_file` of 0.8
TEST_P(SafetensorsGolden, IsByteForByteTheFileThatTheLibraryWrote) {
  EXPECT_EQ(saved(load(path())), bytes_of_file(path()));
  // From the tensors as they were given to the library, in their order.
  const Value input = load(safetensors_golden(GetParam() + ".pth"));
  const SaveOptions options = GetParam() == "dtypes" ? SaveOptions{.metadata = {{"format", "pt"}}} : SaveOptions{};
  EXPECT_EQ(saved(input, options), bytes_of_file(path()));
}

INSTANTIATE_TEST_SUITE_P(All, SafetensorsGolden, testing::Values("dtypes", "names", "empty"),
                         [](const auto& test) { return test.param; });

// ------------------------------------------------------------------------------------------------------------- writing

TEST(Safetensors, TheNameOfTheFileDecidesAndMetadataIsKept) {
  const std::string path = testing::TempDir() + "/metadata.safetensors";
  save(load(safetensors_golden("dtypes.safetensors")), path, {.metadata = {{"b", "2"}, {"a", "1"}}});
  const Value again = load(path);
  EXPECT_EQ(metadata_of(again).dump(), R"({"b":"2","a":"1"})");
  EXPECT_EQ(bytes_of_file(path), saved(again));
}

TEST(Safetensors, MetadataSurvivesAZipArchiveOfTorchSave) {
  const Value value = load(safetensors_golden("dtypes.safetensors"));
  Buffer zip;
  save(value, zip);
  EXPECT_EQ(saved(load(zip)), bytes_of_file(safetensors_golden("dtypes.safetensors")));
}

TEST(Safetensors, DictsInDictsAreNamesWithDots) {
  const Value value = Dict{{"model", Dict{{"w", ones({2})}, {"sub", Dict{{"b", zeros({1})}}}}}, {"s", ones({})}};
  const Value again = load(Buffer(saved(value)));
  EXPECT_EQ(again.size(), 3u);
  EXPECT_TRUE(equal(again["model.sub.b"].to_tensor(), zeros({1})));
}

// formats.md: safetensors | views and shared tensors | read; written for each name
TEST(Safetensors, ViewsAreWrittenAsTheyAreSeen) {
  const Tensor base = arange(12).view({3, 4});
  const Tensor numbers = tensor({1.5, 2.5}, float32);
  const Value value = Dict{{"t", base.t()},  {"column", base.select(1, 2)}, {"expanded", ones({2, 1}).expand({2, 3})},
                           {"shared", base}, {"rows", base.rows(1, 2)},     {"negated", numbers.neg_view()}};
  const Value again = load(Buffer(saved(value)));
  for (const auto& [name, tensor] : value.to_dict()) {
    EXPECT_TRUE(equal(again[name.to_string()].to_tensor(), tensor.to_tensor())) << name;
    EXPECT_TRUE(again[name.to_string()].to_tensor().is_contiguous());
  }
}

std::string save_refusal(const Value& value) {
  try {
    saved(value);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Safetensors, WhatIsNoTensorIsListedWithTheWayOut) {
  const Value value = Dict{{"epoch", 3}, {"model", Dict{{"w", ones({2})}}}, {"groups", List{}}};
  EXPECT_THAT(save_refusal(value), HasSubstr("epoch (int), groups (list)"));
  EXPECT_THAT(save_refusal(value), HasSubstr("checkpoint[\"model_state_dict\"]"));
  EXPECT_THAT(save_refusal(Dict{{3, ones({2})}}), HasSubstr("3 (a key that is no str)"));
  EXPECT_THAT(save_refusal(ones({2})), HasSubstr("found Tensor"));
}

TEST(Safetensors, ATensorThatItCannotHoldIsNamed) {
  EXPECT_THAT(save_refusal(Dict{{"z", empty({2}, {complex128})}}),
              HasSubstr("tensor z: safetensors has no dtype for complex128"));
  EXPECT_THAT(save_refusal(Dict{{"m", empty_meta({2}, float32)}}), HasSubstr("tensor m: a meta tensor"));
  const Tensor sparse = sparse_coo_tensor(tensor({{0}}), ones({1}), {3});
  EXPECT_THAT(save_refusal(Dict{{"s", sparse}}), HasSubstr("layout sparse_coo"));
  EXPECT_THAT(save_refusal(Dict{{"__metadata__", ones({1})}}), HasSubstr("keeps this name"));
  EXPECT_THAT(save_refusal(Dict{{"f", empty({}, {float4_e2m1fn_x2})}}), HasSubstr("within a byte"));
}

TEST(Safetensors, OneNameForTwoTensorsIsRefused) {
  EXPECT_THAT(save_refusal(Dict{{"a.b", ones({1})}, {"a", Dict{{"b", ones({1})}}}}),
              HasSubstr("two tensors would be named \"a.b\""));
}

TEST(Safetensors, ADictWithinItselfIsRefused) {
  const Dict dict;
  dict.set("self", dict);
  Value root = dict;
  close_cycles(root);
  EXPECT_THAT(save_refusal(root), HasSubstr("self (a dict that stands elsewhere, too)"));
}

// --------------------------------------------------------------------------------------- bytes that are not in memory

// Bytes of a storage without any: byte i is a hash of i. Counts how much is asked for at once.
class Pattern final : public checkpoint::StorageBytes {
 public:
  void read(const Storage& storage, uint64_t begin, uint64_t size, const Take& take) const override {
    ASSERT_LE(begin + size, storage.nbytes());
    for (uint64_t done = 0; done < size;) {
      std::vector<std::byte> piece(std::min<uint64_t>(size - done, 1 << 20));
      for (size_t i = 0; i < piece.size(); ++i) piece[i] = at(begin + done + i);
      take(piece);
      done += piece.size();
    }
    largest = std::max(largest, size);
  }
  static std::byte at(uint64_t i) { return static_cast<std::byte>((i * 2654435761u) >> 13); }
  mutable uint64_t largest = 0;
};

TEST(Safetensors, ATensorThatLiesElsewhereIsGatheredInBoundedPieces) {
  const int64_t rows = 6000, columns = 7001;  // 84 MB of bfloat16
  const auto storage = Storage::borrow(nullptr, nullptr, static_cast<size_t>(rows * columns * 2));
  const Tensor turned = Tensor::over(storage, bfloat16, {columns, rows}, {1, columns}, 0);
  const Pattern bytes;
  uint64_t at = 0, wrong = 0, largest = 0;
  checkpoint::read_elements(turned, bytes, [&](std::span<const std::byte> piece) {
    largest = std::max<uint64_t>(largest, piece.size());
    for (std::byte found : piece) {
      const uint64_t element = at / 2, column = element / rows, row = element % rows;
      wrong += found != Pattern::at((row * columns + column) * 2 + at % 2);
      ++at;
    }
  });
  EXPECT_EQ(at, turned.nbytes());
  EXPECT_EQ(wrong, 0u);
  EXPECT_LE(largest, 32u << 20);
  EXPECT_LE(bytes.largest, 32u << 20);
}

// ------------------------------------------------------------------------------------------------------------- reading

Bytes file_of(const std::string& header, const std::string& data = "") {
  std::string file(8, '\0');
  store_le<uint64_t>(reinterpret_cast<std::byte*>(file.data()), header.size());
  file += header + data;
  const auto bytes = as_bytes(file);
  return {bytes.begin(), bytes.end()};
}

std::string refusal(const std::string& header, const std::string& data = "") {
  return refusal_of(file_of(header, data)).text;
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"a\":" + entry(dtype, shape, offsets) + "}";
}

TEST(SafetensorsHeader, TheOrderOfTheHeaderIsFreeAndThatOfTheBytesIsKept) {
  const std::string header = "{\"b\":" + entry("F32", "[1]", "[4,8]") + ",\"a\":" + entry("F32", "[1]", "[0,4]") +
                             ",\"e\":" + entry("F32", "[0]", "[4,4]") + "}   ";
  const Value value = load(Buffer(file_of(header, std::string(8, '\0'))));
  EXPECT_EQ(value.to_dict().items()[0].first.to_string(), "a");
  EXPECT_EQ(value.to_dict().items()[1].first.to_string(), "e");
  EXPECT_EQ(value.to_dict().items()[2].first.to_string(), "b");
}

// formats.md: safetensors | elements that lie unaligned | read where they could not be mapped
TEST(SafetensorsHeader, UnalignedElementsAreReadWhereTheyCannotBeMapped) {
  const std::string path = testing::TempDir() + "/unaligned.safetensors";
  const Bytes file = file_of("{\"b\":" + entry("U8", "[1]", "[0,1]") + ",\"a\":" + entry("I32", "[1]", "[1,5]") + "}",
                             "\x01\x02\x00\x00\x00"s);
  io::FileSink sink(path);
  sink.write(file);
  sink.commit();
  EXPECT_EQ(load(path, {.mmap = true})["a"].to_tensor().item<int>(), 2);
  EXPECT_EQ(open(path).tensor("a").load().item<int>(), 2);
}

TEST(SafetensorsHeader, BytesLieSideBySideAndFillTheFile) {
  const std::string eight(8, 'x');
  EXPECT_EQ(refusal(one("F32", "[2]", "[0,8]"), eight), "");
  EXPECT_THAT(refusal(one("F32", "[1]", "[4,8]"), eight),
              HasSubstr("tensor a: bytes that belong to no tensor lie before its own"));
  EXPECT_THAT(refusal(one("F32", "[1]", "[0,4]"), eight), HasSubstr("not as long as its tensors"));
  EXPECT_THAT(refusal(one("F32", "[2]", "[0,8]"), "1234"), HasSubstr("cut short"));
  EXPECT_THAT(refusal("{\"a\":" + entry("U8", "[8]", "[0,8]") + ",\"b\":" + entry("U8", "[4]", "[4,8]") + "}", eight),
              HasSubstr("tensor b: its bytes overlap"));
  EXPECT_THAT(refusal(one("U8", "[8]", "[8,0]"), eight), HasSubstr("bytes that belong to no tensor"));
  EXPECT_THAT(refusal("{\"a\":" + entry("U8", "[8]", "[0,8]") + ",\"b\":" + entry("U8", "[4]", "[8,4]") + "}", eight),
              HasSubstr("tensor b: its bytes end before they begin"));
}

TEST(SafetensorsHeader, AsManyBytesAsDtypeAndShapeAskFor) {
  EXPECT_THAT(refusal(one("F32", "[3]", "[0,8]"), "12345678"), HasSubstr("expected 12 bytes (F32 of [3]), found 8"));
  EXPECT_THAT(refusal(one("F32", "[4294967296,4294967296]", "[0,8]"), "12345678"), HasSubstr("tensor's elements"));
  EXPECT_THAT(refusal(one("F32", "[0,9223372036854775807,9223372036854775807]", "[0,0]")), HasSubstr("tensor a"));
  EXPECT_THAT(refusal(one("F4", "[3]", "[0,1]"), "1"), HasSubstr("within a byte"));
  EXPECT_THAT(refusal(one("F4", "[2,1]", "[0,1]"), "1"), HasSubstr("no whole number of bytes"));
}

TEST(SafetensorsHeader, NumbersAreWholeAndNotNegative) {
  for (const std::string number :
       {"-4", "-0", "4.0", "4e0", "1e99", "\"4\"", "null", "true", "[4]", "18446744073709551616"}) {
    EXPECT_THAT(refusal(one("U8", "[" + number + "]", "[0,4]"), "1234"), HasSubstr("\"a.shape.0\"")) << number;
    EXPECT_THAT(refusal(one("U8", "[4]", "[0," + number + "]"), "1234"), HasSubstr("\"a.data_offsets.1\"")) << number;
  }
  EXPECT_THAT(refusal(one("U8", "[4]", "[0,9223372036854775808]"), "1234"), HasSubstr("below 2^63"));
  EXPECT_THAT(refusal(one("U8", "[4]", "[0,4,8]"), "1234"), HasSubstr("two numbers"));
  EXPECT_THAT(refusal(one("U8", "[4]", "[0]"), "1234"), HasSubstr("no begin and end"));
}

TEST(SafetensorsHeader, HasAllThatATensorNeedsAndNothingElse) {
  EXPECT_THAT(refusal("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}"), HasSubstr("no shape"));
  EXPECT_THAT(refusal("{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}"), HasSubstr("no dtype"));
  EXPECT_THAT(refusal("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"url\":\"x\"}}", "1"),
              HasSubstr("no such key"));
  EXPECT_THAT(refusal("{\"a\":[]}"),
              HasSubstr("\"a\" in the JSON is not what it should be: expected an object, found an array"));
  EXPECT_THAT(refusal("{\"__metadata__\":{\"a\":1}}"), HasSubstr("\"__metadata__.a\""));
  EXPECT_THAT(refusal("{\"__metadata__\":{\"a\":{}}}"), HasSubstr("\"__metadata__.a\""));
  EXPECT_THAT(refusal(one("F32", "{\"a\":1}", "[0,4]"), "1234"), HasSubstr("expected an array"));
}

// formats.md: safetensors | dtypes that PyTorch lacks | refused with a sentence
TEST(SafetensorsHeader, ADtypeThatPyTorchLacksIsNamed) {
  EXPECT_THAT(refusal(one("F6_E2M3", "[4]", "[0,3]"), "123"), HasSubstr("tensor a: okibi has no dtype F6_E2M3"));
  EXPECT_THAT(refusal(one("Q4_K", "[4]", "[0,3]"), "123"), HasSubstr("Q4_K"));
}

TEST(SafetensorsHeader, ANameTwiceIsRefused) {
  const std::string tensor = entry("U8", "[0]", "[0,0]");
  EXPECT_THAT(refusal("{\"a\":" + tensor + ",\"a\":" + tensor + "}"), HasSubstr("has the key \"a\" twice"));
  EXPECT_THAT(refusal("{\"a\":" + tensor + ",\"\\u0061\":" + tensor + "}"), HasSubstr("has the key \"a\" twice"));
  EXPECT_THAT(refusal("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"), HasSubstr("has the key \"k\" twice"));
}

TEST(SafetensorsHeader, IsJsonFromItsFirstByteToItsSpaces) {
  EXPECT_THAT(refusal("{}\n"), HasSubstr("nothing but spaces"));
  EXPECT_THAT(refusal("{}\0{}"s), HasSubstr("NUL"));
  EXPECT_THAT(refusal("{\"a\":1}{}"), HasSubstr("\"a\""));
  EXPECT_THAT(refusal("{} {}"), HasSubstr("this is no JSON"));
  EXPECT_THAT(refusal("{\"\xff\":{}}"), HasSubstr("this is no JSON"));
  EXPECT_THAT(refusal("{\"\\ud800\":{}}"), HasSubstr("this is no JSON"));
  EXPECT_THAT(refusal("{\"a\":{\"dtype\":}"), HasSubstr("this is no JSON"));
  EXPECT_THAT(refusal("{\"a\":" + std::string(1 << 20, '[') + "}"), HasSubstr("expected an object"));
}

TEST(SafetensorsHeader, ItsLengthIsComparedWithTheFile) {
  Bytes file = file_of("{}");
  file[4] = std::byte{1};
  EXPECT_THAT(refusal_of(file).text, HasSubstr("the header is longer than the file"));
  EXPECT_EQ(refusal_of(file_of("{}"), {.limits = {.max_header_bytes = 1}}).kind, ErrorKind::limit);
}

TEST(SafetensorsHeader, DimensionsAreLimited) {
  std::string shape = "[1";
  for (int i = 0; i < 64; ++i) shape += ",1";
  EXPECT_EQ(refusal_of(file_of(one("U8", shape + "]", "[0,1]"), "1")).kind, ErrorKind::limit);
}

}  // namespace
}  // namespace okibi
