// The token service: keys of roles, in XML (docs.aws.amazon.com/STS/latest/APIReference).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/settings.h"
#include "s3/sign.h"
#include "s3/small_file.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view service_name = "the token service (STS)";

using Form = std::vector<std::pair<std::string, std::string>>;

std::string encoded(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    if (value.empty()) continue;
    fmt::format_to(std::back_inserter(body), "{}{}={}", body.empty() ? "" : "&", name, percent_encoded(value));
  }
  return body;
}

// Seconds from 15 minutes to 12 hours, as the service takes them.
void check_duration(const std::string& text) {
  int seconds = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_number = failure == std::errc() && end == text.data() + text.size();
  if (text.empty() || (is_number && seconds >= 900 && seconds <= 43200)) return;
  throw Error(ErrorKind::bad_argument, "a role cannot be taken for so long")
      .expected("a duration_seconds of 900 to 43200")
      .found(printable(text, 40));
}

std::string session_name(const LinkContext& context, const Role& role) {
  if (!role.session_name.empty()) return role.session_name;
  return fmt::format("okibi-{}", std::chrono::system_clock::to_time_t(context.around.now()));
}

Form form_for(const LinkContext& context, const std::string& action, const Role& role) {
  check_duration(role.duration_seconds);
  return {{"Action", action},
          {"Version", "2011-06-15"},
          {"RoleArn", role.arn},
          {"RoleSessionName", session_name(context, role)},
          {"DurationSeconds", role.duration_seconds},
          {"ExternalId", role.external_id}};
}

Question question_for(const TokenService& service, const std::string& body) {
  Question question;
  question.service = service_name;
  question.request.timeout = usual_patience;
  question.request.method = "POST";
  question.request.url = service.url;
  question.request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  question.request.body = as_bytes(body);
  return question;
}

Error refused(const Question& question, const Response& response, const pugi::xml_document& answer) {
  const pugi::xml_node root = answer.child("ErrorResponse");
  const pugi::xml_node error = root.child("Error");
  return refusal(question, response, error.child("Code").text().get(), error.child("Message").text().get(),
                 root.child("RequestId").text().get());
}

// "AssumeRole" → AssumeRoleResponse, AssumeRoleResult, Credentials.
S3Credentials key_in(const pugi::xml_document& answer, const std::string& action) {
  const pugi::xml_node key =
      answer.child((action + "Response").c_str()).child((action + "Result").c_str()).child("Credentials");
  S3Credentials lent = {key.child("AccessKeyId").text().get(), key.child("SecretAccessKey").text().get(),
                        key.child("SessionToken").text().get()};
  const std::string expires = key.child("Expiration").text().get();
  if (lent.access_key_id.empty() || lent.secret_access_key.empty() || expires.empty())
    throw Error(ErrorKind::bad_file, fmt::format("{} gives no key in its answer", service_name));
  lent.expires = parse_time(expires, service_name);
  return checked_key(std::move(lent), service_name);
}

S3Credentials answered(const Question& question, const LinkContext& context, const std::string& action) {
  const Response response = ask(question, context);
  pugi::xml_document answer;
  const bool is_xml = answer.load_buffer(response.body.data(), response.body.size());
  if (response.status != 200) throw refused(question, response, answer);
  if (!is_xml) throw Error(ErrorKind::bad_file, fmt::format("{} answers with what is no XML", service_name));
  return lasting_key(key_in(answer, action), context.around.now(), service_name, "Is this machine's clock right?");
}

std::string token_in(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) throw Error(ErrorKind::not_found, "the file of the web identity's token is not there").at("", path);
  const size_t end = text->find_last_not_of(" \r\n\t");
  if (end == text->npos) throw Error(ErrorKind::bad_file, "the file of the web identity's token is empty").at("", path);
  return text->substr(0, end + 1);
}

}  // namespace

TokenService token_service(const LinkContext& context, const Profiles& profiles, const Settings& profile) {
  const std::string region = region_of(context.options, context.around, profile);
  const std::string endpoint = endpoint_of("sts", context.around, profiles, profile);
  return {endpoint.empty() ? amazon_url("sts", region) + "/" : endpoint, region};
}

S3Credentials assume_role(const LinkContext& context, const TokenService& service, const Role& role,
                          const S3Credentials& by) {
  const std::string body = encoded(form_for(context, "AssumeRole", role));
  Question question = question_for(service, body);
  question.secrets = {by.secret_access_key, by.session_token, role.external_id};
  sign(question.request, by, {service.region, "sts", context.around.now()});
  return in_context("role", role.arn, [&] { return answered(question, context, "AssumeRole"); });
}

S3Credentials assume_role_with_web_identity(const LinkContext& context, const TokenService& service, const Role& role,
                                            const std::string& token_file) {
  const std::string token = token_in(in_home(context.around, token_file));
  Form form = form_for(context, "AssumeRoleWithWebIdentity", role);
  form.emplace_back("WebIdentityToken", token);
  const std::string body = encoded(form);
  Question question = question_for(service, body);
  question.secrets = {token, percent_encoded(token)};
  return in_context("role", role.arn, [&] { return answered(question, context, "AssumeRoleWithWebIdentity"); });
}

}  // namespace okibi::s3
