#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tabular/csv_text.h"
#include "tensor/expect_error.h"

namespace okibi::tabular {
namespace {

using testing::ElementsAre;
using testing::FloatNear;

const std::string_view people = "job,age,town,left\nnurse,30,Z,yes\ncook,40,A,no\nnurse,50,M,no\nbaker,40,A,yes\n";
const ColumnSpec spec = {.target = "left", .categorical = {{"town", 3}, {"job", 0}}, .continuous = {"age"}};

Task task_of(const std::string& labels, Task task = Task::automatic) {
  return Encoder::fit(table_of("x,y\n" + labels), {"y", task, {{"x", 1}}, {}}).target().task;
}

TEST(Encoder, SortsCategoriesAndKeepsTheOrderOfColumns) {
  const Encoder encoder = Encoder::fit(table_of(people), spec);
  ASSERT_EQ(encoder.categorical().size(), 2u);
  EXPECT_EQ(encoder.categorical()[0].name, "town");
  EXPECT_EQ(encoder.categorical()[0].dim, 3);
  EXPECT_THAT(encoder.categorical()[0].categories, ElementsAre("A", "M", "Z"));
  EXPECT_THAT(encoder.categorical()[1].categories, ElementsAre("baker", "cook", "nurse"));
  EXPECT_EQ(encoder.categorical()[1].dim, 3);  // round(1.6 · 3^0.56)
}

TEST(Encoder, EncodesRowByRow) {
  const Table table = table_of(people);
  const Encoded encoded = Encoder::fit(table, spec).encode(table);
  EXPECT_EQ(encoded.rows(), 4);
  EXPECT_THAT(encoded.categorical.to_vector<int64_t>(), ElementsAre(2, 2, 0, 1, 1, 2, 0, 0));
  EXPECT_THAT(encoded.target.to_vector<float>(), ElementsAre(1, 0, 0, 1));
  const float step = std::sqrt(2.0F);  // ages -10, 0, 10, 0 around the mean, over a deviation of sqrt(200 / 4)
  EXPECT_THAT(encoded.continuous.to_vector<float>(),
              ElementsAre(FloatNear(-step, 1e-6F), FloatNear(0, 1e-6F), FloatNear(step, 1e-6F), FloatNear(0, 1e-6F)));
}

TEST(Encoder, LeavesTheTargetOutWhenItIsNotAskedFor) {
  const Encoder encoder = Encoder::fit(table_of(people), spec);
  const Encoded encoded = encoder.encode(table_of("age,job,town\n40,cook,M\n"), false);
  EXPECT_FALSE(encoded.target.defined());
  EXPECT_THAT(encoded.categorical.to_vector<int64_t>(), ElementsAre(1, 1));
}

TEST(Encoder, GivesAConstantColumnAScaleOfOne) {
  const Encoder encoder = Encoder::fit(table_of("x,y\n0.1,0\n0.1,1\n0.1,1\n"), {"y", Task::automatic, {}, {"x"}});
  EXPECT_EQ(encoder.continuous()[0].scale, 1);
  EXPECT_EQ(encoder.continuous()[0].mean, 0.1);
}

TEST(Encoder, ChoosesTheTask) {
  EXPECT_EQ(task_of("a,0\nb,1\n"), Task::binary);
  EXPECT_EQ(task_of("a,True\nb,False\n"), Task::binary);
  EXPECT_EQ(task_of("a,1.5\nb,2\n"), Task::regression);
  EXPECT_EQ(task_of("a,0\nb,5\n"), Task::regression);
  EXPECT_EQ(task_of("a,0\nb,5\n", Task::binary), Task::binary);
  EXPECT_EQ(task_of("a,0\nb,1\n", Task::regression), Task::regression);
  EXPECT_EQ(task_of("a,1\nb,2\nc,3\n"), Task::regression);
}

TEST(Encoder, TakesTheSecondTextInOrderAsOne) {
  const Encoder encoder = Encoder::fit(table_of("x,y\na,yes\nb,no\n"), {"y", Task::automatic, {{"x", 1}}, {}});
  EXPECT_EQ(encoder.target().positive, "yes");
  EXPECT_EQ(encoder.target().label_of(0.5), "yes");
  EXPECT_EQ(encoder.target().label_of(0.49), "no");
}

TEST(Encoder, RefusesTargetsThatCannotBeLearnt) {
  expect_error(ErrorKind::unsupported, "people.csv, column y: the target holds neither numbers nor exactly two texts",
               [] { task_of("a,red\nb,green\nc,blue\n"); });
  expect_error(ErrorKind::bad_file, "column y: every row has the target '1'", [] { task_of("a,1\nb,1\n"); });
  expect_error(ErrorKind::bad_file,
               "column y: the target of a binary task holds more than two texts: found '1', '2', '3'",
               [] { task_of("a,1\nb,2\nc,3\n", Task::binary); });
  expect_error(ErrorKind::bad_file, "people.csv, line 3, column y: there is a text in a column of numbers",
               [] { task_of("a,1\nb,two\nc,3\n", Task::regression); });
}

TEST(Encoder, RefusesSpecsThatMakeNoSense) {
  const Table table = table_of(people);
  const auto fit = [&](const ColumnSpec& wrong) { Encoder::fit(table, wrong); };
  expect_error(ErrorKind::bad_argument, "no target column was named", [&] {
    fit({"", Task::automatic, {{"job", 1}}, {}});
  });
  expect_error(ErrorKind::bad_argument, "no column was named to learn from", [&] { fit({"left"}); });
  expect_error(ErrorKind::bad_argument, "the column 'left' was named twice", [&] {
    fit({"left", Task::automatic, {{"left", 1}}, {}});
  });
  expect_error(ErrorKind::bad_argument, "column job: an embedding cannot have a negative width", [&] {
    fit({"left", Task::automatic, {{"job", -1}}, {}});
  });
  expect_error(ErrorKind::not_found, "there is no column 'jop'", [&] {
    fit({"left", Task::automatic, {{"jop", 1}}, {}});
  });
  expect_error(ErrorKind::bad_file, "people.csv, line 2, column town: there is a text in a column of numbers", [&] {
    fit({"left", Task::automatic, {}, {"town"}});
  });
}

TEST(Encoder, NamesThePlaceOfACategoryThatItDoesNotKnow) {
  const Encoder encoder = Encoder::fit(table_of(people), spec);
  expect_error(ErrorKind::mismatch,
               "people.csv, line 3, column job: there was no such category in the training data: "
               "expected one of 'baker', 'cook', 'nurse', found 'judge'",
               [&] { encoder.encode(table_of("age,job,town\n40,cook,M\n41,judge,M\n"), false); });
  expect_error(ErrorKind::mismatch,
               "line 2, column left: there was no such target in the training data: expected one of "
               "'no', 'yes', found 'maybe'",
               [&] { encoder.encode(table_of("age,job,town,left\n40,cook,M,maybe\n")); });
  expect_error(ErrorKind::not_found, "there is no column 'town'",
               [&] { encoder.encode(table_of("age,job\n4,cook\n")); });
}

TEST(Encoder, ListsTwentyOfManyCategories) {
  std::string text = "x,y\n";
  for (int i = 10; i < 60; ++i) text += "c" + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  const Encoder encoder = Encoder::fit(table_of(text), {"y", Task::automatic, {{"x", 2}}, {}});
  expect_error(ErrorKind::mismatch, "'c28', 'c29' and 30 more, found 'other'",
               [&] { encoder.encode(table_of("x\nother\n"), false); });
}

TEST(Encoder, MakesNamesThatAModuleDictTakes) {
  const Table table = table_of("a.b,a_b,type,_x,y\n1,1,1,1,0\n2,2,2,2,1\n");
  const Encoder encoder =
      Encoder::fit(table, {"y", Task::automatic, {{"a.b", 1}, {"a_b", 1}, {"type", 1}, {"_x", 1}}, {}});
  std::vector<std::string> modules;
  for (const CategoricalColumn& column : encoder.categorical()) modules.push_back(column.module);
  EXPECT_THAT(modules, ElementsAre("a_b", "a_b_", "type_", "column_x"));
}

TEST(Encoder, ComesBackFromItsValue) {
  const Table table = table_of(people);
  const Encoder encoder = Encoder::fit(table, spec), again = Encoder::from_value(encoder.to_value());
  EXPECT_EQ(repr(again.to_value()), repr(encoder.to_value()));
  EXPECT_EQ(repr(encoder.to_value()["target"]),
            "{'name': 'left', 'task': 'binary', 'negative': 'no', 'positive': 'yes'}");
  EXPECT_TRUE(equal(again.encode(table).continuous, encoder.encode(table).continuous));
  EXPECT_TRUE(equal(again.encode(table).categorical, encoder.encode(table).categorical));
}

TEST(Encoder, RefusesValuesThatItDidNotMake) {
  const auto changed = [](const char* list, const char* key, const Value& value) {
    const Value good = Encoder::fit(table_of(people), spec).to_value();
    (std::string_view(list) == "target" ? good["target"] : good[list][0]).to_dict().set(key, value);
    Encoder::from_value(good);
  };
  expect_error(ErrorKind::bad_file, "encoder.categorical.0.categories: the categories are not sorted", [&] {
    changed("categorical", "categories", List{"b", "a"});
  });
  expect_error(ErrorKind::bad_file, "encoder.categorical.0.categories: the categories are not sorted",
               [&] { changed("categorical", "categories", List{}); });
  expect_error(ErrorKind::bad_file, "expected str, found int", [&] {
    changed("categorical", "categories", List{1, 2});
  });
  expect_error(ErrorKind::bad_file, "encoder.categorical.0.dim", [&] { changed("categorical", "dim", 0); });
  expect_error(ErrorKind::bad_file, "encoder.categorical.0.module", [&] { changed("categorical", "module", "a.b"); });
  expect_error(ErrorKind::bad_file, "encoder.continuous.0.scale", [&] { changed("continuous", "scale", 0.0); });
  expect_error(ErrorKind::bad_file,
               "encoder.continuous.0.mean: the file holds something else than expected here: "
               "expected float, found str",
               [&] { changed("continuous", "mean", "0"); });
  expect_error(ErrorKind::bad_file, "encoder.target.task", [&] { changed("target", "task", "automatic"); });
  expect_error(ErrorKind::bad_argument, "encoder.target.task: there is no such task",
               [&] { changed("target", "task", "magic"); });
  expect_error(ErrorKind::bad_file, "encoder: the file holds something else", [&] { Encoder::from_value(3); });
  expect_error(ErrorKind::bad_file, "the key 'categorical' is missing; there are no keys",
               [&] { Encoder::from_value(Dict()); });
}

}  // namespace
}  // namespace okibi::tabular
