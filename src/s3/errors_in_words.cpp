#include "s3/errors_in_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "s3/secrets.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

// What an answer means. The first line that fits is taken: an empty code fits every one, a status of 0 as well.
struct Meaning {
  int status;
  std::string_view code;
  ErrorKind kind;
  std::string_view words;
  std::string_view hint;
};

constexpr std::string_view look_for_key = "Look at the key's spelling; a listing of the bucket shows what there is.";
constexpr std::string_view may_be_missing =
    "Ask the bucket's owner for the permission. Where the key may not list the bucket, S3 says the same of objects "
    "that "
    "do not exist.";
constexpr std::string_view other_secret =
    "Look whether the secret belongs to the key, and whether it was copied whole.";
constexpr std::string_view other_key =
    "Look at the profile, the environment and the endpoint: the key may be another store's.";
constexpr std::string_view old_key = "Get new ones: sign in again, or look at what renews them.";

constexpr std::array meanings = {
    Meaning{0, "NoSuchBucket", ErrorKind::not_found, "there is no such bucket",
            "Look at the bucket's name, and at the endpoint."},
    Meaning{0, "NoSuchKey", ErrorKind::not_found, "there is no such object", look_for_key},
    Meaning{0, "NoSuchUpload", ErrorKind::not_found, "there is no such upload: it was completed or aborted", ""},
    Meaning{0, "SignatureDoesNotMatch", ErrorKind::no_permission, "the store finds the signature wrong", other_secret},
    Meaning{0, "InvalidAccessKeyId", ErrorKind::no_permission, "the store does not know the key", other_key},
    Meaning{0, "ExpiredToken", ErrorKind::no_permission, "the credentials have expired", old_key},
    Meaning{0, "InvalidToken", ErrorKind::no_permission, "the session token is not good", old_key},
    Meaning{0, "RequestTimeTooSkewed", ErrorKind::no_permission, "this machine's clock is wrong", "Set its time."},
    Meaning{0, "InvalidObjectState", ErrorKind::unsupported,
            "the object lies in an archive, and must be restored first", "Restore it (RestoreObject), then try again."},
    Meaning{0, "NotImplemented", ErrorKind::unsupported, "the store cannot do this", ""},
    Meaning{0, "MethodNotAllowed", ErrorKind::unsupported, "the store does not allow this here", ""},
    Meaning{0, "ConditionalRequestConflict", ErrorKind::mismatch, "someone else writes the same object now",
            "Try again when that has ended."},
    Meaning{0, "EntityTooLarge", ErrorKind::limit, "the store takes no object or part so large", ""},
    Meaning{401, "", ErrorKind::no_permission, "the store wants to know who asks", "Give credentials."},
    Meaning{403, "", ErrorKind::no_permission, "access denied", may_be_missing},
    Meaning{404, "", ErrorKind::not_found, "there is no such object, or no such bucket", look_for_key},
    Meaning{405, "", ErrorKind::unsupported, "the store does not allow this here", ""},
    Meaning{412, "", ErrorKind::mismatch, "a condition of the request does not hold", ""},
    Meaning{416, "", ErrorKind::bad_file, "the object has no bytes in this range", ""},
    Meaning{501, "", ErrorKind::unsupported, "the store cannot do this", ""},
    Meaning{400, "", ErrorKind::bad_argument, "the store finds the request wrong", ""},
    Meaning{0, "", ErrorKind::io, "the store failed", ""},
};

// Of a URL, for which there is no key and no bucket: these come before what a status means to a store.
constexpr std::array meanings_for_urls = {
    Meaning{401, "", ErrorKind::no_permission, "the server wants to know who asks",
            "okibi gives no name and no password to servers of the web: download the file, or give a presigned URL."},
    Meaning{403, "", ErrorKind::no_permission, "access denied",
            "Look whether the URL is whole, and whether it was made for reading."},
    Meaning{404, "", ErrorKind::not_found, "there is no such file", "Look at the URL's spelling."},
    Meaning{410, "", ErrorKind::not_found, "the file is no longer there", ""},
};
constexpr Meaning lapsed_url = {0, "", ErrorKind::no_permission, "the URL has expired",
                                "Have a new one made, as S3Client::presign makes them."};

bool fits(const Meaning& meaning, int status, std::string_view code) {
  return (meaning.status == 0 || meaning.status == status) && (meaning.code.empty() || meaning.code == code);
}

// S3 says it in words alone: 403 AccessDenied, "Request has expired".
bool is_lapsed(const Fault& fault) {
  const bool in_words = fault.code == "AccessDenied" && fault.message.find("expired") != fault.message.npos;
  return in_words || fault.code == "ExpiredToken";
}

