// A world for the chain of credentials: variables, a home folder, a clock, and services that answer as a test says.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "io/scratch_folder.h"
#include "s3/body_text.h"
#include "s3/credentials.h"
#include "tensor/expect_error.h"

namespace okibi::s3::testing_help {

using okibi::testing_help::put;
using okibi::testing_help::ScratchFolder;

struct Sent {
  Request request;
  std::string body;  // the request's own is gone
};

class ScriptedTransport final : public Transport {
 public:
  std::function<Response(const Request&)> answer;  // by several threads at once

  Response send(const Request& request, const Receive&, const std::stop_token& stop) override {
    throw_if_stopped(stop);
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back({request, text_of(request.body)});
    }
    if (!answer) throw TransportError("no route to " + request.url);
    return answer(request);
  }
  std::vector<Sent> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;
};

using namespace std::chrono_literals;

struct World {
  std::map<std::string, std::string> variables;
  std::atomic<std::chrono::system_clock::time_point> now = {std::chrono::sys_days{2026y / 11 / 30} + 12h};
  ScriptedTransport transport;
  ScratchFolder home;
  std::vector<std::chrono::milliseconds> pauses;

  World() {
    variables["HOME"] = home.path("");
    std::filesystem::create_directories(home.path(".aws/sso/cache"));
  }

  void config(const std::string& text) const { put(home.path(".aws/config"), text); }
  void credentials(const std::string& text) const { put(home.path(".aws/credentials"), text); }

  Surroundings surroundings() {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            [this] { return now.load(); }, &transport,
            [this](std::chrono::milliseconds time) { pauses.push_back(time); }};
  }

  std::unique_ptr<CredentialsProvider> provider(const S3Options& options = {}) {
    return make_credentials(options, surroundings());
  }
  S3Credentials key(const S3Options& options = {}) { return provider(options)->get().value(); }
};

inline Response answer(int status, std::string body) { return {status, {}, std::move(body)}; }

// Everything that must never stand in an error.
inline const std::string secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
inline const std::string session = "FwoGZXIvYXdzEBYaDsession/token+==";
inline const std::string identity = "eyJhbGciOi.web-identity.token";
inline const std::string bearer = "aoaAAAAAsso.bearer.token";
inline const std::string authorization = "Basic-container-authorization";

inline void expect_no_secret(const Error& error) {
  for (const std::string& one : {secret, session, identity, bearer, authorization}) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr(one)));
    EXPECT_THAT(error.sentence(), testing::Not(testing::HasSubstr(one)));
  }
}

// For every error of these tests.
template <class Work>
void expect_error_without_secrets(ErrorKind kind, std::string_view words, Work&& work) {
  expect_error(kind, words, [&] {
    try {
      work();
    } catch (const Error& error) {
      expect_no_secret(error);
      throw;
    }
  });
}

inline std::string sent_header(const Request& request, std::string_view name) {
  const std::string* value = find_header(request.headers, name);
  return value == nullptr ? "(none)" : *value;
}

inline std::string key_in_json(const std::string& id, const std::string& expires = "2026-11-30T18:00:00Z") {
  return R"({"Code":"Success","AccessKeyId":")" + id + R"(","SecretAccessKey":")" + secret + R"(","Token":")" +
         session + R"(","Expiration":")" + expires + R"("})";
}

inline std::string key_in_xml(const std::string& action, const std::string& id) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><Credentials><AccessKeyId>" + id + "</AccessKeyId><SecretAccessKey>" + secret +
         "</SecretAccessKey><SessionToken>" + session +
         "</SessionToken><Expiration>2026-11-30T13:00:00Z</Expiration></Credentials></" + action + "Result></" +
         action + "Response>";
}

}  // namespace okibi::s3::testing_help
