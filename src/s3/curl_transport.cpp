// HTTP by libcurl: a pool of connections that stay open, each with the handle that drives it.
#include <curl/curl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <mutex>

#include "s3/http.h"
#include "s3/urls.h"

namespace okibi::s3 {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr long receive_buffer = 512 << 10;  // curl's own 16 KiB cost half as much time again
constexpr long send_buffer = 512 << 10;
constexpr long small_buffer = 32 << 10;  // for short answers to long requests
constexpr size_t most_header_bytes = size_t{256} << 10;
constexpr size_t most_error_body = size_t{1} << 20;  // of an answer that says what went wrong: the rest is not read
constexpr size_t large_body = size_t{1} << 20;       // worth to ask first
constexpr milliseconds longest_wait_for_100{500};
constexpr milliseconds longest_poll{1000};

void start_curl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK)
    throw Error(ErrorKind::internal, "libcurl cannot be started").found(curl_easy_strerror(result));
}

struct CloseMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct CloseEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// A handle and the connections that it keeps. The multi handle is there because it can be woken: curl_easy_perform
// looks up from its sleep once a second only.
struct Line {
  std::unique_ptr<CURLM, CloseMulti> multi{curl_multi_init()};
  std::unique_ptr<CURL, CloseEasy> easy{curl_easy_init()};
};

// Lines that are not in use. The last one that came back is the first to go: its connection is the most likely to live.
class Pool {
 public:
  Line take() {
    const std::lock_guard lock(mutex_);
    leave_to_the_parent();
    if (idle_.empty()) return {};
    Line line = std::move(idle_.back());
    idle_.pop_back();
    return line;
  }
  void give_back(Line line) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(line));
  }

 private:
  // A forked child shares the sockets of its parent: to use or to close one would cut into the parent's talk.
  void leave_to_the_parent() {
    if (process_ == getpid()) return;
    process_ = getpid();
    for (Line& line : idle_) static_cast<void>(line.easy.release()), static_cast<void>(line.multi.release());
    idle_.clear();
  }

  std::mutex mutex_;
  pid_t process_ = getpid();
  std::vector<Line> idle_;
};

// A line that goes back to its pool.
class Lease {
 public:
  explicit Lease(Pool& pool) : pool_(pool), line_(pool.take()) {
    if (!line_.easy || !line_.multi) throw Error(ErrorKind::internal, "libcurl gives no handle: memory is full");
  }
  ~Lease() {
    curl_easy_reset(line_.easy.get());  // it forgets all that the exchange lent it; the connection stays
    pool_.give_back(std::move(line_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Line& line() { return line_; }

 private:
  Pool& pool_;
  Line line_;
};

// A transfer that curl runs for as long as this lives.
class Running {
 public:
  explicit Running(Line& line) : line_(line) { curl_multi_add_handle(line.multi.get(), line.easy.get()); }
  ~Running() { curl_multi_remove_handle(line_.multi.get(), line_.easy.get()); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Line& line_;
};

// Ends a transfer in which nothing has moved for too long, and one that trickles, which would else go on for ever.
// curl's own watch knows whole seconds only.
class StallWatch {
 public:
  explicit StallWatch(milliseconds limit) : limit_(limit) {}

  // `opened`: sockets that were opened for this transfer.
  void look_at(CURL* easy, std::span<const curl_socket_t> opened) {
    const auto now = Clock::now();
    const curl_off_t moved = moved_by(easy, opened);
    if (moved != moved_) moved_ = moved, since_ = now;
    if (moved >= mark_ + worthy_progress || moved < mark_) mark_ = moved, marked_ = now;
    if (now - since_ >= limit_) throw TransportError(fmt::format("nothing moved for {} ms", limit_.count()));
    if (now - marked_ < patience_with_trickles * limit_) return;
    throw TransportError(fmt::format("only {} bytes came or went in {} ms", moved - mark_,
                                     std::chrono::duration_cast<milliseconds>(now - marked_).count()));
  }

 private:
  static constexpr curl_off_t worthy_progress = 16 << 10;
  static constexpr int patience_with_trickles = 3;

  static curl_off_t moved_by(CURL* easy, std::span<const curl_socket_t> opened) {
    curl_off_t down = 0, up = 0;
    long head = 0;
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head);
    return down + head + (up > 0 ? up - waiting_to_leave(easy, opened) : 0);
  }

  // What was sent lies in the socket until the other side has taken it: megabytes, for minutes on a slow line.
  // curl tells of a socket that it took over from an earlier transfer, but not of one that is new.
  static curl_off_t waiting_to_leave(CURL* easy, std::span<const curl_socket_t> opened) {
    curl_socket_t kept = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &kept);
    int most = waiting_in(kept);
    for (const curl_socket_t socket : opened) most = std::max(most, waiting_in(socket));
    return most;
  }
  static int waiting_in(curl_socket_t socket) {
    int waiting = 0;
    return socket != CURL_SOCKET_BAD && ::ioctl(socket, SIOCOUTQ, &waiting) == 0 ? waiting : 0;
  }

  milliseconds limit_;
  Clock::time_point since_ = Clock::now(), marked_ = since_;
  curl_off_t moved_ = 0, mark_ = 0;
};

// "HTTP/1.1 206 Partial Content" → 206.
int status_in(std::string_view line) {
  const size_t blank = line.find(' ');
  int status = 0;
  if (blank != line.npos) std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
  return status;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

bool holds_one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != text.npos; });
}

