#include "s3/ask.h"

#include <fmt/format.h>

#include "s3/lent_key.h"
#include "s3/secrets.h"
#include "s3/urls.h"

namespace okibi::s3 {
namespace {

constexpr int attempts = 3;
constexpr std::chrono::milliseconds first_pause{200};

// STS says these with status 400.
bool says_to_wait(std::string_view body) {
  for (const std::string_view code :
       {"<Code>Throttling", "<Code>RequestLimitExceeded", "<Code>IDPCommunicationError"}) {
    if (body.find(code) != body.npos) return true;
  }
  return false;
}

bool may_pass(const Response& response) {
  if (response.status >= 500 || response.status == 429) return true;
  return response.status == 400 && says_to_wait(response.body);
}

std::string place_of(const Question& question) {
  const UrlParts url = split_url(question.request.url);
  return fmt::format("{}://{}", url.scheme, url.authority());  // the path and the query may be secret
}

Error no_answer(const Question& question, const TransportError& failure) {
  return Error(ErrorKind::io, fmt::format("{} does not answer: {}", question.service,
                                          printable(without_secrets(failure.what(), question.secrets), 300)))
      .at("", place_of(question));
}

void pause(const LinkContext& context, int attempt) {
  if (context.around.pause) context.around.pause(first_pause * (1 << attempt));
}

}  // namespace

Response ask(const Question& question, const LinkContext& context) {
  for (int attempt = 0;; ++attempt) {
    const bool is_last = attempt + 1 == attempts;
    try {
      Response response = context.around.transport->send(question.request, {}, context.options.stop);
      if (response.body.size() > max_answer)
        throw Error(ErrorKind::io, question.service + " says far more than a key takes").at("", place_of(question));
      if (is_last || !may_pass(response)) return response;
    } catch (const TransportError& failure) {
      if (is_last || failure.hope() == Hope::none) throw no_answer(question, failure);
    }
    pause(context, attempt);
  }
}

Error refusal(const Question& question, const Response& response, const std::string& code, const std::string& message,
              const std::string& request_id) {
  const auto clean = [&](const std::string& text) {
    return printable(without_secrets(text.substr(0, text.find('\n')), question.secrets), 300);
  };
  std::string sentence = fmt::format("{} refuses with status {}", question.service, response.status);
  if (!code.empty()) sentence += ", " + clean(code);
  if (!message.empty()) sentence += ": " + clean(message);
  if (!request_id.empty()) sentence += fmt::format(" (request {})", clean(request_id));
  return Error(response.status < 500 ? ErrorKind::no_permission : ErrorKind::io, std::move(sentence))
      .at("", place_of(question));
}

}  // namespace okibi::s3
