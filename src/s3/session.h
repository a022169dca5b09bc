// s3/session.h: requests to buckets: addressed, signed, sent, tried again, and their failures put into words.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include <okibi/s3.h>

#include "s3/addressing.h"
#include "s3/credentials.h"
#include "s3/http.h"
#include "s3/retry.h"

namespace okibi::s3 {

// What is asked of an object (or of a bucket, where the key is empty).
struct Operation {
  std::string name = {};  // "PutObject", for messages
  std::string method = "GET";
  S3Uri where = {};
  std::string url = {};  // instead of `where`: a URL, which is sent as it stands and unsigned
  Query query = {};
  Headers headers = {};
  Body body = {};
  // The store works long before it answers, and may find an error after it has said 200: completing uploads, copying.
  bool slow = false;
  int max_attempts = 0;                                   // instead of S3Options::max_attempts
  std::optional<std::chrono::milliseconds> timeout = {};  // of an attempt, from its start to its end
  std::optional<std::stop_token> stop = {};               // instead of S3Options::stop
};

// What a store says about a failure. All of it is the store's text.
struct Fault {
  std::string code = {}, message = {}, request_id = {}, region = {};
};

// How an operation ended. `error` is there where it failed, for good. `in_doubt`: some attempt ended without an answer,
// or with one of 5xx, so that the store may have carried it out all the same.
struct Reply {
  Response response = {};
  Fault fault = {};
  std::optional<Error> error = {};
  bool in_doubt = false;
};

// Of an object, to tell it from what stands there later.
struct Version {
  uint64_t size = 0;
  std::string etag = {};   // "" where the server gives none that holds for every byte
  std::string signs = {};  // then: what else tells versions apart, as far as the server gives it
};

struct Tail {
  Version version;
  std::vector<std::byte> bytes;
};

constexpr uint64_t most_kept = uint64_t{64} << 20;  // of a file that a server without ranges sends whole

class Attempts;

// One account's view of one store. Thread-safe. It holds the transport, the credentials, the regions of buckets that
// were found, the offset of the store's clock and the budget of retries, which all its requests share.
class Session {
 public:
  // A pause between two attempts; tests pause no time.
  using Pause = std::function<void(std::chrono::milliseconds, const std::stop_token&)>;

  explicit Session(S3Options options);
  Session(S3Options options, std::shared_ptr<Transport> transport, Surroundings surroundings, Pause pause);

  const S3Options& options() const noexcept { return options_; }

  // The answer of 2xx. Tried again as s3.h says; what cannot be healed is Error. `receive` sees the bytes of an answer
  // from their start again (after a call with none) when an attempt broke off: to go on there is get_range's.
  Response call(const Operation& operation, const Transport::Receive& receive = {});

  // The same for those who must know how it failed. Throws only what `receive` throws, Error(cancelled), and Errors of
  // finding an address or a key to sign with.
  Reply try_call(const Operation& operation, const Transport::Receive& receive = {});

  // Bytes [offset, offset + length) of one version of what `get` gets; length > 0. A broken answer goes on from its
  // last byte; `take` gets every byte once, in order. An answer that is not the range that was asked for is refused; so
  // is a whole object, unless that is what was asked for. Another version is Error(mismatch).
  using Take = std::function<void(std::span<const std::byte>)>;
  void get_range(const Operation& get, const Version& version, uint64_t offset, uint64_t length, const Take& take);

  // The last `most` bytes, or all of an object that has fewer, and which version that was. A server that does not know
  // ranges sends the whole object: that is kept where it has no more than most_kept bytes, and refused otherwise
  // (Error(unsupported)).
  Tail get_tail(const Operation& get, uint64_t most);

  void pause(std::chrono::milliseconds duration) { pause_(duration, {}); }

  std::string presign(const S3Uri& where, const std::string& method, std::chrono::seconds lapses_after);

 private:
  friend class Attempts;
  struct RealWorld;

  explicit Session(RealWorld world);

  std::string region_of(const std::string& bucket) const;
  void learn_region(const std::string& bucket, const std::string& region);
  std::chrono::system_clock::time_point now() const;
  double random();

  S3Options options_;
  std::shared_ptr<Transport> transport_;
  Surroundings surroundings_;
  Addressing addressing_;
  Pause pause_;
  std::unique_ptr<CredentialsProvider> credentials_;
  RetryBudget budget_;
  std::atomic<bool> has_answered_ = false;                           // whether there was ever an answer of HTTP
  std::atomic<std::chrono::system_clock::duration> clock_offset_{};  // of the store's clock before ours
  mutable std::mutex mutex_;                                         // guards what follows
  std::map<std::string, std::string> regions_;                       // of buckets, where they are not options_.region
  std::mt19937_64 dice_;
};

}  // namespace okibi::s3
