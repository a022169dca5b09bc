#include "s3/attempts.h"

#include <algorithm>
#include <array>
#include <climits>
#include <iomanip>
#include <locale>
#include <sstream>

#include "s3/lent_key.h"
#include "s3/sign.h"
#include "s3/urls.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr milliseconds wrong_clock = std::chrono::minutes(5);  // S3 itself allows 15
constexpr size_t shortest_secret = 8;                          // in a URL: shorter values are words of every message
constexpr int patience_for_slow_work = 15;                     // times S3Options::stall_timeout

constexpr std::array<std::string_view, 4> stale_credentials = {"ExpiredToken", "ExpiredTokenException", "InvalidToken",
                                                               "TokenRefreshRequired"};

// "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110, 5.6.7).
std::optional<system_clock::time_point> time_in(const Headers& headers) {
  const std::string* text = find_header(headers, "date");
  if (text == nullptr) return std::nullopt;
  std::istringstream in(*text);
  in.imbue(std::locale::classic());
  std::tm parts = {};
  in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S");
  if (in.fail()) return std::nullopt;
  return at_second(std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts))));
}

// What the store may repeat in what it says. Of a URL the values in its query: a presigned one has its signature there.
std::vector<std::string> secrets_in(const Request& request, const std::string& token) {
  if (const std::string* header = find_header(request.headers, "authorization")) {
    return {token, *header, header->substr(header->rfind('=') + 1)};
  }
  std::vector<std::string> secrets;
  const std::string query(split_url(request.url).query);
  for (size_t at = 0; at < query.size();) {
    const std::string pair = query.substr(at, query.find('&', at) - at);
    at += pair.size() + 1;
    const std::string value = pair.substr(pair.find('=') + 1);
    if (value.size() >= shortest_secret) secrets.insert(secrets.end(), {value, url_decoded(value)});
  }
  return secrets;
}

bool has_checksum_of_body(const Request& request) {
  return request.method == "PUT" && find_header(request.headers, "x-amz-checksum-crc32") != nullptr;
}

bool is_elsewhere(int status) { return status == 301 || status == 307 || status == 308 || status == 400; }

}  // namespace

Attempts::Attempts(Session& session, const Operation& operation)
    : session_(session),
      operation_(operation),
      stop_(operation.stop.value_or(session.options().stop)),
      begun_(session.surroundings_.now()),
      region_(session.region_of(operation.where.bucket)) {}

void Attempts::add_common_headers(Request& request) const {
  const S3Options& options = session_.options();
  if (options.requester_pays) request.headers.emplace_back("x-amz-request-payer", "requester");
  if (!options.expected_bucket_owner.empty()) {
    request.headers.emplace_back("x-amz-expected-bucket-owner", options.expected_bucket_owner);
  }
}

