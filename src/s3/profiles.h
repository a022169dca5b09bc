// s3/profiles.h: the files ~/.aws/config and ~/.aws/credentials, as Amazon's tools read them
// (docs.aws.amazon.com/sdkref/latest/guide/file-format.html).
//
//   [default]                       # in the credentials file: [x]
//   region = eu-central-1
//   [profile x]
//   services = local
//   s3 =
//     addressing_style = path       # a block: "s3.addressing_style" in Settings
//   [sso-session x]
//   [services local]
//   s3 =
//     endpoint_url = http://localhost:9000
//
// Comments are whole lines that begin with # or ;. A value is everything after the first '=', its ends trimmed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace okibi::s3 {

struct Surroundings;

using Settings = std::map<std::string, std::string>;  // keys in lower case

const std::string& value_of(const Settings& settings, const std::string& key);  // "" where there is none

class Profiles {
 public:
  // The files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, or those in ~/.aws; one that is missing says
  // nothing. Error(bad_file) names a line that is not understood, and does not quote it: it may hold a secret.
  static Profiles read(const Surroundings& surroundings);

  // Read from texts; the paths are for messages.
  static Profiles parse(std::string_view config, const std::string& config_path, std::string_view credentials,
                        const std::string& credentials_path);

  // What both files say of a profile; the credentials file wins. nullptr: neither has it.
  const Settings* profile(const std::string& name) const;
  const Settings* sso_session(const std::string& name) const;
  const Settings* services(const std::string& name) const;

  // The settings of a profile that someone named. Error(bad_argument) lists the profiles that there are.
  const Settings& named(const std::string& name) const;

 private:
  std::map<std::string, Settings> profiles_, sso_sessions_, services_;
  std::string config_path_, credentials_path_;
};

}  // namespace okibi::s3
