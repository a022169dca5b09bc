// NumPy's own files of one array. That NumPy reads and writes the same: tests/cli/run_gives_what_a_program_gives.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/npy.h>

#include "tensor/expect_error.h"
#include "zip/archive_builder.h"
#include "zip/deflate.h"

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

TEST(Npy, BytesThatAreNoBoolsAreTrue) {
  const Tensor bools = read(npy(header("'|b1'", "(3,)"), std::string_view("\xff\0\2", 3)));
  EXPECT_EQ(bools.raw_data()[0], std::byte{1});
  EXPECT_EQ(bools.raw_data()[1], std::byte{0});
  EXPECT_EQ(bools.raw_data()[2], std::byte{1});
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

// ------------------------------------------------------------------------------------------------- several, by names

using testing_help::ArchiveBuilder;
using testing_help::Part;

NamedArrays read_archive(std::string_view bytes) {
  return read_npz(std::make_shared<Buffer>(as_bytes(bytes), "x.npz"));
}

NamedArrays read_parts(std::vector<Part> parts) { return read_archive(ArchiveBuilder(std::move(parts)).build().bytes); }

std::string bytes_of(const NamedArrays& arrays) {
  Buffer buffer;
  write_npz(arrays, buffer);
  return std::string(as_text(buffer.bytes()));
}

const std::string small = npy(header("'<i2'", "(2,)"), one_and_two);

// As numpy.savez_compressed makes one.
Part packed(std::string name, const std::string& npy) {
  return {std::move(name), testing_help::deflate_text(npy), 8, false, {}, npy.size()};
}

TEST(Npz, IsReadInTheOrderOfTheFile) {
  const NamedArrays arrays = read_parts({{"b.npy", small}, packed("a.npy", small), {"in/a.npy.npy", small}});
  ASSERT_EQ(arrays.size(), 3u);
  EXPECT_EQ(arrays[0].first, "b");
  EXPECT_EQ(arrays[1].first, "a");
  EXPECT_EQ(arrays[2].first, "in/a.npy");
  for (const auto& [name, array] : arrays) EXPECT_EQ(array.to_vector<int16_t>(), (std::vector<int16_t>{1, 2})) << name;
}

TEST(Npz, ComesBackAsItWasWritten) {
  const NamedArrays all = {{"x", tensor({{1, 2.5, -3}, {4, 5, 6}})},
                           {"X", tensor({{1, 2}, {3, 4}}).t()},
                           {"layer/weight", full({}, 3, {float16})},
                           {"", empty({0, 2}, {float64})}};
  const NamedArrays found = read_archive(bytes_of(all));
  ASSERT_EQ(found.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(found[i].first, all[i].first);
    EXPECT_TRUE(equal(found[i].second, all[i].second)) << all[i].first;
  }
  EXPECT_TRUE(read_archive(bytes_of({})).empty());
}

TEST(Npz, ThatCannotBeWrittenSaysWhichArray) {
  expect_error(ErrorKind::unsupported, "buffer, array half: NumPy has no bfloat16", [] {
    bytes_of({{"half", ones({1}, {bfloat16})}});
  });
  expect_error(ErrorKind::bad_argument, "of this name already", [] { bytes_of({{"x", ones({1})}, {"x", ones({1})}}); });
  expect_error(ErrorKind::bad_argument, "climbs out", [] { bytes_of({{"../x", ones({1})}}); });
}

TEST(Npz, ThatIsCutShortIsRefused) {
  const std::string good = bytes_of({{"x", tensor({1, 2})}, {"y", ones({2, 2})}});
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(read_archive(std::string_view(good).substr(0, length)), Error) << length;
  }
}

TEST(Npz, ThatLiesIsRefusedWithFileAndRecord) {
  expect_error(ErrorKind::bad_file, "climbs out", [] { read_parts({Part{"../x.npy", small}}); });
  expect_error(ErrorKind::bad_file, "two records of this name", [] {
    read_parts({Part{"x.npy", small}, Part{"x.npy", small}});
  });
  expect_error(ErrorKind::bad_file, "x.npz: the archive of NumPy arrays (.npz) holds a record that is none", [] {
    read_parts({Part{"x.npy", small}, Part{"readme.txt", "x"}});
  });
  expect_error(ErrorKind::bad_file, "x.npz, record x.npy: a NumPy array (.npy): it does not begin as one", [] {
    read_parts({Part{"x.npy", "nothing of the kind"}});
  });
  expect_error(ErrorKind::bad_file, "x.npz, record x.npy: a NumPy array (.npy): it has fewer bytes", [] {
    read_parts({Part{"x.npy", npy(header("'<i2'", "(2000000000,)"), one_and_two)}});
  });
  expect_error(ErrorKind::bad_file, "the CRC-32 does not match", [] {
    read_archive(ArchiveBuilder({Part{"x.npy", small}}).crc(0, 7).build().bytes);
  });
  expect_error(ErrorKind::unsupported, "x.npz, record o.npy: a NumPy array (.npy) of this dtype", [] {
    read_parts({Part{"o.npy", npy(header("'|O'", "(1,)"), "x")}});
  });
}

TEST(Npz, WithAnyBitFlippedEndsWell) {
  const std::string good = bytes_of({{"x", tensor({1, 2})}, {"y", ones({2, 2})}});
  size_t refused = 0;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    try {
      read_archive(bytes);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, good.size() * 4);  // some bits tell nothing: dates, padding
}

TEST(Npz, OfZerosThatWouldFillMemoryIsRefused) {
  const std::string zeros = npy(header("'|u1'", "(60000000,)"), std::string(60'000'000, '\0'));
  expect_error(ErrorKind::limit, "x.npz, record x.npy, offset 0: the deflated records would inflate to more",
               [&] { read_parts({packed("x.npy", zeros)}); });
  Part liar = packed("x.npy", small);
  liar.size = uint64_t{1} << 31;
  expect_error(ErrorKind::limit, "would inflate by more than Limits::max_inflated_ratio", [&] { read_parts({liar}); });
  liar.size = small.size() + 1;
  expect_error(ErrorKind::bad_file, "x.npz, record x.npy", [&] { read_parts({liar}); });
}

}  // namespace
}  // namespace okibi
