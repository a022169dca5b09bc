// Keys of a container's role, from the agent of ECS or of EKS's pod identities
// (docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/settings.h"
#include "s3/small_file.h"
#include "s3/urls.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view service_name = "the container's credentials endpoint";
constexpr std::chrono::milliseconds patience{5'000};  // an agent may have to ask on

bool is_loopback(std::string_view host) {
  in_addr address;
  const std::string text(host);
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost" || host == "[::1]";
}

bool is_agent(std::string_view host) {
  return host == "169.254.170.2" || host == "169.254.170.23" || host == "[fd00:ec2::23]";
}

// The authorization goes out in the open with http, so only to this machine and to the addresses of Amazon's agents.
void check_host(const std::string& url) {
  const UrlParts parts = split_url(url);
  if (parts.scheme == "https" || is_loopback(parts.host) || is_agent(parts.host)) return;
  throw Error(ErrorKind::bad_argument, "the credentials endpoint of the container is not one to trust over http")
      .expected("https, or http to 169.254.170.2, 169.254.170.23, [fd00:ec2::23] or this machine")
      .found(printable(parts.host, 100))
      .at("", "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

std::string endpoint_in(const LinkContext& context) {
  const std::string relative = variable(context.around, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty() && relative[0] != '/')
    throw Error(ErrorKind::bad_argument, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a /");
  if (!relative.empty()) return "http://169.254.170.2" + relative;
  const std::string whole = variable(context.around, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!whole.empty()) check_host(whole);
  return whole;
}

// Read each time: an agent renews the file.
std::string authorization_in(const LinkContext& context) {
  const std::string path = variable(context.around, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (path.empty()) return variable(context.around, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const auto text = read_small_file(path);
  if (!text) throw Error(ErrorKind::not_found, "the file of the container's authorization is not there").at("", path);
  return text->substr(0, text->find_last_not_of(" \r\n\t") + 1);
}

std::string checked_authorization(std::string authorization) {
  const bool plain = std::all_of(authorization.begin(), authorization.end(),
                                 [](char letter) { return letter >= ' ' && letter < 0x7f; });
  if (plain) return authorization;
  throw Error(ErrorKind::bad_argument, "the container's authorization token holds a character that HTTP forbids")
      .hint("Look at AWS_CONTAINER_AUTHORIZATION_TOKEN and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.");
}

Question question_for(const LinkContext& context, const std::string& url) {
  Question question;
  question.service = service_name;
  question.request.url = url;
  question.request.timeout = patience;
  question.request.past_proxies = split_url(url).scheme == "http";
  question.request.headers = {{"Accept", "application/json"}};
  const std::string authorization = checked_authorization(authorization_in(context));
  if (!authorization.empty()) question.request.headers.emplace_back("Authorization", authorization);
  question.secrets = {authorization};
  return question;
}

Error refused(const Question& question, const Response& response) {
  const nlohmann::json answer = nlohmann::json::parse(response.body, nullptr, false);
  if (!answer.is_object()) return refusal(question, response, "", "", "");
  return refusal(question, response, text_field(answer, "code"), text_field(answer, "message"), "");
}

}  // namespace

Found container_key(const LinkContext& context) {
  const std::string url = endpoint_in(context);
  if (url.empty())
    return {{}, "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set"};
  const Question question = question_for(context, url);
  const Response response = ask(question, context);
  if (response.status != 200) throw refused(question, response);
  return {key_of(json_object(response.body, service_name), KeyFields(), service_name), {}};
}

}  // namespace okibi::s3