// To hash a body that TLS or its own checksum covers would cost more than to send it.
void Attempts::sign_request(Request& request) {
  credentials_ = session_.credentials_->get();
  if (!credentials_) return;
  if (!request.body.empty() && (session_.addressing_.is_secure() || has_checksum_of_body(request))) {
    request.headers.emplace_back("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
  }
  sign(request, *credentials_, {.region = region_, .now = session_.now()});
}

Request Attempts::request(const Headers& headers) {
  Request request{.method = operation_.method, .headers = headers, .body = operation_.body};
  request.timeout = operation_.timeout;
  request.asks_first = attempts_ > 1;  // the store has refused it once
  if (operation_.slow) request.stall_timeout = session_.options().stall_timeout * patience_for_slow_work;
  if (!operation_.url.empty()) {
    request.url = operation_.url;
    return request;
  }
  request.url = session_.addressing_.url(operation_.where, operation_.query, region_, host_);
  add_common_headers(request);
  sign_request(request);
  return request;
}

Response Attempts::send(const Headers& headers, const Transport::Receive& receive) {
  ++attempts_;
  sent_ = request(headers);
  Response response = session_.transport_->send(sent_, receive, stop_);
  session_.has_answered_ = true;
  return response;
}

Course Attempts::course() const {
  const S3Credentials key = credentials_.value_or(S3Credentials());
  return {key.access_key_id, session_.addressing_.endpoint(), attempts_, secrets_in(sent_, key.session_token)};
}

void Attempts::progressed() {
  succeeded();
  failures_ = 0;
  begun_ = session_.surroundings_.now();
}

void Attempts::succeeded() { session_.budget_.succeeded(std::exchange(retries_, 0)); }

std::optional<Error> Attempts::after(const Response& response, const Fault& fault) {
  ++failures_;
  const bool passing = can_pass(response.status, fault.code);
  in_doubt_ |= passing || response.status >= 500;
  if (heal(response, fault)) return std::nullopt;
  Error error = error_in_words(operation_, response, fault, course());
  if (!passing || !may_try_again(INT_MAX)) return error;
  pause(error, pause_asked_for(response.headers).value_or(milliseconds(0)));
  return std::nullopt;
}

std::optional<Error> Attempts::after(const TransportError& broken) {
  ++failures_;
  in_doubt_ |= broken.hope() == Hope::good || broken.hope() == Hope::doubtful;
  Error error = error_in_words(operation_, broken, course());
  if (!may_try_again(attempts_worth(broken.hope()))) return error;
  pause(error, milliseconds(0));
  return std::nullopt;
}

int Attempts::attempts_worth(Hope hope) const {
  if (hope == Hope::none) return 1;
  const bool is_good = hope == Hope::good || (hope == Hope::doubtful && session_.has_answered_);
  return is_good ? INT_MAX : attempts_with_little_hope;
}

bool Attempts::may_try_again(int most_attempts) {
  const int allowed = operation_.max_attempts > 0 ? operation_.max_attempts : session_.options().max_attempts;
  return failures_ < std::min(allowed, most_attempts) && session_.budget_.pay_for_retry();
}

void Attempts::pause(const Error& why, milliseconds at_least) {
  ++retries_;
  const milliseconds duration = at_least + pause_after(failures_, session_.random());
  const auto waited = std::chrono::duration_cast<milliseconds>(session_.surroundings_.now() - begun_);
  if (const auto& tell = session_.options().on_retry) tell(why, waited + duration);
  session_.pause_(duration, stop_);
  throw_if_stopped(stop_);
}

bool Attempts::heal(const Response& response, const Fault& fault) {
  if (!operation_.url.empty()) return false;
  const bool healed = heal_address(response, fault) || heal_credentials(response, fault) || heal_clock(response, fault);
  failures_ -= healed ? 1 : 0;
  return healed;
}

// The bucket lies in another region, or a new one has not yet come to the name that all regions know.
bool Attempts::heal_address(const Response& response, const Fault& fault) {
  if (!is_elsewhere(response.status) || addresses_left_ == 0) return false;
  const bool other_region = is_region(fault.region) && fault.region != region_;
  if (other_region) session_.learn_region(operation_.where.bucket, region_ = fault.region);
  const bool other_host = response.status == 307 && go_to(find_header(response.headers, "location"));
  addresses_left_ -= other_region || other_host ? 1 : 0;
  return other_region || other_host;
}

// Amazon's own hosts may send to one another, nobody else to anywhere.
bool Attempts::go_to(const std::string* place) {
  if (place == nullptr || !session_.addressing_.is_amazon()) return false;
  const UrlParts parts = split_url(*place);
  if (!is_amazon_host(parts.host)) return false;
  host_ = parts.authority();
  return true;
}

// An answer to HEAD has no body that would name the trouble.
bool Attempts::heal_credentials(const Response& response, const Fault& fault) {
  const bool named = std::ranges::find(stale_credentials, fault.code) != stale_credentials.end();
  const bool is_lent = credentials_ && !credentials_->session_token.empty();
  const bool guessed = operation_.method == "HEAD" && response.status == 400 && is_lent;
  if ((!named && !guessed) || !credentials_ || credentials_left_ == 0) return false;
  --credentials_left_;
  session_.credentials_->forget(*credentials_);
  return true;
}

bool Attempts::heal_clock(const Response& response, const Fault& fault) {
  const bool named = fault.code == "RequestTimeTooSkewed";
  const bool guessed = operation_.method == "HEAD" && response.status == 403;
  const auto theirs = named || guessed ? time_in(response.headers) : std::nullopt;
  if (!theirs || clocks_left_ == 0) return false;
  const auto ahead = *theirs - session_.now();
  if (guessed && std::chrono::abs(ahead) < wrong_clock) return false;
  --clocks_left_;
  session_.clock_offset_ = session_.clock_offset_.load() + ahead;
  return true;
}

}  // namespace okibi::s3
