// s3/credentials.h: whose key signs. The chain is that of Amazon's own tools; the first link that has something wins:
//
//   1. S3Options::credentials
//   2. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (unless S3Options::profile names a profile)
//   3. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN: AssumeRoleWithWebIdentity (EKS)
//   4. the profile, of ~/.aws/config and ~/.aws/credentials (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE): static
//   keys,
//      role_arn with source_profile or credential_source (AssumeRole), web_identity_token_file, sso_session (the cache
//      in ~/.aws/sso/cache), credential_process
//   5. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or …_FULL_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN[_FILE] (ECS, EKS)
//   6. the machine's role, from its metadata service, version 2 (unless AWS_EC2_METADATA_DISABLED)
//
// Looked at anew, files and all, whenever a key is needed: what `aws sso login` or another program changes meanwhile
// counts. Not there: codes of multi-factor authentication (mfa_serial is Error(unsupported)), and renewing a session of
// SSO that lapsed (the error says which command does).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <okibi/s3.h>

#include "s3/http.h"

namespace okibi::s3 {

// What the chain looks at of the world: handed in, so that tests have a world of their own.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> environment;  // a variable
  std::function<std::chrono::system_clock::time_point()> now;
  Transport* transport = nullptr;  // to STS, SSO, containers and the metadata service; outlives the provider
  std::function<void(std::chrono::milliseconds)> pause = {};  // between two attempts to reach those; empty: none
};
Surroundings real_surroundings();  // without a transport, which with_surroundings does not need
Surroundings real_surroundings(Transport& transport);

// Gives the key that is good now. Thread-safe. What was lent for a time is fetched anew five minutes before it expires,
// by one thread while the others wait or go on with the old one as long as that is good.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // nullopt: requests are to be sent unsigned. Error(no_permission) where no link of the chain has a key: it lists what
  // was tried and how to give one. A link that is there but broken (a profile without a secret, a process that fails)
  // is an Error of its own, not a step to the next link.
  virtual std::optional<S3Credentials> get() = 0;
  // The store called them expired: fetch anew, unless that was done since. (Eight requests that were refused at once
  // cost one fetch.)
  virtual void forget(const S3Credentials& refused) = 0;
};

std::unique_ptr<CredentialsProvider> make_credentials(const S3Options& options, Surroundings surroundings);

// region, endpoint, ca_file and force_path_style where the options leave them empty: from the environment (AWS_REGION,
// AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE), then from the profile (region, services →
// s3 → endpoint_url, endpoint_url, ca_bundle, s3 → addressing_style); no endpoint under
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS. The region is "us-east-1" where nothing names one. The profile stays as it is:
// one that was named here, and not by AWS_PROFILE, goes before the keys of the environment. Unsigned requests do
// without a profile that cannot be read, unless it was named here.
S3Options with_surroundings(S3Options options, const Surroundings& surroundings);

}  // namespace okibi::s3