const Meaning& meaning_of(const Operation& operation, int status, const Fault& fault) {
  const auto fitting = [&](const Meaning& meaning) { return fits(meaning, status, fault.code); };
  const Meaning& of_store = *std::ranges::find_if(meanings, fitting);
  if (operation.url.empty()) return of_store;
  if (is_lapsed(fault)) return lapsed_url;
  const auto of_url = std::ranges::find_if(meanings_for_urls, fitting);
  return of_store.code.empty() && of_url != meanings_for_urls.end() ? *of_url : of_store;
}

Fault cleaned(const Fault& told, const Course& course) {
  const auto clean = [&](const std::string& text) { return without_secrets(text, course.secrets); };
  return {clean(told.code), clean(told.message), clean(told.request_id), clean(told.region)};
}

bool is_redirect(int status) { return status >= 300 && status < 400 && status != 304; }

// "403 AccessDenied, \"Access Denied\", request 4442587FB7D0A2F9, after 10 attempts"
std::string details(int status, const Fault& fault, int attempts) {
  std::string text = fmt::format("{}", status);
  if (!fault.code.empty()) text += " " + printable(fault.code, 100);
  if (!fault.message.empty()) text += fmt::format(", \"{}\"", printable(fault.message, 300));
  if (!fault.request_id.empty()) text += ", request " + printable(fault.request_id, 100);
  if (attempts > 1) text += fmt::format(", after {} attempts", attempts);
  return text;
}

// "GetObject: there is no such object"; or who may not do what, where that is the trouble.
std::string sentence_of(const Meaning& meaning, const Operation& operation, const Course& course) {
  const bool is_about_a_key = meaning.kind == ErrorKind::no_permission && operation.url.empty();
  if (!is_about_a_key) return fmt::format("{}: {}", operation.name, meaning.words);
  const std::string& key = course.access_key_id;
  const std::string who = key.empty() ? "requests without a key" : "the key " + printable(key, 130);
  if (meaning.status == 403) return fmt::format("access denied: {} may not {} here", who, operation.name);
  return fmt::format("{}: {} ({})", operation.name, meaning.words, who);
}

// Where it was asked for, innermost: an endpoint that someone set long ago is easily forgotten.
Error at_place(Error error, const Operation& operation, const Course& course) {
  if (operation.url.empty() && !course.endpoint.empty()) error.at("at", printable(course.endpoint, 300));
  return std::move(error.at("", place_of(operation)));
}

Error redirect_in_words(const Operation& operation, const Response& response, const Fault& fault,
                        const Course& course) {
  const std::string* place = find_header(response.headers, "location");
  const std::string where = place != nullptr
                                ? printable(without_secrets(place->substr(0, place->find('?')), course.secrets), 300)
                                : "another place";
  Error error(ErrorKind::unsupported,
              fmt::format("{}: the server sends on to {}, and okibi does not follow ({})", operation.name, where,
                          details(response.status, fault, course.attempts)));
  error.hint(fault.region.empty() ? "Give that address, or the right endpoint and region."
                                  : "Give the region " + printable(fault.region, 40) + ".");
  return at_place(std::move(error), operation, course);
}

}  // namespace

std::string place_of(const Operation& operation) {
  return operation.url.empty() ? uri_of(operation.where) : printable(store::shown(operation.url), 600);
}

Fault fault_in(const Response& response) {
  Fault fault;
  if (const auto xml = Xml::parse(response.body); xml && xml->name() == "Error") {
    fault = {xml->text("Code"), xml->text("Message"), xml->text("RequestId"), xml->text("Region")};
  }
  const auto header = [&](const char* name) {
    const std::string* value = find_header(response.headers, name);
    return value != nullptr ? *value : std::string();
  };
  if (fault.request_id.empty()) fault.request_id = header("x-amz-request-id");
  if (const std::string region = header("x-amz-bucket-region"); !region.empty()) fault.region = region;
  return fault;
}

Error error_in_words(const Operation& operation, const Response& response, const Fault& told, const Course& course) {
  const Fault fault = cleaned(told, course);
  if (is_redirect(response.status)) return redirect_in_words(operation, response, fault, course);
  const Meaning& meaning = meaning_of(operation, response.status, fault);
  Error error(meaning.kind, fmt::format("{} ({})", sentence_of(meaning, operation, course),
                                        details(response.status, fault, course.attempts)));
  error.hint(meaning.hint);
  return at_place(std::move(error), operation, course);
}

Error error_in_words(const Operation& operation, const TransportError& error, const Course& course) {
  const std::string attempts = course.attempts > 1 ? fmt::format(", after {} attempts", course.attempts) : "";
  return at_place(Error(ErrorKind::io, fmt::format("{}: {}{}", operation.name,
                                                   without_secrets(error.what(), course.secrets), attempts)),
                  operation, course);
}

}  // namespace okibi::s3
