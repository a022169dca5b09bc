#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/scratch_folder.h"
#include "tabular/csv_text.h"
#include "tensor/expect_error.h"

namespace okibi::tabular {
namespace {

using testing::ElementsAre;

std::vector<std::vector<std::string>> rows_of(const Table& table) {
  std::vector<std::vector<std::string>> rows(table.rows());
  for (size_t row = 0; row < table.rows(); ++row)
    for (size_t column = 0; column < table.columns().size(); ++column) rows[row].emplace_back(table.text(row, column));
  return rows;
}

TEST(Csv, ReadsAHeaderAndRows) {
  const Table table = table_of("name,job\nAda,engineer\nBo,\n");
  EXPECT_EQ(table.name(), "people.csv");
  EXPECT_THAT(table.columns(), ElementsAre("name", "job"));
  EXPECT_THAT(rows_of(table), ElementsAre(ElementsAre("Ada", "engineer"), ElementsAre("Bo", "")));
}

TEST(Csv, TakesTheLastLineWithoutItsEnd) {
  EXPECT_THAT(rows_of(table_of("a,b\n1,2")), ElementsAre(ElementsAre("1", "2")));
  EXPECT_THAT(rows_of(table_of("a,b\n1,")), ElementsAre(ElementsAre("1", "")));
}

TEST(Csv, TakesEveryKindOfLineEndAndSkipsAByteOrderMark) {
  EXPECT_THAT(rows_of(table_of("\xEF\xBB\xBF"
                               "a,b\r\n1,2\r\n")),
              ElementsAre(ElementsAre("1", "2")));
  EXPECT_THAT(rows_of(table_of("a,b\r1,2\r3,4")), ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "4")));
  EXPECT_THAT(table_of("\xEF\xBB\xBF"
                       "a,b\n1,2")
                  .columns(),
              ElementsAre("a", "b"));
}

TEST(Csv, UnderstandsQuotes) {
  const Table table = table_of("\"a,1\",b\n\"x, \"\"y\"\"\",\"two\nlines\"\n\"\",it \"is\" plain\n");
  EXPECT_THAT(table.columns(), ElementsAre("a,1", "b"));
  EXPECT_THAT(rows_of(table), ElementsAre(ElementsAre("x, \"y\"", "two\nlines"), ElementsAre("", "it \"is\" plain")));
}

TEST(Csv, SkipsBlankLinesButNotAnEmptyCellInQuotes) {
  EXPECT_THAT(rows_of(table_of("\na\n\n1\n\n\"\"\n\n")), ElementsAre(ElementsAre("1"), ElementsAre("")));
}

TEST(Csv, KnowsTheLineOfEachRow) {
  const Table table = table_of("a,b\n1,2\n\n\"x\r\ny\rz\",3\r\n4,5\n");
  EXPECT_EQ(table.line(0), 2u);
  EXPECT_EQ(table.line(1), 4u);
  EXPECT_EQ(table.line(2), 7u);
}

TEST(Csv, NamesTheLineOfARaggedRow) {
  const std::string words = "people.csv, line 3: the row has not as many cells as the header line: expected 2, found 3";
  expect_error(ErrorKind::bad_file, words, [] { table_of("a,b\n1,2\n1,2,3\n"); });
  expect_error(ErrorKind::bad_file, "line 4: the row has not as many cells as the header line: expected 2, found 1",
               [] { table_of("a,b\n\"1\n1\",2\nx\n"); });
}

TEST(Csv, NamesTheLineWhereAQuoteBeginsThatDoesNotEnd) {
  expect_error(ErrorKind::bad_file, "people.csv, line 2: a quote that begins here does not end",
               [] { table_of("a,b\n1,\"x\n2,3\n"); });
}

TEST(Csv, RefusesTextBehindAClosingQuote) {
  expect_error(ErrorKind::bad_file,
               "people.csv, line 2: there is text behind a closing quote: expected a comma or the end "
               "of the line, found 'y'",
               [] { table_of("a,b\n\"x\"y,2\n"); });
}

