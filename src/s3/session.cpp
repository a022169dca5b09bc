#include "s3/session.h"

#include <condition_variable>

#include "s3/attempts.h"
#include "s3/sign.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

constexpr std::string_view usual_region = "us-east-1";
constexpr int most_concurrency = 1024;

void require(bool holds, const char* option, std::string_view expected, int64_t found) {
  if (holds) return;
  throw Error(ErrorKind::bad_argument, "an option of S3 makes no sense")
      .expected(expected)
      .found(std::to_string(found))
      .at("option", option);
}

S3Options checked(S3Options options) {
  if (options.region.empty()) options.region = usual_region;
  if (!is_region(options.region)) {
    throw Error(ErrorKind::bad_argument, "is no name of a region")
        .expected("one such as eu-west-1")
        .at("region", printable(options.region, 100));
  }
  require(options.part_size > 0, "part_size", "at least 1", 0);
  require(options.max_concurrency > 0 && options.max_concurrency <= most_concurrency, "max_concurrency", "1 to 1024",
          options.max_concurrency);
  require(options.max_attempts > 0, "max_attempts", "at least 1", options.max_attempts);
  require(options.stall_timeout.count() > 0, "stall_timeout", "more than 0 ms", options.stall_timeout.count());
  require(options.connect_timeout.count() > 0, "connect_timeout", "more than 0 ms", options.connect_timeout.count());
  return options;
}

TransportOptions transport_options(const S3Options& options) {
  return {options.connect_timeout, options.stall_timeout, options.ca_file};
}

void pause_for(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, duration, [] { return false; });
}

bool is_success(int status) { return status >= 200 && status < 300; }

// S3 says 200 before it begins slow work, and sends blanks while it lasts: how it ended stands in the body alone.
bool has_failed(const Operation& operation, const Response& response) {
  if (!is_success(response.status)) return true;
  if (!operation.slow) return false;
  const auto xml = Xml::parse(response.body);
  if (!xml) throw TransportError("the answer ended before it said how the work ended");
  return xml->name() == "Error";
}

}  // namespace

// What a Session of the real world is made of, in this order: the transport needs to know the authorities.
struct Session::RealWorld {
  explicit RealWorld(S3Options given)
      : options(with_surroundings(std::move(given), real_surroundings())),
        transport(make_curl_transport(transport_options(checked(options)))),
        surroundings(real_surroundings(*transport)) {}

  S3Options options;
  std::shared_ptr<Transport> transport;
  Surroundings surroundings;
};

Session::Session(RealWorld world)
    : Session(std::move(world.options), std::move(world.transport), std::move(world.surroundings), pause_for) {}

Session::Session(S3Options options) : Session(RealWorld(std::move(options))) {}

Session::Session(S3Options options, std::shared_ptr<Transport> transport, Surroundings surroundings, Pause pause)
    : options_(checked(std::move(options))),
      transport_(std::move(transport)),
      surroundings_(std::move(surroundings)),
      addressing_(options_),
      pause_(std::move(pause)),
      credentials_(make_credentials(options_, surroundings_)),
      dice_(std::random_device()()) {}

std::string Session::region_of(const std::string& bucket) const {
  const std::lock_guard lock(mutex_);
  const auto found = regions_.find(bucket);
  return found != regions_.end() ? found->second : options_.region;
}

void Session::learn_region(const std::string& bucket, const std::string& region) {
  const std::lock_guard lock(mutex_);
  regions_[bucket] = region;
}

std::chrono::system_clock::time_point Session::now() const { return surroundings_.now() + clock_offset_.load(); }

double Session::random() {
  const std::lock_guard lock(mutex_);
  return std::uniform_real_distribution<double>(0, 1)(dice_);
}

Reply Session::try_call(const Operation& operation, const Transport::Receive& receive) {
  Attempts attempts(*this, operation);
  for (;;) {
    Reply reply;
    try {
      reply.response = attempts.send(operation.headers, receive);
      if (has_failed(operation, reply.response)) {
        reply.fault = fault_in(reply.response);
        reply.error = attempts.after(reply.response, reply.fault);
        if (!reply.error) continue;
      } else {
        attempts.succeeded();
      }
    } catch (const TransportError& broken) {
      reply.error = attempts.after(broken);
      if (!reply.error) continue;
    }
    reply.in_doubt = attempts.in_doubt();
    return reply;
  }
}

Response Session::call(const Operation& operation, const Transport::Receive& receive) {
  Reply reply = try_call(operation, receive);
  if (reply.error) throw *std::move(reply.error);
  return std::move(reply.response);
}

std::string Session::presign(const S3Uri& where, const std::string& method, std::chrono::seconds lapses_after) {
  const auto credentials = credentials_->get();
  if (!credentials) {
    throw Error(ErrorKind::bad_argument, "a URL cannot be signed without a key").hint("Leave unsigned_requests off.");
  }
  const std::string region = region_of(where.bucket);
  return presigned_url(method, addressing_.url(where, {}, region), *credentials, {.region = region, .now = now()},
                       lapses_after);
}

}  // namespace okibi::s3
