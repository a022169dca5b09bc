#include "options.h"

#include <CLI/CLI.hpp>

#include <okibi/base.h>
#include <okibi/store.h>

namespace okibi::app {

struct OptionParts {
  CLI::App app;
  std::string verb;
};

namespace {

// What the parser says of arguments names them, whole.
std::string without_secrets(std::string words, int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i], shown = store::shown(argument);
    if (shown == argument) continue;
    for (size_t at = 0; (at = words.find(argument, at)) != words.npos; at += shown.size()) {
      words.replace(at, argument.size(), shown);
    }
  }
  return words;
}

}  // namespace

Options::Options(const std::string& verb, const std::string& description, const std::string& example)
    : parts_(std::make_unique<OptionParts>()) {
  parts_->verb = verb;
  parts_->app.description(description);
  parts_->app.name("okibi " + verb);
  parts_->app.footer("Example:\n  " + example);
}
Options::~Options() = default;

void Options::positional(const std::string& name, std::string& into, const std::string& help, bool required) {
  parts_->app.add_option(name, into, help)->required(required);
}
void Options::flag(const std::string& names, bool& into, const std::string& help) {
  parts_->app.add_flag(names, into, help);
}
void Options::option(const std::string& names, std::string& into, const std::string& help) {
  parts_->app.add_option(names, into, help);
}
void Options::option(const std::string& names, std::optional<std::string>& into, const std::string& help) {
  parts_->app.add_option(names, into, help);
}
void Options::option(const std::string& names, std::optional<int64_t>& into, const std::string& help) {
  parts_->app.add_option(names, into, help);
}
void Options::option(const std::string& names, std::optional<uint64_t>& into, const std::string& help) {
  parts_->app.add_option(names, into, help);
}
void Options::option(const std::string& names, std::optional<double>& into, const std::string& help) {
  parts_->app.add_option(names, into, help);
}
void Options::list(const std::string& names, std::optional<std::vector<std::string>>& into, const std::string& help) {
  parts_->app
      .add_option_function<std::vector<std::string>>(
          names, [&into](const std::vector<std::string>& values) { into = values; }, help)
      ->delimiter(',')
      ->allow_extra_args(false);
}
void Options::each(const std::string& names, std::vector<std::string>& into, const std::string& help) {
  parts_->app.add_option(names, into, help)->allow_extra_args(false);
}
void Options::choice(const std::string& names, std::optional<std::string>& into,
                     const std::vector<std::string>& choices, const std::string& help) {
  parts_->app.add_option(names, into, help)->check(CLI::IsMember(choices));
}

bool Options::parse(int count, char** arguments) {
  try {
    parts_->app.parse(count, arguments);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::cout << parts_->app.help();
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::bad_argument,
                "okibi " + parts_->verb + ": " + without_secrets(error.what(), count, arguments))
        .hint("`okibi " + parts_->verb + " --help` shows the options, with an example.");
  }
}

}  // namespace okibi::app
