// s3/session.h: requests to buckets: addressed, signed, sent, tried again, and their failures put into words.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <okibi/s3.h>

#include "s3/credentials.h"
#include "s3/http.h"

namespace okibi::s3 {

using Query = std::vector<std::pair<std::string, std::string>>;  // not yet encoded

// What is asked of an object (or of a bucket, where the key is empty).
struct Operation {
  std::string name;  // "PutObject", for messages
  std::string method = "GET";
  S3Uri where = {};
  Query query = {};
  Headers headers = {};
  std::span<const std::byte> body = {};
};

// One account's view of one store. Thread-safe. It holds the transport, the credentials, the regions of buckets that
// were found, the offset of the store's clock and the budget of retries, which all its requests share.
class Session {
 public:
  explicit Session(S3Options options);
  // For tests: with another transport, and pauses that take no time.
  Session(S3Options options, std::shared_ptr<Transport> transport, Surroundings surroundings,
          std::function<void(std::chrono::milliseconds)> pause);

  const S3Options& options() const noexcept { return options_; }

  // The answer of 2xx. Tried again as s3.h says; what cannot be healed is Error. `receive` may get the bytes of an answer
  // from their start again, when an attempt broke off: ranges that go on where they broke off are get_range's.
  Response call(const Operation& operation, const Transport::Receive& receive = {});

  // Bytes [offset, offset + into.size()) of the version `etag` of an object ("" for any), straight into `into`. A broken
  // answer goes on from its last byte. `arrived`, where given, sees the bytes in order, once each. An answer that is not
  // the range that was asked for is refused.
  void get_range(const S3Uri& where, const std::string& etag, uint64_t offset, std::span<std::byte> into,
                 const std::function<void(std::span<const std::byte>)>& arrived = {});

  std::string presign(const S3Uri& where, const std::string& method, std::chrono::seconds lapses_after);

 private:
  S3Options options_;
  // …
};

}  // namespace okibi::s3
