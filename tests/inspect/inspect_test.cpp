// What `ls` and `show` say, as functions.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <okibi/inspect.h>

namespace okibi::inspect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Archive archive_of(const Value& value) {
  const auto buffer = std::make_shared<Buffer>();
  save(value, *buffer);
  return open(std::shared_ptr<const io::Source>(buffer, static_cast<const io::Source*>(buffer.get())));
}

Dict checkpoint() {
  const Tensor table = tensor({{1, 2.5}, {3, 4}});
  return Dict{{"epoch", 3},
              {"model", Dict{{"a.weight", table}, {"tied", table}, {"big", zeros({100, 3})}}},
              {"list", List{1, "two", Tuple{tensor({7}), nullptr}}},
              {5, "a key that is no string"},
              {"", 0.5}};
}

std::vector<std::string> names_of(const Listing& listing) {
  std::vector<std::string> names;
  for (const ListedTensor& tensor : listing.tensors) names.push_back(tensor.entry.name);
  return names;
}

TEST(List, NamesTensorsByTheirPathInTheOrderOfTheObject) {
  const Listing listing = list(archive_of(checkpoint()));
  EXPECT_THAT(names_of(listing), ElementsAre("model.a.weight", "model.tied", "model.big", "list.2.0"));
  EXPECT_EQ(listing.tensors[0].entry.path.size(), 2u);
  EXPECT_TRUE(listing.tensors[0].shares_storage);
  EXPECT_FALSE(listing.tensors[2].shares_storage);
  EXPECT_EQ(listing.total_nbytes, 16u + 16 + 1200 + 8);
  EXPECT_EQ(listing.unique_nbytes, 16u + 1200 + 8);
}

TEST(List, TakesAPatternAnOrderAndHashes) {
  const Archive archive = archive_of(checkpoint());
  EXPECT_THAT(names_of(list(archive, {.glob = "model.*i*"})), ElementsAre("model.a.weight", "model.tied", "model.big"));
  EXPECT_THAT(names_of(list(archive, {.order = Order::size})).front(), "model.big");
  const Listing hashed =
      list(archive_of(Dict{{"x", tensor({{1, 2}, {3, 4}}).t()}, {"y", tensor({{1, 3}, {2, 4}})}}), {.hash = true});
  EXPECT_EQ(hashed.tensors[0].sha256, hashed.tensors[1].sha256);  // by elements, whatever the strides
  // sha256sum of the little-endian int64 numbers 1, 3, 2, 4
  EXPECT_EQ(hashed.tensors[0].sha256, "cdb192d28cc214cc1e3bd9ea3425292b8db4f92312fc090e38df9528d4c44700");
}

TEST(Show, PrintsATreeWithValues) {
  const std::string text = show(archive_of(checkpoint()));
  EXPECT_THAT(text, HasSubstr("dict of 5\n  epoch: 3\n"));
  EXPECT_THAT(text, HasSubstr("    a.weight: tensor float32 [2, 2]  1.0000, 2.5000, 3.0000, 4.0000\n"));
  EXPECT_THAT(text, HasSubstr("    big: tensor float32 [100, 3]  0., 0., 0., 0., …\n"));
  EXPECT_THAT(text, HasSubstr("  5: 'a key that is no string'"));
  EXPECT_THAT(text, HasSubstr("  '': 0.5"));
}

TEST(Show, HasNumbersOfComplexSparseAndQuantisedTensorsAndOfNumPy) {
  EXPECT_THAT(show(archive_of(Dict{{"z", tensor({1., 2.}).to(complex64)}})), HasSubstr("1.+0.j"));
  EXPECT_THAT(show(open(OKIBI_GOLDEN "/corpus/sparse.pth"), "csr"), HasSubstr("1., 2., 3., 4., …"));
  EXPECT_THAT(show(open(OKIBI_GOLDEN "/corpus/quantised.pth"), "1"), HasSubstr("-1.,  0.,  1.,  2., …"));
  EXPECT_THAT(show(open(OKIBI_GOLDEN "/corpus/numpy.pth", {.any_class_as_data = true}), "scalars"),
              HasSubstr("0: 0.1\n  1: 7\n"));
}

TEST(Show, PicksAPartAlsoByKeysThatHoldDots) {
  const Archive archive = archive_of(checkpoint());
  EXPECT_THAT(show(archive, "model.a.weight"), HasSubstr("tensor float32 [2, 2]"));
  EXPECT_EQ(show(archive, "list.1"), "'two'");
  EXPECT_EQ(show(archive, "5"), "'a key that is no string'");
  try {
    show(archive, "model.nothing");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_THAT(error.what(), HasSubstr("there is no 'nothing' in model"));
    EXPECT_THAT(error.what(), HasSubstr("a.weight, tied, big"));
  }
}

TEST(Show, SurvivesCyclesAndDepth) {
  List self;
  self.push_back(self);
  Value root = self;
  close_cycles(root);
  EXPECT_THAT(show(archive_of(root)), HasSubstr("contains itself"));
  EXPECT_THAT(show_json(archive_of(root)), HasSubstr("$cycle"));
  Value deep = 1;
  for (int i = 0; i < 100'000; ++i) deep = List{deep};
  EXPECT_THAT(show(archive_of(deep)), HasSubstr("deeper"));
  EXPECT_THAT(show_json(archive_of(deep)), HasSubstr("$cut"));
}

TEST(ShowJson, SaysWhatJsonHasNoWordFor) {
  const auto json = nlohmann::json::parse(show_json(archive_of(Dict{{"tuple", Tuple{1, 2}},
                                                                    {"nan", std::nan("")},
                                                                    {"dtype", float16},
                                                                    {"keys", Dict{{1, 2}}},
                                                                    {"dollar", Dict{{"$tensor", 2}}},
                                                                    {"tensor", tensor({1, 2})}})));
  const auto& object = json["object"];
  EXPECT_EQ(json["okibi_version"], std::string(version()));
  EXPECT_EQ(object["tuple"]["$tuple"], nlohmann::json::parse("[1, 2]"));
  EXPECT_EQ(object["nan"]["$float"], "nan");
  EXPECT_EQ(object["dtype"]["$dtype"], "float16");
  EXPECT_EQ(object["keys"]["$dict"], nlohmann::json::parse("[[1, 2]]"));
  EXPECT_EQ(object["dollar"]["$dict"], nlohmann::json::parse("[[\"$tensor\", 2]]"));
  EXPECT_EQ(object["tensor"]["$tensor"]["shape"], nlohmann::json::parse("[2]"));
}

TEST(GlobMatch, KnowsStarsAndSets) {
  EXPECT_TRUE(glob_match("*.weight", "a.b.weight"));
  EXPECT_TRUE(glob_match("layer.[0-3].?", "layer.2.w"));
  EXPECT_FALSE(glob_match("layer.[0-3].?", "layer.4.w"));
}

}  // namespace
}  // namespace okibi::inspect
