#include "s3/links.h"
#include "s3/settings.h"

namespace okibi::s3 {

Found environment_web_identity(const LinkContext& context) {
  const std::string token_file = variable(context.around, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (token_file.empty()) return {{}, "AWS_WEB_IDENTITY_TOKEN_FILE is not set"};
  const Role role = {variable(context.around, "AWS_ROLE_ARN"), variable(context.around, "AWS_ROLE_SESSION_NAME")};
  if (role.arn.empty())
    throw Error(ErrorKind::bad_argument, "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not")
        .hint("Set AWS_ROLE_ARN to the role that the token is for.");
  const Profiles profiles = Profiles::read(context.around);
  const Settings profile = chosen_settings(profiles, chosen_profile(context.options, context.around));
  return {assume_role_with_web_identity(context, token_service(context, profiles, profile), role, token_file), {}};
}

}  // namespace okibi::s3
