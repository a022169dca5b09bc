// Programs in which some word was exchanged for another of the same kind: mostly they still parse, and their types or
// what they do is wrong. They are described, loaded and run, and end in a value or an Error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <okibi/checkpoint.h>
#include <okibi/jit.h>
#include <okibi/zip.h>

#include <map>
#include <random>

#include "script/syntax/tokens.h"

namespace okibi::jit {
namespace {

using Records = std::vector<std::pair<std::string, std::string>>;

Records records_of(const std::string& path) {
  const zip::Reader archive(std::make_shared<io::FileSource>(path));
  Records records;
  for (const auto& record : archive.records()) {
    const auto bytes = archive.read(record.name);
    if (record.name != ".data/serialization_id") records.emplace_back(record.name, as_text(bytes));
  }
  return records;
}

std::shared_ptr<const io::Source> archive_of(const Records& records) {
  auto buffer = std::make_shared<Buffer>();
  zip::Writer writer(*buffer, "made");
  for (const auto& [name, text] : records) writer.add(name, as_bytes(text));
  writer.finish();
  return buffer;
}

// Names and numbers, but for the words of the language.
std::vector<std::string_view> words_of(const std::string& source) {
  std::vector<std::string_view> words;
  script::Lexer lexer(source);
  for (script::Token token = lexer.next(); token.kind != script::TokenKind::end; token = lexer.next()) {
    const bool is_name = token.kind == script::TokenKind::name && !script::is_word_of_language(token.text);
    if (is_name || token.kind == script::TokenKind::number) words.push_back(token.text);
  }
  return words;
}

bool are_kin(std::string_view a, std::string_view b) {
  const auto is_number = [](std::string_view word) { return word[0] >= '0' && word[0] <= '9'; };
  return a != b && is_number(a) == is_number(b);
}

std::string exchanged(const std::string& source, std::mt19937_64& random) {
  const std::vector<std::string_view> words = words_of(source);
  const std::string_view old = words[random() % words.size()];
  std::string_view other = old;
  for (int tries = 0; tries < 100 && !are_kin(old, other); ++tries) other = words[random() % words.size()];
  const auto begin = static_cast<size_t>(old.data() - source.data());
  return source.substr(0, begin) + std::string(other) + source.substr(begin + old.size());
}

// "ok", or the kind of the error.
template <class Work>
std::string outcome(Work&& work) {
  try {
    work();
    return "ok";
  } catch (const Error& error) {
    EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
    return std::string(name_of(error.kind()));
  }
}

TEST(ExchangedWords, EndInValuesOrErrors) {
  const std::string path = OKIBI_GOLDEN "/script/torture.pt";
  const Records records = records_of(path);
  const Value runs = okibi::load(OKIBI_GOLDEN "/script/torture.pth");
  std::map<std::string, int> outcomes;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    Records changed = records;
    for (auto& [name, text] : changed) {
      if (name == "code/__torch__.py") text = exchanged(exchanged(text, random), random);
    }
    const auto file = archive_of(changed);
    outcome([&] { describe(file); });
    outcome([&] {
      const Module module = load(file, {.max_steps = 3000});
      for (const Value& run : runs.to_list()) {
        ++outcomes[outcome([&] { module.call(run["method"].to_string(), run["inputs"].to_list().items()); })];
      }
    });
  }
  EXPECT_GT(outcomes["ok"], 300);       // so most of what was changed was not on the way,
  EXPECT_GT(outcomes["bad_file"], 10);  // and some was
}

}  // namespace
}  // namespace okibi::jit
