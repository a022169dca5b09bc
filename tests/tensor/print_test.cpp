#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tensor/body.h"
#include "tensor/element.h"

namespace okibi {
namespace {

using Json = nlohmann::json;

double real_of(const Json& number) {
  if (number.is_string()) return std::stod(number.get<std::string>());  // "nan", "inf", "-inf"
  return number.is_boolean() ? number.get<bool>() : number.get<double>();
}

Wide number_of(const Json& numbers, size_t index, DType dtype) {
  if (is_complex(dtype)) {
    const size_t first = 2 * index % numbers.size();
    return std::complex<double>(real_of(numbers[first]), real_of(numbers[first + 1]));
  }
  const Json& number = numbers[index % numbers.size()];
  if (number.is_number_integer() && !is_floating_point(dtype)) return number.get<int64_t>();
  return real_of(number);
}

Dims dims_of(const Json& sizes) { return Dims(sizes.get<std::vector<int64_t>>()); }

Tensor strided_of(const Json& described, const Dims& sizes) {
  const DType dtype = *dtype_named(described["dtype"].get<std::string>());
  Tensor tensor = empty(sizes, {.dtype = dtype});
  for (size_t i = 0; i < static_cast<size_t>(tensor.numel()); ++i) {
    store_wide(dtype, tensor.raw_data() + i * itemsize(dtype), number_of(described["numbers"], i, dtype));
  }
  return described.value("transposed", false) ? tensor.t() : tensor;
}

Tensor sparse_of(const Json& described) {
  const Dims sizes = dims_of(described["sizes"]);
  std::vector<int64_t> flat;
  for (const Json& row : described["indices"]) {
    for (const Json& index : row) flat.push_back(index.get<int64_t>());
  }
  const auto rank = static_cast<int64_t>(described["indices"].size());
  const Dims index_sizes{rank, static_cast<int64_t>(flat.size()) / rank};
  Dims value_sizes{index_sizes[1]};
  for (size_t i = static_cast<size_t>(rank); i < sizes.size(); ++i) value_sizes.push_back(sizes[i]);
  return sparse_coo_tensor(tensor(std::span<const int64_t>(flat), index_sizes), strided_of(described, value_sizes),
                           sizes);
}

TEST(Print, IsWhatPyTorchPrints) {
  std::ifstream file(OKIBI_GOLDEN "/tensor_print.json");
  const Json golden = Json::parse(file);
  ASSERT_GE(golden["cases"].size(), 60u);
  for (const Json& described : golden["cases"]) {
    const Tensor tensor =
        described.contains("indices") ? sparse_of(described) : strided_of(described, dims_of(described["sizes"]));
    tensor.requires_grad_(described["requires_grad"].get<bool>());
    EXPECT_EQ(to_string(tensor), described["text"].get<std::string>()) << described.dump().substr(0, 200);
  }
}

TEST(Print, GoesToStreams) {
  std::ostringstream out;
  out << tensor({{1, 2.5}, {3, 4}});
  EXPECT_EQ(out.str(), "tensor([[1.0000, 2.5000],\n        [3.0000, 4.0000]])");
}

TEST(Print, SaysThatATensorIsUndefined) { EXPECT_EQ(to_string(Tensor()), "tensor(undefined)"); }

TEST(Print, NamesADeviceOtherThanTheCpu) {
  const Tensor tensor = full({2}, 1, {.device = Device("cuda:0")});
  EXPECT_EQ(to_string(tensor), "tensor([1., 1.], device='cuda:0')");
  EXPECT_EQ(to_string(empty_meta({2, 3}, float16)), "tensor(..., device='meta', size=(2, 3), dtype=torch.float16)");
}

TEST(Print, ShowsSizesInPlaceOfElementsThatAreNoNumbers) {
  EXPECT_EQ(to_string(empty({3}, {.dtype = quint8})), "tensor(..., size=(3,), dtype=torch.quint8)");
}

TEST(Print, NamesTheStepThatComputedATensor) {
  struct Node : GraphNode {
    const char* name() const noexcept override { return "AddBackward0"; }
    void release() noexcept override {}
  } node;
  const Tensor sum = tensor({1.5, 2.0});
  sum.body()->graph_node = GraphNodePtr(&node);
  sum.body()->requires_grad = true;
  EXPECT_EQ(to_string(sum), "tensor([1.5000, 2.0000], grad_fn=<AddBackward0>)");
}

TEST(Print, DoesNotWalkATensorThatPretendsToBeHuge) {
  const Tensor huge = Tensor::over(Storage::allocate(4), float32, Dims(24, 6), Dims(24, 0));
  EXPECT_TRUE(to_string(huge).starts_with("tensor(...,\n       size=(6, 6, 6"));
}

}  // namespace
}  // namespace okibi
