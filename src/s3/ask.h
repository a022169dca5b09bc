// s3/ask.h: one question to a service that lends keys.
#pragma once

#include <string>
#include <vector>

#include "s3/credentials.h"
#include "s3/http.h"

namespace okibi::s3 {

// What every link of the chain works with.
struct LinkContext {
  S3Options options;
  Surroundings around;
};

struct Question {
  Request request;
  std::string service;               // for messages: "the token service (STS)"
  std::vector<std::string> secrets;  // that were sent, and must not come back in a message
};

constexpr std::chrono::seconds usual_patience{30};  // of services on the internet; nobody waits longer for one answer

// The answer, whatever its status. What may pass (no connection, 500 and above, 429, and codes of STS that say so) is
// tried three times. Error(io) when nothing answers, or with more than max_answer bytes.
Response ask(const Question& question, const LinkContext& context);

// The Error for an answer that is not 200. What the service said is cut to its first line, and has no secret in it.
Error refusal(const Question& question, const Response& response, const std::string& code, const std::string& message,
              const std::string& request_id);

}  // namespace okibi::s3
