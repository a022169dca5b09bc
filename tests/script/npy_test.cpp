// NumPy's own files of one array. That NumPy reads and writes the same: tests/cli/run_gives_what_a_program_gives.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/npy.h>

#include "tensor/expect_error.h"

namespace okibi {
namespace {

// As numpy.save makes one, whatever the header says.
std::string npy(std::string header, std::string_view numbers, char version = 1) {
  header += '\n';
  std::string bytes = std::string("\x93NUMPY") + version + '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + std::string(numbers);
}

Tensor read(const std::string& bytes) { return tensor_of_npy(as_bytes(bytes)); }

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

const std::string_view one_and_two("\1\0\2\0", 4);

TEST(Npy, IsReadInEachVersion) {
  for (const char version : {1, 2, 3}) {
    const Tensor tensor = read(npy(header("'<i2'", "(2,)"), one_and_two, version));
    EXPECT_EQ(tensor.dtype(), int16);
    EXPECT_EQ(tensor.to_vector<int16_t>(), (std::vector<int16_t>{1, 2}));
  }
}

TEST(Npy, OfTheOtherByteOrderAndByColumns) {
  EXPECT_EQ(read(npy(header("'>i2'", "(2,)"), one_and_two)).to_vector<int16_t>(), (std::vector<int16_t>{256, 512}));
  const Tensor columns = read(npy(header("'|i1'", "(2, 3)", "True"), "\1\2\3\4\5\6"));
  EXPECT_EQ(columns.sizes(), (Dims{2, 3}));
  EXPECT_EQ(columns.to_vector<int8_t>(), (std::vector<int8_t>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, OfNoDimensionsAndOfNothing) {
  EXPECT_EQ(read(npy(header("'|u1'", "()"), "\7")).item<int64_t>(), 7);
  EXPECT_EQ(read(npy(header("'<f8'", "(0, 3)"), "")).sizes(), (Dims{0, 3}));
}

TEST(Npy, ThatLiesIsRefused) {
  const std::string good = npy(header("'<i2'", "(2,)"), one_and_two);
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(read(good.substr(0, length)), Error) << length;
  }
  for (const char* shape : {"(-1,)", "(2", "2", "(2, x)", "(99999999999999999999,)", "(4611686018427387904, 4)", ""}) {
    EXPECT_THROW(read(npy(header("'<i2'", shape), one_and_two)), Error) << shape;
  }
  std::string deep = "(";
  for (int i = 0; i < 100; ++i) deep += "1, ";
  EXPECT_THROW(read(npy(header("'<i2'", deep + ")"), one_and_two)), Error);
  EXPECT_THROW(read(npy("{}", "")), Error);
  expect_error(ErrorKind::unsupported, "holds no numbers", [] { read(npy(header("'|O'", "(1,)"), "x")); });
  expect_error(ErrorKind::unsupported, "of records", [] { read(npy(header("[('a', '<i4')]", "(1,)"), "xxxx")); });
}

TEST(Npy, ComesBackAsItWasWritten) {
  const Tensor all[] = {tensor({{1, 2.5, -3}, {4, 5, 6}}), tensor({1, 2}).to(int64),
                        tensor({{1, 2}, {3, 4}}).t(),      full({}, 3, {float16}),
                        empty({0, 2}, {float64}),          tensor({0, 1}).to(boolean)};
  for (const Tensor& one : all) {
    Buffer buffer;
    write_npy(one, buffer);
    EXPECT_TRUE(equal(tensor_of_npy(buffer.bytes()), one));
    EXPECT_EQ((buffer.bytes().size() - one.nbytes()) % 64, 0u);
  }
  Buffer buffer;
  expect_error(ErrorKind::unsupported, "NumPy has no", [&] { write_npy(ones({1}, {bfloat16}), buffer); });
}

}  // namespace
}  // namespace okibi
