#include "s3/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/crc32.h"
#include "s3/errors_in_words.h"
#include "s3/xml.h"

namespace okibi::s3 {
namespace {

constexpr uint64_t parts_of_usual_size =
    1250;  // then each is 1/1250 of what stands before it: e^7 times as much at the end
constexpr int attempts_to_abort = 5;
constexpr std::chrono::milliseconds longest_abort{10'000};
constexpr std::array more_aborts = {std::chrono::milliseconds(250), std::chrono::milliseconds(1000)};
constexpr std::span<const std::chrono::milliseconds> pauses_between_aborts = more_aborts;
constexpr std::string_view hint_about_checksums =
    "The store may not know CRC-32 of whole objects (FULL_OBJECT): ask for a newer version of it.";

Error bad_answer(const Operation& operation, std::string sentence) {
  return Error(ErrorKind::io, fmt::format("{}: {}", operation.name, sentence)).at("", place_of(operation));
}

std::string text_in(const Operation& operation, const Response& response, const char* element) {
  const auto xml = Xml::parse(response.body);
  std::string text = xml ? xml->text(element) : "";
  if (text.empty()) throw bad_answer(operation, fmt::format("the store's answer has no {}", element));
  return text;
}

std::string list_of(std::span<const SentPart> parts) {
  std::string list = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string crc =
        parts[i].crc ? fmt::format("<ChecksumCRC32>{}</ChecksumCRC32>", base64_of_crc(*parts[i].crc)) : "";
    fmt::format_to(std::back_inserter(list), "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>{}</Part>", i + 1,
                   xml_escaped(parts[i].etag), crc);
  }
  return list + "</CompleteMultipartUpload>";
}

SentPart joined(std::span<const SentPart> parts) {
  SentPart whole{.crc = 0};
  for (const SentPart& part : parts) {
    const bool known = whole.crc && part.crc;
    whole.crc = known ? std::optional(join_crc32(*whole.crc, *part.crc, part.size)) : std::nullopt;
    whole.size += part.size;
  }
  return whole;
}

// The MD5 of the parts' own, which stand in their ETags, and their number.
std::string etag_of(std::span<const SentPart> parts) {
  std::vector<std::byte> digests;
  for (const SentPart& part : parts) {
    for (size_t i = 1; i + 1 < part.etag.size(); i += 2) {
      digests.push_back(static_cast<std::byte>(std::strtoul(part.etag.substr(i, 2).c_str(), nullptr, 16)));
    }
  }
  return fmt::format("\"{}-{}\"", md5_hex(digests), parts.size());
}

bool is_gone(const Reply& reply) { return reply.fault.code == "NoSuchUpload" || reply.response.status == 404; }

Reply try_abort(Session& session, const UploadPlace& upload) {
  return session.try_call({.name = "AbortMultipartUpload",
                           .method = "DELETE",
                           .where = object_at(upload.where),
                           .query = {{"uploadId", upload.id}},
                           .max_attempts = attempts_to_abort,
                           .timeout = longest_abort,
                           .stop = std::stop_token()});
}

// The answer that would have said how the upload ended was lost. One that can still be aborted was not completed; one
// that cannot was, if the object is there. Returns where it is; throws `lost` where it is not.
void find_completed(Session& session, const UploadPlace& upload, Error lost, const Fingerprint& written) {
  const Reply aborted = try_abort(session, upload);
  if (aborted.error && is_there(session, upload.where, written)) return;
  if (aborted.error && !is_gone(aborted)) {
    lost.hint("Whether the object is there could not be found out: look at it, and for abandoned uploads.");
  }
  throw lost;
}

}  // namespace

uint64_t part_size_at(uint64_t position, uint64_t usual) {
  if (position / parts_of_usual_size <= usual) return usual;
  return std::min((position / parts_of_usual_size + mebibyte - 1) / mebibyte * mebibyte, largest_part);
}

UploadPlace create_upload(Session& session, const S3Uri& where, Headers headers) {
  Operation create{.name = "CreateMultipartUpload", .method = "POST", .where = where, .query = {{"uploads", ""}}};
  create.headers = std::move(headers);
  create.headers.emplace_back("x-amz-checksum-algorithm", "CRC32");
  create.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
  Reply reply = session.try_call(create);
  if (reply.error && (reply.response.status == 400 || reply.response.status == 501)) {
    throw Error(*reply.error).hint(hint_about_checksums);
  }
  if (reply.error) throw *std::move(reply.error);
  return {where, text_in(create, reply.response, "UploadId")};
}

SentPart upload_part(Session& session, const UploadPlace& upload, size_t number, const Body& body, uint32_t crc,
                     const std::stop_token& stop) {
  SentPart part{.size = body.size(), .crc = crc};
  Operation put{.name = "UploadPart", .method = "PUT", .where = upload.where, .body = body, .stop = stop};
  put.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}};
  put.headers = {{"x-amz-checksum-crc32", base64_of_crc(crc)}};
  const Response response = session.call(put);
  part.etag = header_or_empty(response.headers, "etag");
  if (part.etag.empty()) throw bad_answer(put, "the store's answer has no ETag");
  check_stored(put, crc, header_or_empty(response.headers, "x-amz-checksum-crc32"));
  return part;
}

void abort_upload(Session& session, const UploadPlace& upload) {
  Reply reply = try_abort(session, upload);
  if (reply.error && !is_gone(reply)) throw *std::move(reply.error);
}

void try_to_abort_upload(Session& session, const UploadPlace& upload, bool cut_off) noexcept {
  try {
    abort_upload(session, upload);
    for (const auto pause : cut_off ? pauses_between_aborts : std::span<const std::chrono::milliseconds>()) {
      session.pause(pause);
      abort_upload(session, upload);
    }
  } catch (const std::exception&) {
  }
}

S3Object complete_upload(Session& session, const UploadPlace& upload, std::span<const SentPart> parts) {
  const SentPart whole = joined(parts);
  const std::string crc = whole.crc ? base64_of_crc(*whole.crc) : "", list = list_of(parts);
  Operation complete{.name = "CompleteMultipartUpload", .method = "POST", .where = upload.where};
  complete.query = {{"uploadId", upload.id}};
  complete.headers = {{"Content-Type", "application/xml"}, {"x-amz-mp-object-size", std::to_string(whole.size)}};
  if (whole.crc) complete.headers.emplace_back("x-amz-checksum-crc32", crc);
  if (whole.crc) complete.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
  if (session.options().if_none_match) complete.headers.emplace_back("If-None-Match", "*");
  complete.body = as_bytes(list);
  complete.slow = true;
  Reply reply = session.try_call(complete);
  const Fingerprint written{whole.size, crc, [&] { return etag_of(parts); }};
  S3Object object{.key = upload.where.key, .size = whole.size, .checksum_crc32 = crc};
  if (!reply.error) {
    object.etag = text_in(complete, reply.response, "ETag");
    if (whole.crc) check_stored(complete, *whole.crc, Xml::parse(reply.response.body)->text("ChecksumCRC32"));
  } else if (reply.in_doubt) {
    find_completed(session, upload, *std::move(reply.error), written);
  } else {
    throw *std::move(reply.error);
  }
  return object;
}

}  // namespace okibi::s3
