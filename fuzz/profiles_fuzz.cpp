// Any bytes as ~/.aws/config and ~/.aws/credentials: settings, or an Error that quotes no line, since any of them may
// hold a secret. Settings take memory in proportion to the file. A credential_process is cut into words.
#include <okibi/base.h>

#include <algorithm>
#include <cstdlib>

#include "s3/links.h"
#include "s3/profiles.h"

using namespace okibi;

namespace {

constexpr size_t shortest_secret = 8, most_growth = 64;

void check_unquoted(std::string_view message, std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() >= shortest_secret && message.find(line) != message.npos) std::abort();
  }
}

void check_size(const s3::Settings* settings, std::string_view text) {
  size_t bytes = 0;
  if (settings == nullptr) return;
  for (const auto& [key, value] : *settings) bytes += key.size() + value.size();
  if (bytes > most_growth * text.size()) std::abort();
}

void check_command(const s3::Settings* settings) {
  if (settings == nullptr) return;
  const std::string& command = s3::value_of(*settings, "credential_process");
  try {
    size_t bytes = 0;
    for (const std::string& word : s3::words_of(command)) bytes += word.size();
    if (bytes > command.size()) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_argument) std::abort();
  }
}

void check(std::string_view config, std::string_view credentials) {
  try {
    const auto profiles = s3::Profiles::parse(config, "1st", credentials, "2nd");
    const std::string_view larger = config.size() > credentials.size() ? config : credentials;
    for (const char* name : {"default", "work", "a b", "process"}) {
      check_size(profiles.profile(name), larger);
      check_command(profiles.profile(name));
    }
    check_size(profiles.sso_session("company"), larger);
    check_size(profiles.services("local"), larger);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_file) std::abort();
    check_unquoted(error.what(), config);
    check_unquoted(error.what(), credentials);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, "");
  check("", text);
  return 0;
}
