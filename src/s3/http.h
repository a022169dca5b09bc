// s3/http.h: one HTTP exchange. What S3 means stands above it; how bytes travel (libcurl) stands behind it, so that
// tests answer in its place.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <okibi/base.h>

#include "s3/body.h"

namespace okibi::s3 {

// In their order; names in any case.
using Headers = std::vector<std::pair<std::string, std::string>>;

const std::string* find_header(const Headers& headers, std::string_view name) noexcept;  // nullptr: none

struct Request {
  std::string method = "GET";
  std::string url = {};  // whole, percent-encoded; sent as it stands ("..", "//" and all)
  Headers headers = {};  // beside Host and Content-Length, which the transport adds
  Body body = {};        // lives as long as the exchange
  // The whole exchange may take so long at most, connecting included: TransportError after it. For services that answer
  // at once or are not there (a machine's metadata).
  std::optional<std::chrono::milliseconds> timeout = {};
  std::optional<std::chrono::milliseconds> stall_timeout = {};  // instead of the transport's: the server works long
  // A large body only goes once the server has said that it wants it ("Expect: 100-continue"). That costs a round trip.
  bool asks_first = false;
  bool past_proxies = false;  // HTTP_PROXY is not for hosts on this machine's own link, which no proxy reaches
};

struct Response {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // of answers of 300 and above, and of all where nobody receives; at most max_body bytes
};

constexpr size_t max_body = size_t{8} << 20;  // a listing has 1000 keys a page, of at most 1024 bytes, percent-encoded

// Whether another attempt may succeed where one failed.
enum class Hope : uint8_t {
  good,      // a reset, a stall, a body that ended early
  doubtful,  // nobody listens here, or what does speaks something else: good once the server has answered, else little
  little,    // a host's name that is not known: the network may just have come up, but more likely the name is wrong
  none,      // a certificate that is not trusted, a URL that is none
};

// The exchange failed below HTTP.
class TransportError : public std::exception {
 public:
  explicit TransportError(std::string what, Hope hope = Hope::good) : what_(std::move(what)), hope_(hope) {}
  const char* what() const noexcept override { return what_.c_str(); }
  Hope hope() const noexcept { return hope_; }

 private:
  std::string what_;
  Hope hope_;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // The bytes of a 2xx answer, in order, as they come. First it is called with none, when status and headers are known,
  // so that it can refuse what it does not want. What it throws ends the exchange and is thrown on.
  using Receive = std::function<void(const Response& head, std::span<const std::byte> part)>;

  // Sends and waits for the whole answer, whatever its status; redirects are answers, too. Throws TransportError, or
  // Error(cancelled) soon after `stop` was asked for. Called by many threads at once; connections are kept and reused.
  virtual Response send(const Request& request, const Receive& receive = {}, const std::stop_token& stop = {}) = 0;
};

struct TransportOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{20'000};
  std::string ca_file = {};
};

std::unique_ptr<Transport> make_curl_transport(TransportOptions options = {});

}  // namespace okibi::s3