// What TLS libraries say where the server's first bytes are none of TLS; or it waits for a line of text to end.
constexpr std::array<std::string_view, 5> words_of_no_tls = {"wrong version number", "packet length too long",
                                                             "http request", "unexpected TLS packet",
                                                             "SSL connection timeout"};

bool is_no_tls(CURLcode code, std::string_view words) {
  const bool is_of_tls = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_OPERATION_TIMEDOUT;
  return is_of_tls && holds_one_of(words, words_of_no_tls);
}

// Such as "\x15\x03\x01", an alert of TLS: curl takes it for HTTP/0.9.
bool is_no_http(CURLcode code) { return code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY; }

// Where no network lies between, a port that is closed seldom opens in the next seconds.
bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]";
}

Hope hope_after(CURLcode code) {
  switch (code) {
    case CURLE_GOT_NOTHING:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Hope::doubtful;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Hope::little;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
      return Hope::none;
    default:
      return Hope::good;
  }
}

std::string_view advice_after(CURLcode code, std::string_view words) {
  if (is_no_tls(code, words)) return "; is TLS spoken there? The address may have to begin with http://";
  if (is_no_http(code)) return "; is HTTP spoken there? The address may have to begin with https://";
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return "; where an authority of your own signed it, give its certificate as AWS_CA_BUNDLE or S3Options::ca_file";
  }
  if (code == CURLE_SSL_CACERT_BADFILE) return "; look at AWS_CA_BUNDLE, or at S3Options::ca_file";
  return "";
}

// One request and its answer.
class Exchange {
 public:
  Exchange(const Request& request, const Transport::Receive& receive, const std::stop_token& stop)
      : request_(request), receive_(receive), stop_(stop) {}