TEST(Csv, RefusesAnEmptyFileAndAHeaderAlone) {
  expect_error(ErrorKind::bad_file, "people.csv: the file is empty", [] { table_of(""); });
  expect_error(ErrorKind::bad_file, "people.csv: the file is empty", [] { table_of("\xEF\xBB\xBF\r\n\n"); });
  expect_error(ErrorKind::bad_file, "people.csv: there are no rows below the header line", [] { table_of("a,b\n"); });
}

TEST(Csv, RefusesColumnsWithoutANameOfTheirOwn) {
  expect_error(ErrorKind::bad_file, "people.csv, line 1: column 2 has no name", [] { table_of("a,,c\n1,2,3\n"); });
  expect_error(ErrorKind::bad_file, "people.csv, line 2: two columns have the name 'a'",
               [] { table_of("\na,b,a\n1,2,3\n"); });
}

TEST(Csv, RefusesTextThatIsNotUtf8) {
  expect_error(ErrorKind::bad_file, "people.csv, line 3: the text is not UTF-8: found the byte 0xfc",
               [] { table_of("a\nxxxxxxxxxxxxxxxxx\nM\xFCller\n"); });
  expect_error(ErrorKind::bad_file, "the text is UTF-16: expected UTF-8", [] {
    table_of(
        std::string_view("\xFF\xFE"
                         "a\0",
                         4));
  });
  for (const std::string_view bad : {"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80", "\xE2\x82", "\x80"})
    EXPECT_THROW(table_of("a\n" + std::string(bad)), Error) << testing::PrintToString(bad);
  EXPECT_EQ(table_of("a\nMüller 熾火 🔥\n").text(0, 0), "Müller 熾火 🔥");
}

TEST(Csv, NamesTheNearestColumnWhereOneIsMissing) {
  const Table table = table_of("gender,department\nf,A\n");
  EXPECT_EQ(table.column("department"), 1u);
  expect_error(ErrorKind::not_found, "people.csv: there is no column 'departmnt'; there are 'gender', 'department'",
               [&] { table.column("departmnt"); });
  expect_error(ErrorKind::not_found, "Did you mean 'department'?", [&] { table.column("departmnt"); });
}

TEST(Csv, ReadsNumbers) {
  const Table table = table_of("x\n1\n -2.5e3 \n+0.1\n1e-320\n");
  EXPECT_EQ(table.number(0, 0), 1);
  EXPECT_EQ(table.number(1, 0), -2500);
  EXPECT_EQ(table.number(2, 0), 0.1);
  EXPECT_EQ(table.number(3, 0), 1e-320);
}

TEST(Csv, NamesThePlaceOfWhatIsNoNumber) {
  const auto read = [](const std::string& cell) { table_of("n,age\n\"two\nlines\",1\n2," + cell + "\n").number(1, 1); };
  expect_error(ErrorKind::bad_file,
               "people.csv, line 4, column age: there is a text in a column of numbers: expected a "
               "number, found '12 years'",
               [&] { read("12 years"); });
  expect_error(ErrorKind::bad_file, "people.csv, line 4, column age: the cell is empty", [&] { read("  "); });
  for (const std::string cell : {"nan", "inf", "-Infinity", "1e999"})
    expect_error(ErrorKind::bad_file, "line 4, column age: the number is not finite: found '" + cell + "'",
                 [&] { read(cell); });
  for (const std::string cell : {"+-1", "--1", "0x10", "1.2.3", "1_000", "e5"}) EXPECT_THROW(read(cell), Error) << cell;
}

TEST(Csv, ReadsTheSameFromAFileWithItsFingerprint) {
  const testing_help::ScratchFolder folder;
  testing_help::put(folder.path("t.csv"), "a\n123456789\n");
  const Table table = read_csv(folder.path("t.csv"));
  EXPECT_EQ(table.name(), folder.path("t.csv"));
  EXPECT_EQ(table.fingerprint(), table_of("a\n123456789\n").fingerprint());
  EXPECT_NE(table.fingerprint(), table_of("a\n123456788\n").fingerprint());
  EXPECT_EQ(table.fingerprint().bytes, 12u);
  expect_error(ErrorKind::not_found, folder.path("none.csv"), [&] { read_csv(folder.path("none.csv")); });
}

}  // namespace
}  // namespace okibi::tabular
