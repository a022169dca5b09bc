// The exchange with other libraries. The structs are those of DLPack's own header.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/dlpack.h>

extern "C" {
struct DLDevice {
  int32_t device_type, device_id;
};
struct DLDataType {
  uint8_t code, bits;
  uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape, *strides;
  uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor*);
};
}

namespace okibi {
namespace {

using testing::HasSubstr;

// Someone else's matrix of floats, which counts how often it is let go.
struct Theirs {
  std::vector<float> numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::vector<int64_t> shape = {2, 3}, strides = {5, 1};
  int let_go = 0;
  DLManagedTensor managed = {{numbers.data(), {1, 0}, 2, {2, 32, 1}, shape.data(), strides.data(), 4},
                             this,
                             [](DLManagedTensor* self) { ++static_cast<Theirs*>(self->manager_ctx)->let_go; }};
};

std::string problem_of(Theirs& theirs) {
  try {
    from_dlpack(&theirs.managed);
    return "no problem";
  } catch (const Error& error) {
    EXPECT_EQ(theirs.let_go, 0) << "the caller keeps what was refused";
    return error.what();
  }
}

TEST(DLPack, TakesTheirNumbersWhereTheyLie) {
  Theirs theirs;
  {
    const Tensor x = from_dlpack(&theirs.managed);
    EXPECT_TRUE(equal(x, tensor({{1.0, 2.0, 3.0}, {6.0, 7.0, 8.0}})));
    const Tensor row = x.select(0, 1);
    row.fill_(-1);
    EXPECT_EQ(theirs.numbers[7], -1);
    EXPECT_EQ(theirs.numbers[9], 9);
    EXPECT_EQ(theirs.let_go, 0);
  }
  EXPECT_EQ(theirs.let_go, 1);
}

TEST(DLPack, WithoutStridesIsContiguous) {
  Theirs theirs;
  theirs.managed.dl_tensor.strides = nullptr;
  theirs.managed.deleter = nullptr;  // nobody to be told
  EXPECT_TRUE(equal(from_dlpack(&theirs.managed), tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}})));
  theirs.managed.dl_tensor.ndim = 0;
  EXPECT_EQ(from_dlpack(&theirs.managed).item<float>(), 1);
  theirs.managed.dl_tensor.ndim = 2;
  theirs.shape = {0, 3};
  theirs.managed.dl_tensor.data = nullptr;
  theirs.managed.dl_tensor.byte_offset = 0;
  EXPECT_EQ(from_dlpack(&theirs.managed).numel(), 0);
}

TEST(DLPack, RefusesWhatIsNoTensorOfMemory) {
  const auto problem = [](auto change) {
    Theirs theirs;
    change(theirs);
    return problem_of(theirs);
  };
  EXPECT_THAT(problem([](Theirs& t) { t.managed.dl_tensor.device = {2, 0}; }), HasSubstr("this machine's memory"));
  EXPECT_THAT(problem([](Theirs& t) { t.managed.dl_tensor.dtype = {2, 32, 4}; }), HasSubstr("4 lanes"));
  EXPECT_THAT(problem([](Theirs& t) { t.managed.dl_tensor.dtype = {0, 4, 1}; }), HasSubstr("no such dtype"));
  EXPECT_THAT(problem([](Theirs& t) { t.strides[0] = -5; }), HasSubstr("stride is negative"));
  EXPECT_THAT(problem([](Theirs& t) { t.shape[0] = -1; }), HasSubstr("size is negative"));
  EXPECT_THAT(problem([](Theirs& t) { t.managed.dl_tensor.ndim = -1; }), HasSubstr("dimensions is negative"));
  EXPECT_THAT(problem([](Theirs& t) { t.shape[0] = t.strides[0] = INT64_MAX; }), HasSubstr("does not fit"));
  EXPECT_THROW(from_dlpack(nullptr), Error);
}

TEST(DLPack, LendsViewsAndKeepsThem) {
  for (const DType dtype : {uint8, int64, float16, bfloat16, float64, boolean, complex64}) {
    DLManagedTensor* lent = nullptr;
    {
      const Tensor x = arange(12).view({3, 4}).to(dtype);
      lent = to_dlpack(x.slice(0, 1, 3).t());
    }
    const DLTensor& t = lent->dl_tensor;
    EXPECT_EQ(t.ndim, 2);
    EXPECT_EQ(t.shape[0], 4);
    EXPECT_EQ(t.strides[1], 4);
    EXPECT_EQ(t.dtype.bits, 8 * itemsize(dtype));
    const Tensor back = from_dlpack(lent);  // which calls the deleter at its end
    EXPECT_EQ(back.dtype(), dtype);
    EXPECT_TRUE(equal(back, arange(12).view({3, 4}).to(dtype).slice(0, 1, 3).t()));
  }
}

TEST(DLPack, LendsNoTensorsThatAreMoreThanNumbers) {
  EXPECT_THROW(to_dlpack(ones({2}).requires_grad_()), Error);
  EXPECT_THROW(to_dlpack(sparse_coo_tensor(tensor({{0}}), tensor({1.0}), {2})), Error);
  EXPECT_THROW(to_dlpack(empty_meta({2}, float32)), Error);
  EXPECT_THROW(to_dlpack(ones({2}).neg_view()), Error);
}

}  // namespace
}  // namespace okibi