  Response over(Line& line, const TransportOptions& options) {
    set_up(line.easy.get(), options);
    const CURLcode code = run(line, request_.stall_timeout.value_or(options.stall_timeout));
    if (thrown_) std::rethrow_exception(thrown_);
    if (code != CURLE_OK && !has_enough_) throw failure(code);
    return std::move(response_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (code != CURLE_OK) throw Error(ErrorKind::internal, "libcurl refuses an option").found(curl_easy_strerror(code));
  }

  void set_up(CURL* easy, const TransportOptions& options);
  void set_times(const TransportOptions& options);
  void set_callbacks();
  void set_method();
  void set_headers();
  void add_header(const std::string& line);
  CURLcode run(Line& line, milliseconds stall_timeout);
  TransportError failure(CURLcode code) const;
  bool is_refused_here(CURLcode code) const;

  void on_header(std::string_view line);
  void on_head_end();
  void on_body(std::span<const std::byte> part);

  // What curl calls. Nothing may be thrown through C: it is kept, and thrown on when curl has returned.
  template <class Work>
  size_t guarded(size_t good, Work&& work) noexcept {
    try {
      work();
      return has_enough_ ? CURL_WRITEFUNC_ERROR : good;
    } catch (...) {
      thrown_ = std::current_exception();
      return CURL_WRITEFUNC_ERROR;
    }
  }
  static size_t header_came(char* data, size_t, size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.guarded(size, [&] { exchange.on_header({data, size}); });
  }
  static size_t body_came(char* data, size_t, size_t size, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.guarded(size, [&] { exchange.on_body(as_bytes(std::string_view(data, size))); });
  }
  static size_t body_wanted(char* into, size_t, size_t room, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const size_t size = exchange.request_.body.copy(exchange.sent_, {reinterpret_cast<std::byte*>(into), room});
    exchange.sent_ += size;
    return size;
  }
  // curl sends a request again by itself when a connection that was kept is found closed. Then nobody would know that
  // the server may have had it before: only what changes nothing may go so.
  static int request_starts(void* self, char*, char*, int, int) {
    auto& exchange = *static_cast<Exchange*>(self);
    return exchange.starts_++ == 0 || exchange.changes_nothing() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }
  static int socket_opened(void* self, curl_socket_t socket, curlsocktype) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.guarded(0, [&] { exchange.opened_.push_back(socket); });
    return CURL_SOCKOPT_OK;
  }
  bool changes_nothing() const { return request_.method == "GET" || request_.method == "HEAD"; }
  static int body_rewound(void* self, curl_off_t offset, int origin) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > exchange.request_.body.size())
      return CURL_SEEKFUNC_FAIL;
    exchange.sent_ = static_cast<size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

  const Request& request_;
  const Transport::Receive& receive_;
  const std::stop_token& stop_;
  CURL* easy_ = nullptr;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::array<char, CURL_ERROR_SIZE> words_ = {};
  std::vector<curl_socket_t> opened_;  // sockets
  size_t sent_ = 0;                    // of the body
  int starts_ = 0;
  Response response_;
  size_t header_bytes_ = 0;
  bool head_is_whole_ = false;
  bool has_enough_ = false;  // the rest of the answer is not wanted
  std::exception_ptr thrown_;
};

void Exchange::set_up(CURL* easy, const TransportOptions& options) {
  easy_ = easy;
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);  // a large store has many front doors
  // Refused while the handle holds a buffer, as after a name that was not resolved: then it keeps the size it has.
  static_cast<void>(curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, request_.body.empty() ? receive_buffer : small_buffer));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's answer is not the store's
  if (request_.past_proxies) set(CURLOPT_PROXY, "");
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set_times(options);
  set_callbacks();
  set_method();
  set_headers();
}

void Exchange::set_times(const TransportOptions& options) {
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  if (request_.timeout)
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(milliseconds(1), *request_.timeout).count()));
  set(CURLOPT_EXPECT_100_TIMEOUT_MS, static_cast<long>(longest_wait_for_100.count()));
}

void Exchange::set_callbacks() {
  set(CURLOPT_PREREQFUNCTION, &request_starts);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_SOCKOPTFUNCTION, &socket_opened);
  set(CURLOPT_SOCKOPTDATA, this);
  set(CURLOPT_HEADERFUNCTION, &header_came);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &body_came);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_READFUNCTION, &body_wanted);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, &body_rewound);
  set(CURLOPT_SEEKDATA, this);
}

void Exchange::set_method() {
  const std::string& method = request_.method;
  if (method == "HEAD") return set(CURLOPT_NOBODY, 1L);
  if (method == "PUT" || method == "POST" || !request_.body.empty()) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    if (request_.body.size() > size_t{64} << 10) set(CURLOPT_UPLOAD_BUFFERSIZE, send_buffer);
  }
  set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

