#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/settings.h"

namespace okibi::s3 {
namespace {

Error half_set(const std::string& set, const std::string& missing) {
  return Error(ErrorKind::bad_argument, set + " is set, and " + missing + " is not").hint("Set both, or neither.");
}

}  // namespace

Found environment_key(const LinkContext& context) {
  S3Credentials key = {variable(context.around, "AWS_ACCESS_KEY_ID"), variable(context.around, "AWS_SECRET_ACCESS_KEY"),
                       variable(context.around, "AWS_SESSION_TOKEN")};
  if (key.access_key_id.empty() && key.secret_access_key.empty()) return {{}, "AWS_ACCESS_KEY_ID is not set"};
  if (key.secret_access_key.empty()) throw half_set("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
  if (key.access_key_id.empty()) throw half_set("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID");
  const std::string expires = variable(context.around, "AWS_CREDENTIAL_EXPIRATION");
  if (!expires.empty()) key.expires = parse_time(expires, "AWS_CREDENTIAL_EXPIRATION");
  return {lasting_key(checked_key(std::move(key), "the environment"), context.around.now(), "the environment",
                      "Set new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."),
          {}};
}

}  // namespace okibi::s3
