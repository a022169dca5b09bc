#include "s3/profiles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <okibi/base.h>

#include <optional>

#include "s3/settings.h"
#include "s3/small_file.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr size_t longest_key = 128;  // each setting of a block repeats that of the block

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& letter : out) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return out;
}

std::string_view without_quotes(std::string_view name) {
  const bool quoted = name.size() >= 2 && (name[0] == '"' || name[0] == '\'') && name.back() == name[0];
  return quoted ? name.substr(1, name.size() - 2) : name;
}

// The sections of one file: kind ("profile", "sso-session", "services", "" of others) and name → settings.
using Sections = std::map<std::pair<std::string, std::string>, Settings>;

class SectionReader {
 public:
  SectionReader(bool is_config, const std::string& path) : is_config_(is_config), path_(path) {}

  Sections read(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // some editors of Windows begin with it
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      ++number_;
      take(line);
    }
    return std::move(sections_);
  }

 private:
  void take(std::string_view line) {
    const std::string_view said = trimmed(line);
    if (said.empty() || said[0] == '#' || said[0] == ';') return;
    const size_t indent = line.find_first_not_of(blanks);
    if (said[0] == '[') {
      begin_section(said);
    } else if (settings_ == nullptr) {
      throw fault("a setting stands before the first [section]");
    } else if (!key_.empty() && indent > key_indent_) {
      take_inner(said);
    } else {
      take_setting(said, indent);
    }
  }

  void begin_section(std::string_view said) {
    const size_t end = said.find(']');
    const std::string_view rest = end == said.npos ? "" : trimmed(said.substr(end + 1));
    if (end == said.npos || !(rest.empty() || rest[0] == '#' || rest[0] == ';'))
      throw fault("the [section] has no end, or something behind it");
    settings_ = &sections_[section_named(trimmed(said.substr(1, end - 1)))];
    key_.clear();
  }

  std::pair<std::string, std::string> section_named(std::string_view name) const {
    if (!is_config_) return {"profile", std::string(without_quotes(name))};
    if (name == "default") return {"default", "default"};
    for (const std::string_view kind : {"profile", "sso-session", "services"}) {
      if (name.size() > kind.size() && name.starts_with(kind) && blanks.find(name[kind.size()]) != blanks.npos)
        return {std::string(kind), std::string(without_quotes(trimmed(name.substr(kind.size()))))};
    }
    return {"", std::string(name)};
  }

  void take_setting(std::string_view said, size_t indent) {
    const size_t equals = said.find('=');
    if (equals == said.npos || equals == 0) throw fault("the line is no [section], no key = value, and no comment");
    key_ = lower(trimmed(said.substr(0, equals)));
    if (key_.size() > longest_key) throw fault("the name of the setting is too long");
    key_indent_ = indent;
    (*settings_)[key_] = trimmed(said.substr(equals + 1));
  }

  // A line further in than the setting above it: of its block, where that has no value of its own; else more of it.
  void take_inner(std::string_view said) {
    std::string& outer = (*settings_)[key_];
    const size_t equals = said.find('=');
    if (!outer.empty()) {
      outer.append("\n").append(said);
    } else if (equals != said.npos && equals != 0) {
      (*settings_)[key_ + "." + lower(trimmed(said.substr(0, equals)))] = trimmed(said.substr(equals + 1));
    } else {
      throw fault("the indented line is no key = value");
    }
  }

  Error fault(std::string sentence) const {
    return Error(ErrorKind::bad_file, std::move(sentence)).at("line", number_).at("", path_);
  }

  bool is_config_;
  std::string path_;
  uint64_t number_ = 0;
  Sections sections_;
  Settings* settings_ = nullptr;  // of the section in which the reader stands
  std::string key_;               // the setting above, "" at the start of a section
  size_t key_indent_ = 0;
};

std::map<std::string, Settings> of_kind(const Sections& sections, std::string_view kind) {
  std::map<std::string, Settings> chosen;
  for (const auto& [section, settings] : sections) {
    if (section.first == kind) chosen[section.second] = settings;
  }
  return chosen;
}

std::string path_from(const Surroundings& surroundings, const std::string& variable_name, std::string_view usual) {
  const std::string named = variable(surroundings, variable_name);
  return in_home(surroundings, named.empty() ? usual : named);
}

std::string text_of(const std::string& path) {
  return path.empty() ? std::string() : read_small_file(path).value_or(std::string());
}

const Settings* find(const std::map<std::string, Settings>& in, const std::string& name) {
  const auto found = in.find(name);
  return found == in.end() ? nullptr : &found->second;
}

}  // namespace

const std::string& value_of(const Settings& settings, const std::string& key) {
  static const std::string none;
  const auto found = settings.find(key);
  return found == settings.end() ? none : found->second;
}

Profiles Profiles::parse(std::string_view config, const std::string& config_path, std::string_view credentials,
                         const std::string& credentials_path) {
  const Sections sections = SectionReader(true, config_path).read(config);
  Profiles profiles;
  profiles.config_path_ = config_path;
  profiles.credentials_path_ = credentials_path;
  profiles.profiles_ = of_kind(sections, "profile");
  profiles.sso_sessions_ = of_kind(sections, "sso-session");
  profiles.services_ = of_kind(sections, "services");
  profiles.profiles_.merge(of_kind(sections, "default"));  // unless [profile default] is there, too
  for (const auto& [section, settings] : SectionReader(false, credentials_path).read(credentials)) {
    Settings& profile = profiles.profiles_[section.second];
    for (const auto& [key, value] : settings) profile[key] = value;
  }
  return profiles;
}

Profiles Profiles::read(const Surroundings& surroundings) {
  const std::string config = path_from(surroundings, "AWS_CONFIG_FILE", "~/.aws/config");
  const std::string credentials = path_from(surroundings, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  return parse(text_of(config), config, text_of(credentials), credentials);
}

const Settings* Profiles::profile(const std::string& name) const { return find(profiles_, name); }
const Settings* Profiles::sso_session(const std::string& name) const { return find(sso_sessions_, name); }
const Settings* Profiles::services(const std::string& name) const { return find(services_, name); }

const Settings& Profiles::named(const std::string& name) const {
  if (const Settings* found = profile(name)) return *found;
  std::vector<std::string> names;
  for (const auto& [other, settings] : profiles_) names.push_back(printable(other, 100));
  throw Error(ErrorKind::bad_argument, "there is no such profile")
      .expected(names.empty() ? "one of a file, but there are none" : fmt::format("one of {}", fmt::join(names, ", ")))
      .hint(fmt::format("Profiles stand in {} as [profile NAME], and in {} as [NAME].", printable(config_path_, 300),
                        printable(credentials_path_, 300)))
      .at("profile", printable(name, 100));
}

}  // namespace okibi::s3
