// The words of a verb's command line. A thin face over CLI11, which takes long to compile and is seen by one file only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace okibi::app {

struct OptionParts;  // options.cpp

class Options {
 public:
  // `example` is shown at the end of --help.
  Options(const std::string& verb, const std::string& description, const std::string& example);
  ~Options();

  void positional(const std::string& name, std::string& into, const std::string& help, bool required = true);
  void flag(const std::string& names, bool& into, const std::string& help);
  void option(const std::string& names, std::string& into, const std::string& help);
  void option(const std::string& names, std::optional<std::string>& into, const std::string& help);
  void option(const std::string& names, std::optional<int64_t>& into, const std::string& help);
  void option(const std::string& names, std::optional<uint64_t>& into, const std::string& help);
  void option(const std::string& names, std::optional<double>& into, const std::string& help);
  void list(const std::string& names, std::optional<std::vector<std::string>>& into, const std::string& help);  // a,b,c
  void each(const std::string& names, std::vector<std::string>& into, const std::string& help);  // given several times
  void choice(const std::string& names, std::optional<std::string>& into, const std::vector<std::string>& choices,
              const std::string& help);

  // False when --help was asked for, and printed. What cannot be understood is Error(bad_argument).
  bool parse(int count, char** arguments);

 private:
  std::unique_ptr<OptionParts> parts_;
};

}  // namespace okibi::app
