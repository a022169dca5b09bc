// Keys of a machine's role, from the metadata service of EC2, version 2
// (docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "s3/lent_key.h"
#include "s3/links.h"
#include "s3/settings.h"
#include "s3/sign.h"
#include "s3/urls.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view service_name = "the machine's metadata service";
constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";

// From 1; a variable that says something else is not obeyed.
int whole_number(const LinkContext& context, const std::string& name, int usual, int most) {
  const std::string text = variable(context.around, name);
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool good = failure == std::errc() && end == text.data() + text.size() && number >= 1 && number <= most;
  return good ? number : usual;
}

std::string address_of(const LinkContext& context) {
  std::string endpoint = variable(context.around, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (endpoint.empty()) {
    const std::string mode = variable(context.around, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    endpoint = mode == "IPv6" || mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  split_url(endpoint);  // is one
  return endpoint;
}

class MetadataService {
 public:
  explicit MetadataService(const LinkContext& context)
      : context_(context),
        address_(address_of(context)),
        patience_(whole_number(context, "AWS_METADATA_SERVICE_TIMEOUT", 1, 60)) {}

  const std::string& address() const { return address_; }

  // Nobody answers on most machines, and whoever waits for a key there must hear of it soon: one attempt of a second.
  std::optional<Response> knock() const {
    const int attempts = whole_number(context_, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, 10);
    Question question = question_for("/latest/api/token");
    question.request.method = "PUT";
    question.request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    for (int attempt = 0; attempt < attempts; ++attempt) {
      try {
        return context_.around.transport->send(question.request, {}, context_.options.stop);
      } catch (const TransportError&) {
        // Not there, which is an answer, too.
      }
    }
    return std::nullopt;
  }

  Response get(const std::string& path, const std::string& token) const {
    const Question question = question_with(path, token);
    Response response = ask(question, context_);
    if (response.status != 200 && response.status != 404) throw refusal(question, response, "", "", "");
    return response;
  }

 private:
  Question question_for(const std::string& path) const {
    Question question;
    question.service = service_name;
    question.request.url = address_ + path;
    question.request.timeout = patience_;
    question.request.past_proxies = true;
    return question;
  }

  Question question_with(const std::string& path, const std::string& token) const {
    Question question = question_for(path);
    question.request.headers = {{"x-aws-ec2-metadata-token", token}};
    question.secrets = {token};
    return question;
  }

  const LinkContext& context_;
  std::string address_;
  std::chrono::seconds patience_;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find_first_of("\r\n")); }

bool is_token(const std::string& text) {
  return !text.empty() && text.size() <= 4096 &&
         std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 0x7f; });
}

S3Credentials key_in(const std::string& body) {
  const nlohmann::json answer = json_object(body, service_name);
  const std::string code = text_field(answer, "Code");
  if (!code.empty() && code != "Success")
    throw Error(ErrorKind::no_permission,
                fmt::format("{} has no key of the role: {}", service_name, printable(code, 100)));
  return key_of(answer, KeyFields(), service_name);
}

Found key_with(const MetadataService& service, const std::string& token) {
  const Response roles = service.get(std::string(roles_path), token);
  const std::string role = first_line(roles.body);
  if (roles.status == 404 || role.empty()) return {{}, "the machine has no role"};
  const Response answer = service.get(std::string(roles_path) + percent_encoded(role), token);
  if (answer.status == 404) return {{}, "the metadata service knows no key of the machine's role"};
  return {in_context("role", printable(role, 100), [&] { return key_in(answer.body); }), {}};
}

}  // namespace

Found instance_key(const LinkContext& context) {
  if (is_true(variable(context.around, "AWS_EC2_METADATA_DISABLED"))) return {{}, "AWS_EC2_METADATA_DISABLED is true"};
  const MetadataService service(context);
  const std::optional<Response> token = service.knock();
  if (!token) return {{}, fmt::format("no metadata service answers at {}", printable(service.address(), 200))};
  if (token->status != 200 || !is_token(token->body)) {
    return {{},
            fmt::format("what answers at {} is no metadata service of version 2 (status {})",
                        printable(service.address(), 200), token->status)};
  }
  return key_with(service, token->body);
}

}  // namespace okibi::s3
