// s3/refreshing.h: a key that is fetched anew before it expires, by one thread for all.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "s3/credentials.h"

namespace okibi::s3 {

class RefreshingCredentials final : public CredentialsProvider {
 public:
  using Time = std::chrono::system_clock::time_point;

  RefreshingCredentials(std::function<S3Credentials()> fetch, std::function<Time()> now);

  std::optional<S3Credentials> get() override;
  void forget(const S3Credentials& refused) override;

 private:
  struct Outcome {
    std::optional<S3Credentials> key;
    std::optional<Error> failure;
  };

  bool is_good(Time now) const { return key_ && now < good_until_; }
  S3Credentials fetch(std::unique_lock<std::mutex>& lock);
  S3Credentials wait_for_other(std::unique_lock<std::mutex>& lock);
  S3Credentials settled() const;
  Outcome attempt() const;
  void keep(S3Credentials key);

  const std::function<S3Credentials()> fetch_;
  const std::function<Time()> now_;

  std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  uint64_t rounds_ = 0;  // fetches that ended
  std::optional<S3Credentials> key_;
  Time good_until_ = {}, ask_again_ = {};
  std::optional<Error> failure_;  // of the last fetch
};

}  // namespace okibi::s3
