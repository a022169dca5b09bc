#include "s3/copying.h"

#include <fmt/format.h>

#include <algorithm>

#include "s3/errors_in_words.h"
#include "s3/multipart.h"
#include "s3/requests.h"
#include "s3/sign.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

constexpr uint64_t usual_part = 512 * mebibyte;

std::string text_in(const Operation& operation, const Response& response, const char* element) {
  const auto xml = Xml::parse(response.body);
  std::string text = xml ? xml->text(element) : "";
  if (!text.empty()) return text;
  throw Error(ErrorKind::io, fmt::format("{}: the store's answer has no {}", operation.name, element))
      .at("", place_of(operation));
}

Headers headers_of_source(const S3Uri& from, const S3Object& source) {
  Headers headers = {{"x-amz-copy-source", percent_encoded("/" + from.bucket + "/" + from.key, true)}};
  if (!source.etag.empty()) headers.emplace_back("x-amz-copy-source-if-match", source.etag);
  return headers;
}

// What the new object is born with: metadata and type of the old one, storage class and encryption of the options.
Headers headers_of_copy(const S3Object& source, S3Options options) {
  options.metadata = source.metadata;
  options.content_type = source.content_type;
  return headers_of_new_object(options);
}

S3Object copy_at_once(Session& session, const S3Uri& from, const S3Object& source, const S3Uri& to) {
  Operation copy{.name = "CopyObject", .method = "PUT", .where = to, .slow = true};
  copy.headers = headers_of_source(from, source);
  std::ranges::copy(headers_of_copy(source, session.options()), std::back_inserter(copy.headers));
  if (session.options().if_none_match) copy.headers.emplace_back("If-None-Match", "*");
  const Response response = session.call(copy);
  return {.key = to.key, .size = source.size, .etag = text_in(copy, response, "ETag")};
}

SentPart copy_part(Session& session, const UploadPlace& upload, const Headers& source, size_t number, uint64_t begin,
                   uint64_t size, const std::stop_token& stop) {
  Operation copy{.name = "UploadPartCopy", .method = "PUT", .where = upload.where, .slow = true, .stop = stop};
  copy.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}};
  copy.headers = source;
  copy.headers.emplace_back("x-amz-copy-source-range", fmt::format("bytes={}-{}", begin, begin + size - 1));
  return {size, text_in(copy, session.call(copy), "ETag")};
}

uint64_t part_size_for(uint64_t size, uint64_t largest) {
  const uint64_t needed = (size + most_parts - 1) / most_parts;
  return std::clamp(std::max(usual_part, needed), smallest_part, std::max(largest, smallest_part));
}

S3Object copy_in_parts(Session& session, const S3Uri& from, const S3Object& source, const S3Uri& to, uint64_t largest) {
  const uint64_t part = part_size_for(source.size, largest);
  std::vector<SentPart> parts((source.size + part - 1) / part);
  const Headers headers = headers_of_source(from, source);
  const UploadPlace upload = create_upload(session, to, headers_of_copy(source, session.options()));
  try {
    run_requests(parts.size(), session.options().max_concurrency, session.options().stop,
                 [&](size_t job, const std::stop_token& stop) {
                   const uint64_t begin = job * part;
                   parts[job] =
                       copy_part(session, upload, headers, job + 1, begin, std::min(part, source.size - begin), stop);
                 });
    return complete_upload(session, upload, parts);
  } catch (...) {
    try_to_abort_upload(session, upload, true);
    throw;
  }
}

}  // namespace

S3Object copy_object(Session& session, const S3Uri& from, const S3Uri& to, uint64_t largest_at_once) {
  const S3Object source = head_object(session, from);
  static_cast<void>(object_at(to));
  if (source.size <= largest_at_once) return copy_at_once(session, from, source, to);
  return copy_in_parts(session, from, source, to, largest_at_once);
}

}  // namespace okibi::s3
