// Keys of IAM Identity Center ("SSO"): the token that `aws sso login` left behind, for the key of an account's role
// (docs.aws.amazon.com/singlesignon/latest/PortalAPIReference).
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/settings.h"
#include "s3/sign.h"
#include "s3/small_file.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view service_name = "the portal of IAM Identity Center (SSO)";

std::string sha1_hex(const std::string& text) {  // names a file, and secures nothing
  std::array<unsigned char, 20> digest;
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1)
    throw Error(ErrorKind::internal, "OpenSSL cannot compute SHA-1");
  std::string hex;
  for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

struct Sso {
  std::string region, account_id, role_name;
  std::string cached_by;  // whose SHA-1 names the file of the token
};

const std::string& needed(const Settings& settings, const std::string& key, std::string_view where) {
  const std::string& value = value_of(settings, key);
  if (value.empty()) throw Error(ErrorKind::bad_argument, fmt::format("{} has no {}", where, key));
  return value;
}

Sso sso_of(const Profiles& profiles, const Settings& profile) {
  Sso sso;
  sso.account_id = needed(profile, "sso_account_id", "the profile");
  sso.role_name = needed(profile, "sso_role_name", "the profile");
  const std::string& session = value_of(profile, "sso_session");
  if (session.empty()) {
    sso.region = needed(profile, "sso_region", "the profile");
    sso.cached_by = needed(profile, "sso_start_url", "the profile");
    return sso;
  }
  const Settings* settings = profiles.sso_session(session);
  if (settings == nullptr)
    throw Error(ErrorKind::bad_argument, "the profile names a session of SSO that is not there")
        .expected(fmt::format("[sso-session {}]", printable(session, 100)));
  sso.region = needed(*settings, "sso_region", fmt::format("[sso-session {}]", printable(session, 100)));
  sso.cached_by = session;
  return sso;
}

std::string login_hint(const std::string& profile) {
  return fmt::format("Run `aws sso login --profile {}`.", printable(profile, 100));
}

std::string token_of(const LinkContext& context, const Sso& sso, const std::string& profile) {
  const std::string path = in_home(context.around, "~/.aws/sso/cache/" + sha1_hex(sso.cached_by) + ".json");
  const auto text = path.empty() ? std::nullopt : read_small_file(path);
  if (!text) throw Error(ErrorKind::no_permission, "nobody is signed in to SSO").hint(login_hint(profile)).at("", path);
  const nlohmann::json cached =
      in_context("", path, [&] { return json_object(*text, "the file of the signed-in session"); });
  const std::string token = text_field(cached, "accessToken");
  const auto expires = in_context("", path, [&] { return parse_time(text_field(cached, "expiresAt"), "the session"); });
  if (token.empty()) throw Error(ErrorKind::bad_file, "has no accessToken").hint(login_hint(profile)).at("", path);
  if (expires <= context.around.now())
    throw Error(ErrorKind::no_permission, fmt::format("the session of SSO lapsed at {}", time_text(expires)))
        .hint(login_hint(profile));
  return checked_key({"none", token}, "the session of SSO").secret_access_key;
}

Question question_for(const LinkContext& context, const Profiles& profiles, const Settings& profile, const Sso& sso,
                      const std::string& token) {
  const std::string endpoint = endpoint_of("sso", context.around, profiles, profile);
  Question question;
  question.service = service_name;
  question.request.timeout = usual_patience;
  question.request.url = fmt::format("{}/federation/credentials?role_name={}&account_id={}",
                                     endpoint.empty() ? amazon_url("portal.sso", sso.region) : endpoint,
                                     percent_encoded(sso.role_name), percent_encoded(sso.account_id));
  question.request.headers = {{"x-amz-sso_bearer_token", token}, {"Accept", "application/json"}};
  question.secrets = {token};
  return question;
}

Error refused(const Question& question, const Response& response, const std::string& profile) {
  const nlohmann::json answer = nlohmann::json::parse(response.body, nullptr, false);
  const std::string* code = find_header(response.headers, "x-amzn-errortype");
  const std::string* id = find_header(response.headers, "x-amzn-requestid");
  Error error = refusal(question, response, code == nullptr ? "" : *code,
                        answer.is_object() ? text_field(answer, "message") : "", id == nullptr ? "" : *id);
  if (response.status == 401) error.hint(login_hint(profile));
  return error;
}

S3Credentials key_in(const std::string& body) {
  const nlohmann::json answer = json_object(body, service_name);
  const auto key = answer.find("roleCredentials");
  if (key == answer.end() || !key->is_object())
    throw Error(ErrorKind::bad_file, fmt::format("{} gives no key in its answer", service_name));
  S3Credentials lent = key_of(*key, {"accessKeyId", "secretAccessKey", "sessionToken", ""}, service_name);
  const auto expires = key->find("expiration");
  if (expires == key->end() || !expires->is_number_unsigned())
    throw Error(ErrorKind::bad_file, fmt::format("{} does not say until when its key is good", service_name));
  const auto seconds = static_cast<int64_t>(std::min(expires->get<uint64_t>(), uint64_t{1} << 60) / 1000);
  lent.expires = at_second(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  return lent;
}

}  // namespace

S3Credentials sso_key(const LinkContext& context, const Profiles& profiles, const Settings& profile,
                      const std::string& profile_name) {
  const Sso sso = sso_of(profiles, profile);
  const Question question = question_for(context, profiles, profile, sso, token_of(context, sso, profile_name));
  const Response response = ask(question, context);
  if (response.status != 200) throw refused(question, response, profile_name);
  return lasting_key(key_in(response.body), context.around.now(), service_name, "Is this machine's clock right?");
}

}  // namespace okibi::s3
