// s3/links.h: the links of the chain of credentials.h, each in a file of its own.
#pragma once

#include <optional>
#include <string>

#include "s3/ask.h"
#include "s3/profiles.h"

namespace okibi::s3 {

// What a link has: a key, or the reason why it has none ("AWS_ACCESS_KEY_ID is not set"). A link that is there and
// broken throws.
struct Found {
  std::optional<S3Credentials> key;
  std::string why_none;
};

// environment.cpp
Found environment_key(const LinkContext& context);

// web_identity.cpp: the token that a platform wrote into a file (EKS), for the key of a role.
Found environment_web_identity(const LinkContext& context);

// profile_key.cpp
Found profile_key(const LinkContext& context);

// container_role.cpp
Found container_key(const LinkContext& context);

// instance_role.cpp: where no metadata service answers within a second, there is none.
Found instance_key(const LinkContext& context);

// sts.cpp: the token service.
struct TokenService {
  std::string url, region;
};
TokenService token_service(const LinkContext& context, const Profiles& profiles, const Settings& profile);

struct Role {
  std::string arn;
  std::string session_name = {};  // "" for one of okibi's
  std::string external_id = {};
  std::string duration_seconds = {};  // "" for the service's own hour
};
S3Credentials assume_role(const LinkContext& context, const TokenService& service, const Role& role,
                          const S3Credentials& by);
S3Credentials assume_role_with_web_identity(const LinkContext& context, const TokenService& service, const Role& role,
                                            const std::string& token_file);

// sso.cpp: the key of an account's role, for the token that `aws sso login` left in ~/.aws/sso/cache.
S3Credentials sso_key(const LinkContext& context, const Profiles& profiles, const Settings& profile,
                      const std::string& profile_name);

// process_key.cpp: what a program prints. The command is cut into words as a shell does it (blanks, '…', "…", \), and
// nothing else of a shell is there: no variables, no pipes. Error with what it said on its standard error, never with
// what it printed.
S3Credentials process_key(const LinkContext& context, const std::string& command);
std::vector<std::string> words_of(const std::string& command);  // Error(bad_argument) for a quote that has no end

}  // namespace okibi::s3
