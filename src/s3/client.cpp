// S3Client: the operations on whole objects.
#include <libdeflate.h>

#include "s3/copying.h"
#include "s3/listing.h"
#include "s3/object_source.h"
#include "s3/upload.h"

namespace okibi {
namespace {

using namespace s3;

constexpr size_t largest_whole_put = size_t{64} << 20;
constexpr uint64_t largest_copy_at_once = 5120 * mebibyte;

// One that was replaced since is another object.
void check_crc(const S3Object& object, const std::string& etag, std::span<const std::byte> bytes) {
  if (object.checksum_crc32.empty() || object.etag != etag) return;
  const std::string found = base64_of_crc(libdeflate_crc32(0, bytes.data(), bytes.size()));
  if (found == object.checksum_crc32) return;
  throw Error(ErrorKind::io, "the bytes that came do not have the checksum that the store keeps of the object")
      .expected(object.checksum_crc32)
      .found(found)
      .hint("They were damaged on their way, or in the store: get them again.");
}

}  // namespace

S3Client::S3Client(S3Options options) : session_(std::make_shared<Session>(std::move(options))) {}
S3Client::S3Client(std::shared_ptr<Session> session) : session_(std::move(session)) {}

S3Object S3Client::put_object(const std::string& bucket, const std::string& key, std::span<const std::byte> body) {
  if (body.size() <= largest_whole_put) return put_whole(*session_, {bucket, key}, body);
  Upload upload(session_, {bucket, key});
  upload.write(body);
  return upload.publish();
}

// The checksum of a whole object is told with its head, not with ranges of it.
Buffer S3Client::get_object(const std::string& bucket, const std::string& key) {
  const S3Uri where{bucket, key};
  const auto source = open_object(session_, where);
  std::vector<std::byte> bytes(source->size());
  source->read(0, bytes);
  in_context("", uri_of(where), [&] { check_crc(s3::head_object(*session_, where), source->version(), bytes); });
  return Buffer(std::move(bytes), source->name());
}

S3Object S3Client::head_object(const std::string& bucket, const std::string& key) {
  return s3::head_object(*session_, {bucket, key});
}

S3Listing S3Client::list_objects(const std::string& bucket, const std::string& prefix, const std::string& delimiter) {
  return s3::list_objects(*session_, bucket, prefix, delimiter);
}

void S3Client::delete_object(const std::string& bucket, const std::string& key) {
  s3::delete_object(*session_, {bucket, key});
}

S3Object S3Client::copy_object(const std::string& from_bucket, const std::string& from_key, const std::string& bucket,
                               const std::string& key) {
  return s3::copy_object(*session_, {from_bucket, from_key}, {bucket, key}, largest_copy_at_once);
}

std::string S3Client::presign(const std::string& bucket, const std::string& key, std::chrono::seconds lapses_after,
                              const std::string& method) {
  return session_->presign({bucket, key}, method, lapses_after);
}

std::vector<S3Upload> S3Client::list_uploads(const std::string& bucket, const std::string& prefix) {
  return s3::list_uploads(*session_, bucket, prefix);
}

void S3Client::abort_upload(const std::string& bucket, const S3Upload& upload) {
  s3::abort_upload(*session_, {{bucket, upload.key}, upload.upload_id});
}

}  // namespace okibi
