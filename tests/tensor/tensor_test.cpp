#include <gtest/gtest.h>
#include <okibi/tensor.h>

#include <limits>

#include "tensor/body.h"
#include "tensor/expect_error.h"

namespace okibi {
namespace {

constexpr int64_t huge = std::numeric_limits<int64_t>::max();

TEST(Tensor, IsAHandle) {
  const Tensor a = zeros({2}), b = a;
  b.fill_(3);
  EXPECT_EQ(a.to_vector<float>(), (std::vector<float>{3, 3}));
  EXPECT_TRUE(a.is_same(b));
  EXPECT_FALSE(a.is_same(a.clone()));
}

TEST(Tensor, SaysThatItIsUndefined) {
  const Tensor none;
  EXPECT_FALSE(none.defined());
  EXPECT_FALSE(none.requires_grad());
  for (const auto& question : {+[](const Tensor& t) { (void)t.dtype(); }, +[](const Tensor& t) { (void)t.sizes(); },
                               +[](const Tensor& t) { t.view({1}); }, +[](const Tensor& t) { t.fill_(1); }}) {
    expect_error(ErrorKind::bad_argument, "this tensor is undefined", [&] { question(none); });
  }
}

TEST(Tensor, KnowsItsGeometry) {
  const Tensor t = empty({2, 3, 4}, {.dtype = int16});
  EXPECT_EQ(t.dim(), 3);
  EXPECT_EQ(t.size(-1), 4);
  EXPECT_EQ(t.stride(0), 12);
  EXPECT_EQ(t.numel(), 24);
  EXPECT_EQ(t.nbytes(), 48u);
  EXPECT_TRUE(t.is_contiguous() && !t.transpose(0, 1).is_contiguous());
  EXPECT_EQ(t.layout(), Layout::strided);
  EXPECT_EQ(t.device().text(), "cpu");
}

TEST(Tensor, RefusesDimensionsItHasNot) {
  const Tensor t = zeros({2, 3});
  expect_error(ErrorKind::out_of_range, "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
               [&] { (void)t.size(2); });
  expect_error(ErrorKind::out_of_range, "but got -3", [&] { (void)t.stride(-3); });
  expect_error(ErrorKind::out_of_range, "Dimension specified as 0 but tensor has no dimensions",
               [] { (void)zeros({}).size(0); });
}

TEST(TensorOver, AcceptsWhatLiesWithinTheStorage) {
  const auto storage = Storage::allocate(40);
  const Tensor t = Tensor::over(storage, float32, {3, 2}, {4, 1}, 0);  // the last element is number 9
  EXPECT_EQ(t.stride(0), 4);
  EXPECT_NO_THROW(Tensor::over(storage, float32, {5, 1000}, {2, 0}, 1));
  EXPECT_NO_THROW(Tensor::over(storage, uint8, {40}, {1}));
  EXPECT_NO_THROW(Tensor::over(storage, float64, {}, {}, 4));
}

TEST(TensorOver, RefusesWhatReachesBeyondIt) {
  const auto storage = Storage::allocate(40);
  expect_error(
      ErrorKind::bad_file,
      "a tensor of sizes [3, 2], strides [4, 1] and storage offset 1 does not fit its storage: expected 11 elements "
      "of 4 bytes, found 40 bytes",
      [&] {
        Tensor::over(storage, float32, {3, 2}, {4, 1}, 1);
      });
  expect_error(ErrorKind::bad_file, "does not fit", [&] { Tensor::over(storage, float64, {}, {}, 5); });
  expect_error(ErrorKind::bad_file, "does not fit", [&] { Tensor::over(storage, uint8, {41}, {1}); });
}

TEST(TensorOver, SurvivesNumbersMadeToOverflow) {
  const auto storage = Storage::allocate(40);
  expect_error(ErrorKind::bad_file, "further than any memory", [&] { Tensor::over(storage, uint8, {3}, {huge}); });
  expect_error(ErrorKind::bad_file, "further than any memory", [&] { Tensor::over(storage, uint8, {huge}, {1}); });
  expect_error(ErrorKind::bad_file, "further than any memory", [&] {
    Tensor::over(storage, uint8, {2, 2, 2}, {huge / 4, huge / 4, huge / 4});
  });
  expect_error(ErrorKind::bad_file, "further than any memory", [&] { Tensor::over(storage, uint8, {1}, {1}, huge); });
  expect_error(ErrorKind::bad_argument, "cannot have", [&] {
    Tensor::over(storage, uint8, {int64_t{1} << 40, int64_t{1} << 40}, {0, 0});
  });
}

TEST(TensorOver, RefusesNegativeAndUnequalLists) {
  const auto storage = Storage::allocate(40);
  expect_error(ErrorKind::bad_file, "negative size: [-1]", [&] { Tensor::over(storage, uint8, {-1}, {1}); });
  expect_error(ErrorKind::bad_file, "negative stride: [-1]", [&] { Tensor::over(storage, uint8, {2}, {-1}); });
  expect_error(ErrorKind::bad_file, "negative storage offset: -1", [&] { Tensor::over(storage, uint8, {2}, {1}, -1); });
  expect_error(ErrorKind::bad_file, "as many strides as sizes", [&] { Tensor::over(storage, uint8, {2}, {1, 1}); });
  expect_error(ErrorKind::bad_file, "too many dimensions: expected at most 64, found 65",
               [&] { Tensor::over(storage, uint8, Dims(65, 1), Dims(65, 0)); });
}

TEST(TensorOver, LetsATensorWithoutElementsPointAnywhere) {
  const Tensor t = Tensor::over(Storage::allocate(0), float32, {0, 3}, {3, 1}, 1000);
  EXPECT_EQ(t.numel(), 0);
  EXPECT_EQ(t.storage_offset(), 1000);
  EXPECT_TRUE(t.clone().to_vector<float>().empty());
  EXPECT_TRUE(t.slice(1, 1, 3, 2).is_contiguous());
}

TEST(TensorData, IsGivenOnlyAsItsOwnType) {
  const Tensor t = tensor({3, 12, 7});
  EXPECT_EQ(t.data<int64_t>()[1], 12);
  expect_error(ErrorKind::bad_argument, "expected torch.float32, found torch.int64", [&] { t.data<float>(); });
  expect_error(ErrorKind::bad_argument, "no numbers", [] { (void)empty_meta({2}, float32).raw_data(); });
}

TEST(TensorItem, ConvertsTheOnlyElement) {
  EXPECT_EQ(tensor(5).item<int64_t>(), 5);
  EXPECT_EQ(tensor({{2.75}}).item<float>(), 2.75f);
  EXPECT_EQ(tensor({2.75}).item<int>(), 2);
  EXPECT_TRUE(tensor({0.5}).item<bool>());
  EXPECT_EQ(full({}, 3, {.dtype = float16}).item<double>(), 3);
  EXPECT_EQ(tensor({9007199254740993}).item<int64_t>(), 9007199254740993);
  EXPECT_EQ(full({}, 2, {.dtype = complex64}).item<float>(), 2);
}

TEST(TensorItem, RefusesSeveral) {
  expect_error(ErrorKind::bad_argument, "a Tensor with 2 elements cannot be converted to Scalar", [] {
    tensor({1, 2}).item<int>();
  });
  expect_error(ErrorKind::bad_argument, "a Tensor with 0 elements", [] { zeros({0}).item<float>(); });
}

TEST(TensorToVector, IsInRowMajorOrder) {
  EXPECT_EQ(tensor({{1, 2}, {3, 4}}).t().to_vector<float>(), (std::vector<float>{1, 3, 2, 4}));
  EXPECT_EQ(tensor({1.5, 0.0}).to_vector<bool>(), (std::vector<bool>{true, false}));
}

TEST(SparseTensor, HasIndicesAndValuesInPlaceOfAStorage) {
  const Tensor s = sparse_coo_tensor(tensor({{0, 2}}), ones({2, 3}), {4, 3});
  EXPECT_TRUE(s.is_sparse() && !s.is_coalesced() && !s.is_contiguous() && !s.is_meta());
  EXPECT_EQ(s.sizes(), (Dims{4, 3}));
  EXPECT_EQ(s.numel(), 12);
  EXPECT_EQ(s.storage(), nullptr);
  EXPECT_EQ(s.values().sizes(), (Dims{2, 3}));
  expect_error(ErrorKind::bad_argument, "see its parts", [&] { (void)s.raw_data(); });
  expect_error(ErrorKind::unsupported, "has no strides", [&] { (void)s.strides(); });
  expect_error(ErrorKind::unsupported, "view of a tensor of layout torch.sparse_coo", [&] { s.view({12}); });
  expect_error(ErrorKind::bad_argument, "expected a sparse tensor", [] { zeros({1}).values(); });
}

TEST(SparseTensor, IsCheckedWhenItIsMade) {
  expect_error(ErrorKind::bad_argument, "indices must be an int64 tensor", [] {
    sparse_coo_tensor(zeros({1, 2}), ones({2}), {4});
  });
  expect_error(ErrorKind::bad_argument, "indices must be sparse_dim x nnz",
               [] { sparse_coo_tensor(tensor({1}), ones({1}), {4}); });
  expect_error(ErrorKind::bad_argument, "expected [2, 3], found [2, 4]", [] {
    sparse_coo_tensor(tensor({{0, 2}}), ones({2, 4}), {4, 3});
  });
}

}  // namespace
}  // namespace okibi
