#include "s3/refreshing.h"

namespace okibi::s3 {
namespace {

constexpr std::chrono::minutes early{5};
// Between two attempts while the old key still does; and how long a key is used that came lapsed: a machine whose clock
// is wrong has no others, and the store has the last word.
constexpr std::chrono::minutes pause{1};

bool same(const S3Credentials& a, const S3Credentials& b) {
  return a.access_key_id == b.access_key_id && a.secret_access_key == b.secret_access_key &&
         a.session_token == b.session_token;
}

}  // namespace

RefreshingCredentials::RefreshingCredentials(std::function<S3Credentials()> fetch, std::function<Time()> now)
    : fetch_(std::move(fetch)), now_(std::move(now)) {}

std::optional<S3Credentials> RefreshingCredentials::get() {
  std::unique_lock lock(mutex_);
  const Time now = now_();
  if (is_good(now) && (fetching_ || now < ask_again_)) return key_;
  return fetching_ ? wait_for_other(lock) : fetch(lock);
}

void RefreshingCredentials::forget(const S3Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (key_ && same(*key_, refused)) key_.reset();
}

S3Credentials RefreshingCredentials::fetch(std::unique_lock<std::mutex>& lock) {
  fetching_ = true;
  lock.unlock();
  Outcome outcome = attempt();
  lock.lock();
  fetching_ = false;
  ++rounds_;
  failure_ = std::move(outcome.failure);
  if (outcome.key) keep(*std::move(outcome.key));
  if (failure_) ask_again_ = now_() + pause;
  fetched_.notify_all();
  return settled();
}

S3Credentials RefreshingCredentials::wait_for_other(std::unique_lock<std::mutex>& lock) {
  fetched_.wait(lock, [&, round = rounds_] { return rounds_ != round; });
  return settled();
}

// After a fetch: its key, or the old one while that does. Each thread throws a copy of its own, to which callers add.
S3Credentials RefreshingCredentials::settled() const {
  if (is_good(now_())) return *key_;
  if (failure_) throw Error(*failure_);
  throw Error(ErrorKind::no_permission, "the store refused the key that was fetched just now");
}

RefreshingCredentials::Outcome RefreshingCredentials::attempt() const {
  try {
    return {fetch_(), {}};
  } catch (const Error& error) {
    return {{}, error};
  } catch (const std::exception& error) {
    return {{}, Error(ErrorKind::internal, "credentials cannot be fetched: " + printable(error.what(), 300))};
  }
}

void RefreshingCredentials::keep(S3Credentials key) {
  const Time now = now_();
  if (!key.expires) {
    good_until_ = ask_again_ = Time::max();
  } else if (*key.expires <= now) {
    good_until_ = ask_again_ = now + pause;
  } else {
    good_until_ = *key.expires;
    const Time in_time = *key.expires - early;
    ask_again_ = in_time > now ? in_time : std::min(now + pause, *key.expires);
  }
  key_ = std::move(key);
}

}  // namespace okibi::s3
