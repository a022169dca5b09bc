// s3/attempts.h: one operation on its way through its attempts: what is sent each time, and what follows on a failure.
#pragma once

#include "s3/errors_in_words.h"
#include "s3/session.h"

namespace okibi::s3 {

class Attempts {
 public:
  Attempts(Session& session, const Operation& operation);

  // One attempt: addressed, signed with the key that is good now, sent. Throws TransportError. `headers` are those of
  // the operation, or what became of them.
  Response send(const Headers& headers, const Transport::Receive& receive);

  // What follows on an attempt that failed. nullopt: it is worth another one, what could be healed is healed, and the
  // pause is over. Otherwise the operation has failed.
  std::optional<Error> after(const Response& response, const Fault& fault);
  std::optional<Error> after(const TransportError& broken);

  void progressed();  // a part of what was asked for has come: the attempts are counted anew
  void succeeded();
  bool in_doubt() const noexcept { return in_doubt_; }

 private:
  static constexpr int most_cures = 2;  // of one kind: a second one where the first was led astray

  Request request(const Headers& headers);
  void add_common_headers(Request& request) const;
  void sign_request(Request& request);
  Course course() const;

  bool heal(const Response& response, const Fault& fault);
  bool heal_address(const Response& response, const Fault& fault);
  bool go_to(const std::string* place);
  bool heal_credentials(const Response& response, const Fault& fault);
  bool heal_clock(const Response& response, const Fault& fault);

  bool may_try_again(int most_attempts);
  int attempts_worth(Hope hope) const;
  void pause(const Error& why, std::chrono::milliseconds at_least);

  Session& session_;
  const Operation& operation_;
  const std::stop_token stop_;
  std::chrono::system_clock::time_point begun_;  // since when someone waits
  std::string region_, host_;
  Request sent_;                              // the last one
  std::optional<S3Credentials> credentials_;  // of the last attempt
  int attempts_ = 0, failures_ = 0, retries_ = 0;
  bool in_doubt_ = false;
  int addresses_left_ = most_cures, credentials_left_ = most_cures, clocks_left_ = most_cures;
};

}  // namespace okibi::s3
