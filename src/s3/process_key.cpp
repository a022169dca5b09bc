// Keys that a program prints (docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/process.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view source = "the profile's credential_process";

// POSIX's rules of quoting (XCU, 2.2), and no others.
class WordSplitter {
 public:
  explicit WordSplitter(std::string_view text) : rest_(text) {}

  std::vector<std::string> split() {
    while (!rest_.empty()) {
      const char letter = next();
      if (letter == ' ' || letter == '\t' || letter == '\n') {
        end_word();
      } else {
        in_word_ = true;
        take(letter);
      }
    }
    end_word();
    return std::move(words_);
  }

 private:
  void take(char letter) {
    if (letter == '\'') return take_single_quoted();
    if (letter == '"') return take_double_quoted();
    word_ += letter == '\\' ? next() : letter;
  }

  void take_single_quoted() {
    for (char letter = next(); letter != '\''; letter = next()) word_ += letter;
  }

  // A backslash is one, unless something stands behind it that it takes the meaning from.
  void take_double_quoted() {
    for (char letter = next(); letter != '"'; letter = next()) {
      const bool escapes =
          letter == '\\' && !rest_.empty() && std::string_view("\"\\$`").find(rest_[0]) != std::string_view::npos;
      word_ += escapes ? next() : letter;
    }
  }

  char next() {
    if (rest_.empty())
      throw Error(ErrorKind::bad_argument, fmt::format("{} ends within a quote, or with a backslash", source));
    const char letter = rest_[0];
    rest_.remove_prefix(1);
    return letter;
  }

  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  std::string_view rest_;
  std::string word_;
  bool in_word_ = false;
  std::vector<std::string> words_;
};

Error failed(const ProcessResult& result) {
  std::string sentence = fmt::format("{} failed with status {}", source, result.status);
  const size_t end = result.complaints.find_last_not_of(" \r\n\t") + 1;
  if (end > 0) sentence += ": " + printable(result.complaints.substr(0, end), 600);
  return Error(ErrorKind::no_permission, std::move(sentence));
}

S3Credentials key_in(const std::string& output) {
  const nlohmann::json answer = json_object(output, source);
  const auto version = answer.find("Version");
  if (version == answer.end() || *version != 1)
    throw Error(ErrorKind::unsupported, fmt::format("{} prints another version of its format", source))
        .expected("\"Version\": 1");
  return key_of(answer, {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}, source);
}

}  // namespace

std::vector<std::string> words_of(const std::string& command) { return WordSplitter(command).split(); }

S3Credentials process_key(const LinkContext& context, const std::string& command) {
  const std::vector<std::string> words = words_of(command);
  if (words.empty()) throw Error(ErrorKind::bad_argument, fmt::format("{} names no program", source));
  return in_context("", printable(words[0], 200), [&] {
    const ProcessResult result = run_process(words, context.options.stop);
    if (result.status != 0) throw failed(result);
    return lasting_key(key_in(result.output), context.around.now(), source, "The program must give one that lasts.");
  });
}

}  // namespace okibi::s3
