// What `diff` finds.
#include <limits>

#include <gmock/gmock.h>

#include <okibi/inspect.h>

namespace okibi::inspect {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Archive archive_of(const Value& value) {
  const auto buffer = std::make_shared<Buffer>();
  save(value, *buffer);
  return open(std::shared_ptr<const io::Source>(buffer, static_cast<const io::Source*>(buffer.get())));
}

Difference diff_of(const Value& a, const Value& b, const DiffOptions& options = {}) {
  return diff(archive_of(a), archive_of(b), options);
}

TEST(Diff, FindsNothingInTheSame) {
  const Dict value{{"w", tensor(std::vector<double>{1, nan, infinity})}, {"epoch", 3}, {"list", List{1, tensor({2})}}};
  const Difference found = diff_of(value, value);
  EXPECT_TRUE(found.none());
  EXPECT_EQ(found.same, 2u);
  // Strides and sharing do not count.
  EXPECT_TRUE(diff_of(Dict{{"w", tensor({{1, 2}, {3, 4}}).t()}}, Dict{{"w", tensor({{1, 3}, {2, 4}})}}).none());
}

TEST(Diff, TellsRemovedAddedAndChangedTensors) {
  const Difference found =
      diff_of(Dict{{"a", zeros({2})}, {"b", zeros({2})}, {"c", zeros({2})}, {"d", zeros({2})}},
              Dict{{"b", ones({2})}, {"c", zeros({3})}, {"d", zeros({2}, {.dtype = float64})}, {"e", zeros({1})}});
  ASSERT_EQ(found.removed.size(), 1u);
  EXPECT_EQ(found.removed[0].name, "a");
  ASSERT_EQ(found.added.size(), 1u);
  EXPECT_EQ(found.added[0].name, "e");
  ASSERT_EQ(found.changed.size(), 3u);
  EXPECT_EQ(found.changed[0].max_abs, 1.0);
  EXPECT_EQ(found.changed[1].b.sizes, Dims({3}));
  EXPECT_EQ(found.changed[2].differing, 0u);  // float32 against float64: the same numbers
}

// Where a key holds a dot, several things have one name.
TEST(Diff, PairsThingsOfOneNameInTheirOrder) {
  const Dict tensors{{"a", Dict{{"b", tensor({1.})}}}, {"a.b", tensor({2.})}};
  EXPECT_TRUE(diff_of(tensors, tensors).none());
  EXPECT_EQ(diff_of(tensors, tensors).same, 2u);
  const Difference found = diff_of(tensors, Dict{{"a", Dict{{"b", tensor({1.})}}}, {"a.b", tensor({5.})}});
  ASSERT_EQ(found.changed.size(), 1u);
  EXPECT_EQ(found.changed[0].max_abs, 3.0);
  EXPECT_EQ(diff_of(tensors, Dict{{"a.b", tensor({1.})}}).removed.size(), 1u);

  const Dict numbers{{"a", Dict{{"b", 1}}}, {"a.b", 2}};
  EXPECT_TRUE(diff_of(numbers, numbers).none());
  const auto leaves = diff_of(numbers, Dict{{"a", Dict{{"b", 1}}}, {"a.b", 7}}).leaves;
  ASSERT_EQ(leaves.size(), 1u);
  EXPECT_EQ(leaves[0].a + " " + leaves[0].b, "2 7");
}

TEST(Diff, MeasuresBothDistances) {
  const auto found = diff_of(Dict{{"w", tensor({100., 1., 5.})}}, Dict{{"w", tensor({101., 2., 5.})}}).changed;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].differing, 2u);
  EXPECT_EQ(found[0].max_abs, 1.0);
  EXPECT_EQ(found[0].max_rel, 0.5);
}

TEST(Diff, ToleratesWhatItIsTold) {
  const Dict a{{"w", tensor({100., 1.})}}, b{{"w", tensor({101., 1.})}};
  EXPECT_TRUE(diff_of(a, b, {.rtol = 0.01}).none());
  EXPECT_TRUE(diff_of(a, b, {.atol = 1}).none());
  EXPECT_FALSE(diff_of(a, b, {.rtol = 0.009}).none());
  EXPECT_FALSE(
      diff_of(Dict{{"w", tensor(std::vector<double>{nan})}}, Dict{{"w", tensor(std::vector<double>{1})}}, {.atol = 9})
          .none());
  EXPECT_FALSE(diff_of(Dict{{"w", tensor(std::vector<double>{infinity})}}, Dict{{"w", tensor(std::vector<double>{1})}},
                       {.atol = 9})
                   .none());
}

// Of packed dtypes the bytes are compared.
TEST(Diff, ComparesWhatQuantisedAndSparseTensorsStandFor) {
  for (const char* name : {"quantised", "sparse", "packed"}) {
    const Archive archive = open(std::string(OKIBI_GOLDEN "/corpus/") + name + ".pth");
    EXPECT_TRUE(diff(archive, archive).none()) << name;
  }
  const Value quantised = load(OKIBI_GOLDEN "/corpus/quantised.pth");
  const auto found = diff_of(Dict{{"w", quantised[1]}}, Dict{{"w", tensor({{-1., 0, 1}, {2, 3, 6}})}}).changed;
  ASSERT_EQ(found.size(), 1u);  // the dtypes differ
  EXPECT_EQ(found[0].differing, 1u);
  EXPECT_EQ(found[0].max_abs, 2.0);
}

TEST(Diff, TellsWholeNumbersApartThatFloatsDoNot) {
  const int64_t large = int64_t{1} << 60;
  const auto found =
      diff_of(Dict{{"n", tensor(std::vector<int64_t>{large})}}, Dict{{"n", tensor(std::vector<int64_t>{large + 1})}})
          .changed;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].max_abs, 1.0);
}

TEST(Diff, ComparesEverythingElseToo) {
  const Difference found =
      diff_of(Dict{{"epoch", 3}, {"lr", 0.1}, {"old", "x"}, {"nested", Dict{{"k", List{1, 2}}}}, {"none", nullptr}},
              Dict{{"epoch", 4}, {"lr", 0.1}, {"new", "y"}, {"nested", Dict{{"k", List{1, 5}}}}, {"none", nullptr}});
  ASSERT_EQ(found.leaves.size(), 4u);
  EXPECT_EQ(found.leaves[0].name, "epoch");
  EXPECT_EQ(found.leaves[0].a, "3");
  EXPECT_EQ(found.leaves[0].b, "4");
  EXPECT_EQ(found.leaves[1].name, "old");
  EXPECT_EQ(found.leaves[1].b, "");
  EXPECT_EQ(found.leaves[2].name, "nested.k.1");
  EXPECT_EQ(found.leaves[3].name, "new");
}

TEST(Diff, OfLargeTensorsComesPieceByPiece) {
  const Tensor a = zeros({3000, 4000}), b = zeros({4000, 3000}).t();
  EXPECT_TRUE(diff_of(Dict{{"w", a}}, Dict{{"w", b}}).none());
  b[2999][3999].fill_(2);
  const auto found = diff_of(Dict{{"w", a}}, Dict{{"w", b}}).changed;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].differing, 1u);
  EXPECT_EQ(found[0].max_abs, 2.0);
  EXPECT_EQ(found[0].max_rel, 1.0);
}

}  // namespace
}  // namespace okibi::inspect
