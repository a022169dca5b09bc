// The generator against PyTorch 2.15: tests/golden/make_random_golden.py drew the same and kept digests of it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <okibi/random.h>

#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/box_muller.h"

namespace okibi {
namespace {

using nlohmann::json;

std::string digest(std::span<const std::byte> bytes) {  // FNV-1a
  uint64_t value = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) value = (value ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return fmt::format("{:016x}", value);
}

template <class T, class Fill>
std::string digest_of(size_t count, Fill fill) {
  const std::unique_ptr<T[]> numbers(new T[count]());
  fill(std::span<T>(numbers.get(), count));
  return digest(std::as_bytes(std::span<const T>(numbers.get(), count)));
}

// One step of a golden case: [kind, count, a, b, …].
std::string draw(Generator& g, const json& step) {
  const auto kind = step[0].get<std::string>();
  const auto count = step[1].get<size_t>();
  const json &a = step[2], &b = step[3];
  if (kind == "normal_float") return digest_of<float>(count, [&](auto out) { g.normal(out, a, b); });
  if (kind == "normal_double") return digest_of<double>(count, [&](auto out) { g.normal(out, a, b); });
  if (kind == "uniform_float") return digest_of<float>(count, [&](auto out) { g.uniform(out, a, b); });
  if (kind == "uniform_double") return digest_of<double>(count, [&](auto out) { g.uniform(out, a, b); });
  if (kind == "bernoulli") return digest_of<bool>(count, [&](auto out) { g.bernoulli(out, a); });
  if (kind == "randint") return digest_of<int64_t>(count, [&](auto out) { g.randint(out, a, b); });
  if (kind == "randperm") return digest(std::as_bytes(std::span<const int64_t>(g.randperm(count))));
  return digest_of<int64_t>(1, [&](auto out) { out[0] = g.random_int64(); });
}

TEST(Random, DrawsWhatPyTorchDraws) {
  std::ifstream file(OKIBI_GOLDEN "/random.json");
  const json golden = json::parse(file);
  ASSERT_GT(golden["cases"].size(), 30u);
  for (const json& each : golden["cases"]) {
    Generator generator(each["seed"].get<uint64_t>());
    for (const json& step : each["steps"]) {
      SCOPED_TRACE(fmt::format("seed {}, {}({}, {}, {})", each["seed"].dump(), step[0].dump(), step[1].dump(),
                               step[2].dump(), step[3].dump()));
      EXPECT_EQ(draw(generator, step), step[4].get<std::string>());
      if (step[5].is_null()) continue;  // known after whole layers only
      EXPECT_EQ(digest(generator.state()), step[5].get<std::string>()) << "the state after it";
    }
  }
}

TEST(Random, AStateThatIsSetContinuesTheSameStream) {
  Generator first(7);
  std::array<float, 3> three;  // an odd number: one normal stays cached
  first.normal(three);
  Generator second;
  second.set_state(first.state());
  EXPECT_EQ(second.state(), first.state());
  EXPECT_EQ(second.initial_seed(), 7u);
  std::array<double, 5> a, b;
  first.normal(a);
  second.normal(b);
  EXPECT_EQ(a, b);
}

TEST(Random, SeedingForgetsTheCachedNormal) {
  Generator generator(3);
  std::array<float, 1> one;
  generator.normal(one);
  generator.manual_seed(3);
  EXPECT_EQ(generator.state(), Generator(3).state());
}

TEST(Random, WordsInBulkAreTheWordsOneByOne) {
  Generator bulk(11), single(11);
  for (const size_t count : {1, 622, 1, 1, 1300, 7, 624, 0, 5}) {
    std::vector<uint32_t> words(count), expected(count);
    bulk.random(words);
    for (uint32_t& word : expected) word = single.random();
    EXPECT_EQ(words, expected);
  }
  EXPECT_EQ(bulk.state(), single.state());
}

TEST(Random, RefusesBytesThatAreNoState) {
  Generator generator;
  const auto before = generator.state();
  auto broken = before;
  EXPECT_THROW(generator.set_state(std::span(broken).first(100)), Error);
  broken[8] = std::byte{200};  // left, without its next
  EXPECT_THROW(generator.set_state(broken), Error);
  broken = before;
  broken[12] = std::byte{0};  // never seeded
  EXPECT_THROW(generator.set_state(broken), Error);
  EXPECT_EQ(generator.state(), before);
}

TEST(Random, RefusesRangesThatAreNone) {
  Generator generator;
  std::array<float, 2> floats;
  std::array<int64_t, 2> ints;
  std::array<bool, 2> bools;
  EXPECT_THROW(generator.uniform(floats, 1, 0), Error);
  EXPECT_THROW(generator.normal(floats, 0, -1), Error);
  EXPECT_THROW(generator.bernoulli(bools, 1.5), Error);
  EXPECT_THROW(generator.bernoulli(bools, std::nan("")), Error);
  EXPECT_THROW(generator.randint(ints, 5, 5), Error);
  EXPECT_THROW(generator.randperm(-1), Error);
}

TEST(Random, NothingDrawnLeavesTheStateAlone) {
  Generator generator(1);
  generator.uniform(std::span<float>());
  generator.normal(std::span<double>());
  EXPECT_TRUE(generator.randperm(0).empty());
  EXPECT_EQ(generator.randperm(1), std::vector<int64_t>{0});
  EXPECT_EQ(generator.state(), Generator(1).state());
}

// Every radius and every angle that uniform numbers can ask for, in steps of a prime.
TEST(BoxMuller, VectorsGiveTheBitsOfTheScalarDefinition) {
  constexpr int64_t blocks = 512, all = 1 << 24;
  std::vector<float> scalar(blocks * 16), vector;
  for (int64_t start = 0; start < all; start += blocks * 8 * 17) {
    for (int64_t i = 0; i < blocks * 16; ++i) {
      const int64_t step = (start + (i / 16 * 8 + i % 8) * 17) % all;
      scalar[static_cast<size_t>(i)] = static_cast<float>(i % 16 < 8 ? step : all - 1 - step) * 0x1p-24f;
    }
    vector = scalar;
    kernels::box_muller_scalar(blocks, 0.1f, 0.7f, scalar.data());
    kernels::box_muller(blocks, 0.1f, 0.7f, vector.data());
    ASSERT_EQ(std::memcmp(scalar.data(), vector.data(), scalar.size() * sizeof(float)), 0) << "from " << start;
  }
}

}  // namespace
}  // namespace okibi
