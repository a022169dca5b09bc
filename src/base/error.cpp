#include <fmt/format.h>
#include <okibi/base.h>

#include <array>

namespace okibi {

std::string_view version() noexcept { return OKIBI_VERSION; }
namespace {

struct KindFacts {
  std::string_view name;
  int exit_status;
  int http_status;
};

constexpr std::array kind_facts = {
#define X(kind, exit_status, http_status, meaning) KindFacts{#kind, exit_status, http_status},
#include <okibi/error_kinds.def>
#undef X
};

const KindFacts& facts_of(ErrorKind kind) { return kind_facts.at(static_cast<size_t>(kind)); }

// Two sentences in a row need a full stop between them; a message of PyTorch's may have brought its own.
bool is_closed(std::string_view sentence) { return sentence.ends_with('.') || sentence.ends_with('!'); }

}  // namespace

std::string_view name_of(ErrorKind kind) { return facts_of(kind).name; }
int exit_status_of(ErrorKind kind) { return facts_of(kind).exit_status; }
int http_status_of(ErrorKind kind) { return facts_of(kind).http_status; }

Error::Error(ErrorKind kind, std::string sentence) : kind_(kind), sentence_(std::move(sentence)), text_(sentence_) {}

Error& Error::at(std::string_view name, std::string_view value) & {
  places_.emplace_back(name, printable(value));
  compose();
  return *this;
}

Error& Error::expected(std::string_view what) & {
  expected_ = printable(what);
  compose();
  return *this;
}

Error& Error::found(std::string_view what) & {
  found_ = printable(what);
  compose();
  return *this;
}

Error& Error::hint(std::string_view what_to_do_next) & {
  hint_ = what_to_do_next;
  compose();
  return *this;
}

// "place, place: sentence: expected this, found that. Hint."
void Error::compose() {
  text_.clear();
  for (auto place = places_.rbegin(); place != places_.rend(); ++place) {
    const auto& [name, value] = *place;
    text_ += fmt::format("{}{}{}{}", text_.empty() ? "" : ", ", name, name.empty() ? "" : " ", value);
  }
  if (!text_.empty()) text_ += ": ";
  text_ += sentence_;
  if (!expected_.empty()) text_ += fmt::format(": expected {}", expected_);
  if (!found_.empty()) text_ += fmt::format("{} found {}", expected_.empty() ? ':' : ',', found_);
  if (!hint_.empty()) text_ += (is_closed(text_) ? " " : ". ") + hint_;
}

}  // namespace okibi
