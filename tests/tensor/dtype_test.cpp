#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tensor/element.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

using Json = nlohmann::json;

const Json& golden() {
  static const Json parsed = [] {
    std::ifstream file(OKIBI_GOLDEN "/tensor_dtypes.json");
    return Json::parse(file);
  }();
  return parsed;
}

DType named(const std::string& name) { return dtype_named(name).value(); }

TEST(DTypeTable, HasEachOfPyTorchsDtypesAtItsNumber) {
  ASSERT_EQ(all_dtypes().size(), 47u);
  for (size_t i = 0; i < all_dtypes().size(); ++i) EXPECT_EQ(static_cast<size_t>(all_dtypes()[i].dtype), i);
  EXPECT_EQ(static_cast<int>(bfloat16), 15);
  EXPECT_EQ(static_cast<int>(uint64), 29);
  EXPECT_EQ(itemsize(complex128), 16u);
}

TEST(DTypeTable, FindsEveryNameItGives) {
  for (const DTypeInfo& row : all_dtypes()) {
    EXPECT_EQ(dtype_named(row.name), row.dtype);
    EXPECT_EQ(dtype_named("torch." + std::string(row.name)), row.dtype);
    if (row.storage_class.empty()) continue;
    EXPECT_EQ(dtype_of_storage(row.storage_class), row.dtype);
  }
  EXPECT_EQ(dtype_named("bool"), boolean);
  EXPECT_EQ(dtype_named("torch.double"), float64);
}

TEST(DTypeTable, KnowsNoOtherNames) {
  EXPECT_EQ(dtype_named("boolean"), std::nullopt);
  EXPECT_EQ(dtype_named("float31"), std::nullopt);
  EXPECT_EQ(dtype_named(""), std::nullopt);
  EXPECT_EQ(dtype_of_storage(""), std::nullopt);
  EXPECT_EQ(dtype_of_storage("UntypedStorage"), std::nullopt);
}

TEST(DTypeTable, SortsDtypesIntoKinds) {
  EXPECT_TRUE(is_floating_point(bfloat16) && is_floating_point(float8_e8m0fnu) && !is_floating_point(complex64));
  EXPECT_TRUE(is_integral(uint8) && is_integral(int64) && !is_integral(boolean) && !is_integral(qint8));
  EXPECT_TRUE(is_complex(complex32) && !is_complex(float32));
}

TEST(PromoteTypes, IsPyTorchsForEveryPair) {
  for (const auto& [a, row] : golden()["promote"].items()) {
    for (const auto& [b, expected] : row.items()) {
      SCOPED_TRACE(a + " with " + b);
      if (expected.is_null()) {
        expect_error(ErrorKind::unsupported, "have no common dtype",
                     [&, one = a, other = b] { promote_types(named(one), named(other)); });
      } else {
        EXPECT_EQ(name_of(promote_types(named(a), named(b))), expected.get<std::string>());
      }
    }
  }
}

TEST(PromoteTypes, NamesBothDtypesThatHaveNoneInCommon) {
  expect_error(ErrorKind::unsupported, "torch.quint8 and torch.float32 have no common dtype",
               [] { promote_types(quint8, float32); });
}

// The bits of small floats, as PyTorch rounds to them: to nearest, ties to even, and what overflows.
TEST(SmallFloats, RoundAsPyTorchDoes) {
  std::vector<float> values;
  for (const Json& bits : golden()["bits"]) values.push_back(std::bit_cast<float>(bits.get<uint32_t>()));
  for (const auto& [name, expected] : golden()["rounded"].items()) {
    const Tensor rounded = tensor(values).to(named(name));
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t bits = 0;
      std::memcpy(&bits, rounded.raw_data() + i * itemsize(rounded.dtype()), itemsize(rounded.dtype()));
      ASSERT_EQ(bits, expected[i].get<uint16_t>()) << values[i] << " to " << name;
    }
  }
}

TEST(SmallFloats, HaveTheValuesThatPyTorchGivesThem) {
  for (const auto& [name, values] : golden()["values"].items()) {
    for (size_t bits = 0; bits < values.size(); ++bits) {
      const auto byte = static_cast<std::byte>(bits);
      const double value = std::get<double>(load_wide(named(name), &byte));
      if (values[bits].is_null()) {
        EXPECT_TRUE(std::isnan(value)) << name << " " << bits;
      } else {
        EXPECT_EQ(value, std::stod(values[bits].get<std::string>())) << name << " " << bits;
      }
    }
  }
}

TEST(SmallFloats, ComeBackFromFloatUnchanged) {
  for (const DType dtype : {float16, bfloat16}) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto before = static_cast<uint16_t>(bits);
      const double value = std::get<double>(load_wide(dtype, reinterpret_cast<const std::byte*>(&before)));
      if (std::isnan(value)) continue;
      uint16_t after = 0;
      store_wide(dtype, reinterpret_cast<std::byte*>(&after), value);
      ASSERT_EQ(after, before) << name_of(dtype);
    }
  }
}

TEST(SmallFloats, KeepNegativeZeroInfinityAndNaN) {
  const Tensor odd = tensor({-0.0, -INFINITY, 0.0 + NAN, -1e-30}).to(float16).to(float32);
  EXPECT_TRUE(std::signbit(odd[0].item<float>()));
  EXPECT_EQ(odd[1].item<float>(), -INFINITY);
  EXPECT_TRUE(std::isnan(odd[2].item<float>()));
  EXPECT_TRUE(std::signbit(odd[3].item<float>()) && odd[3].item<float>() == 0);
}

}  // namespace
}  // namespace okibi