void Exchange::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(headers_.release());
  headers_.reset(longer);
}

void Exchange::set_headers() {
  const std::string agent = fmt::format("okibi/{}", version());
  if (find_header(request_.headers, "user-agent") == nullptr) set(CURLOPT_USERAGENT, agent.c_str());
  for (const auto& [name, value] : request_.headers) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw Error(ErrorKind::bad_argument, "a header of HTTP cannot have a line break in it")
          .at("header", printable(name));
    }
    add_header(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!request_.asks_first || request_.body.size() < large_body) add_header("Expect:");
  set(CURLOPT_HTTPHEADER, headers_.get());
}

CURLcode Exchange::run(Line& line, milliseconds stall_timeout) {
  CURLM* const multi = line.multi.get();
  const milliseconds poll = std::clamp(stall_timeout / 4, milliseconds(1), longest_poll);
  const Running running(line);
  const std::stop_callback wake(stop_, [multi] { curl_multi_wakeup(multi); });
  StallWatch stalls(stall_timeout);
  for (int left = 1; curl_multi_perform(multi, &left) == CURLM_OK && left > 0;) {
    throw_if_stopped(stop_);
    stalls.look_at(easy_, opened_);
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(poll.count()), nullptr);
  }
  int more = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &more);
  return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
}

TransportError Exchange::failure(CURLcode code) const {
  if (code == CURLE_ABORTED_BY_CALLBACK) return TransportError("the connection was closed before an answer came");
  if (code == CURLE_OUT_OF_MEMORY) return TransportError("a line of the answer's head is too long, or memory is full");
  const std::string_view own_words = words_.data();
  const std::string_view words = own_words.empty() ? curl_easy_strerror(code) : own_words;
  const bool is_doubtful = is_no_tls(code, words) || is_refused_here(code);
  return TransportError(fmt::format("{}{}", printable(words, 300), advice_after(code, words)),
                        is_doubtful ? Hope::doubtful : hope_after(code));
}

bool Exchange::is_refused_here(CURLcode code) const {
  long error = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error);
  return code == CURLE_COULDNT_CONNECT && error == ECONNREFUSED && is_this_machine(split_url(request_.url).host);
}

// curl gives the lines of every head: those of "100 Continue" before the answer's own, and trailers after its body.
void Exchange::on_header(std::string_view line) {
  header_bytes_ += line.size();  // curl keeps trailers, too
  if (header_bytes_ > most_header_bytes) throw TransportError("the answer's headers have no end");
  if (head_is_whole_) return;
  if (line.starts_with("HTTP/")) {
    response_ = {.status = status_in(line)};
  } else if (trimmed(line).empty()) {
    on_head_end();
  } else if (const size_t colon = line.find(':'); colon != line.npos) {
    response_.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
}

bool is_success(int status) { return status >= 200 && status < 300; }

void Exchange::on_head_end() {
  if (response_.status < 200) return;  // another head follows
  head_is_whole_ = true;
  if (receive_ && is_success(response_.status)) receive_(response_, {});
}

void Exchange::on_body(std::span<const std::byte> part) {
  const bool success = is_success(response_.status);
  if (receive_ && success) return receive_(response_, part);
  const size_t room = (success ? max_body : most_error_body) - response_.body.size();
  response_.body.append(as_text(part).substr(0, room));
  if (part.size() <= room) return;
  if (success)
    throw Error(ErrorKind::limit, "an answer of the server has no end")
        .expected(fmt::format("at most {} bytes", max_body));
  has_enough_ = true;
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(TransportOptions options) : options_(std::move(options)) { start_curl(); }

  Response send(const Request& request, const Receive& receive, const std::stop_token& stop) override {
    throw_if_stopped(stop);
    Lease lease(pool_);
    return Exchange(request, receive, stop).over(lease.line(), options_);
  }

 private:
  const TransportOptions options_;
  Pool pool_;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(TransportOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace okibi::s3
