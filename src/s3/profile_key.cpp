// The key that a profile leads to: its own, that of a role which another profile's key takes on, …
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/settings.h"

namespace okibi::s3 {
namespace {

// By loops this ends; by chains of roles that are longer than any honest one, it ends here.
constexpr size_t longest_chain = 16;

bool has(const Settings& profile, const std::string& key) { return !value_of(profile, key).empty(); }

bool has_static_key(const Settings& profile) {
  return has(profile, "aws_access_key_id") || has(profile, "aws_secret_access_key");
}

bool has_sso(const Settings& profile) {
  return has(profile, "sso_session") || has(profile, "sso_start_url") || has(profile, "sso_account_id");
}

Role role_of(const Settings& profile) {
  return {value_of(profile, "role_arn"), value_of(profile, "role_session_name"), value_of(profile, "external_id"),
          value_of(profile, "duration_seconds")};
}

S3Credentials static_key(const Settings& profile) {
  return checked_key({value_of(profile, "aws_access_key_id"), value_of(profile, "aws_secret_access_key"),
                      value_of(profile, "aws_session_token")},
                     "the profile");
}

S3Credentials there(Found found, const std::string& what) {
  if (found.key) return *std::move(found.key);
  throw Error(ErrorKind::no_permission, fmt::format("{} has no key: {}", what, found.why_none));
}

class ProfileSearch {
 public:
  explicit ProfileSearch(const LinkContext& context)
      : context_(context),
        profiles_(Profiles::read(context.around)),
        chosen_(chosen_profile(context.options, context.around)) {}

  Found find() {
    const Settings profile = chosen_settings(profiles_, chosen_);
    const auto key = in_context("profile", chosen_.name, [&]() -> std::optional<S3Credentials> {
      visited_.push_back(chosen_.name);
      return has(profile, "role_arn") ? role_key(chosen_.name, profile) : own_key(chosen_.name, profile);
    });
    if (key) return {key, {}};
    const std::string name = printable(chosen_.name, 100);
    if (profiles_.profile(chosen_.name) == nullptr) return {{}, fmt::format("there is no profile {}", name)};
    return {{}, fmt::format("profile {} has no key, role, SSO or process", name)};
  }

 private:
  // Of a profile that another one names. Its own key goes before its role, so that a profile may be its own source.
  S3Credentials source_key(const std::string& name) {
    const Settings& profile = profiles_.named(name);
    return in_context("profile", name, [&] {
      if (has_static_key(profile)) return static_key(profile);
      enter(name);
      if (has(profile, "role_arn")) return role_key(name, profile);
      if (const auto key = own_key(name, profile)) return *key;
      throw Error(ErrorKind::bad_argument, "the profile has no key, role, SSO or process");
    });
  }

  void enter(const std::string& name) {
    const bool again = std::find(visited_.begin(), visited_.end(), name) != visited_.end();
    visited_.push_back(name);
    if (again || visited_.size() > longest_chain)
      throw Error(ErrorKind::bad_argument, "the profiles name each other as source_profile, without an end")
          .found(printable(fmt::format("{}", fmt::join(visited_, " → ")), 1000));
  }

  std::optional<S3Credentials> own_key(const std::string& name, const Settings& profile) {
    if (has_sso(profile)) return sso_key(context_, profiles_, profile, name);
    if (has_static_key(profile)) return static_key(profile);
    if (has(profile, "credential_process")) return process_key(context_, value_of(profile, "credential_process"));
    return std::nullopt;
  }

  S3Credentials role_key(const std::string& name, const Settings& profile) {
    if (has(profile, "mfa_serial"))
      throw Error(ErrorKind::unsupported,
                  "the profile's role wants a code of multi-factor authentication, which okibi does not ask for")
          .hint(fmt::format("Run `eval \"$(aws configure export-credentials --profile {} --format env)\"` first.",
                            printable(name, 100)));
    const TokenService service = token_service(context_, profiles_, profile);
    if (has(profile, "web_identity_token_file"))
      return assume_role_with_web_identity(context_, service, role_of(profile),
                                           value_of(profile, "web_identity_token_file"));
    return assume_role(context_, service, role_of(profile), key_for_role(profile));
  }

  // Whose key asks for the role.
  S3Credentials key_for_role(const Settings& profile) {
    const std::string& source = value_of(profile, "source_profile");
    const std::string& elsewhere = value_of(profile, "credential_source");
    if (source.empty() == elsewhere.empty())
      throw Error(ErrorKind::bad_argument,
                  "a profile with role_arn needs one of source_profile, credential_source and web_identity_token_file");
    return source.empty() ? key_from(elsewhere) : source_key(source);
  }

  S3Credentials key_from(const std::string& source) {
    if (source == "Environment") return there(environment_key(context_), "the environment");
    if (source == "Ec2InstanceMetadata") return there(instance_key(context_), "the machine");
    if (source == "EcsContainer") return there(container_key(context_), "the container");
    throw Error(ErrorKind::bad_argument, "the profile's credential_source is not known")
        .expected("Environment, Ec2InstanceMetadata or EcsContainer")
        .found(printable(source, 100));
  }

  const LinkContext& context_;
  Profiles profiles_;
  ChosenProfile chosen_;
  std::vector<std::string> visited_;
};

}  // namespace

Found profile_key(const LinkContext& context) { return ProfileSearch(context).find(); }

}  // namespace okibi::s3
