#include "s3/credentials.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/refreshing.h"

namespace okibi::s3 {
namespace {

class FixedCredentials final : public CredentialsProvider {
 public:
  explicit FixedCredentials(std::optional<S3Credentials> key) : key_(std::move(key)) {}
  std::optional<S3Credentials> get() override { return key_; }
  void forget(const S3Credentials&) override {}  // there are no others

 private:
  const std::optional<S3Credentials> key_;
};

struct Link {
  std::string_view name;
  Found (*find)(const LinkContext&);
  bool of_environment = false;  // not looked at where the caller names a profile
};

constexpr std::array links = {
    Link{"the environment", environment_key, true},
    Link{"a web identity", environment_web_identity, true},
    Link{"the profile", profile_key},
    Link{"the container's role", container_key},
    Link{"the machine's role", instance_key},
};

Error no_key(const std::vector<std::string>& tried) {
  return Error(ErrorKind::no_permission, fmt::format("no credentials were found. Tried: {}", fmt::join(tried, "; ")))
      .hint(
          "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials in AWS_PROFILE; "
          "for "
          "a public bucket, ask without a signature.");
}

S3Credentials key_of_chain(const LinkContext& context) {
  std::vector<std::string> tried;
  for (const Link& link : links) {
    if (link.of_environment && !context.options.profile.empty()) {
      tried.push_back(fmt::format("{} (passed over: a profile is named)", link.name));
      continue;
    }
    const Found found = link.find(context);
    if (found.key) return *found.key;
    tried.push_back(fmt::format("{} ({})", link.name, found.why_none));
  }
  throw no_key(tried);
}

}  // namespace

std::unique_ptr<CredentialsProvider> make_credentials(const S3Options& options, Surroundings surroundings) {
  if (options.unsigned_requests) return std::make_unique<FixedCredentials>(std::nullopt);
  if (options.credentials)
    return std::make_unique<FixedCredentials>(checked_key(*options.credentials, "S3Options::credentials"));
  auto now = surroundings.now;
  return std::make_unique<RefreshingCredentials>(
      [context = LinkContext{options, std::move(surroundings)}] { return key_of_chain(context); }, std::move(now));
}

}  // namespace okibi::s3
