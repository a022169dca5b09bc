// S3Client: the operations on whole objects.

#include "base/crc32.h"
#include "s3/copying.h"
#include "s3/listing.h"
#include "s3/object_source.h"
#include "s3/upload.h"
#include "store/content_check.h"

namespace okibi {
namespace {

using namespace s3;

constexpr size_t largest_whole_put = size_t{64} << 20;
constexpr uint64_t largest_copy_at_once = 5120 * mebibyte;

}  // namespace

S3Client::S3Client(S3Options options) : session_(std::make_shared<Session>(std::move(options))) {}
S3Client::S3Client(std::shared_ptr<Session> session) : session_(std::move(session)) {}

S3Object S3Client::put_object(const std::string& bucket, const std::string& key, std::span<const std::byte> body) {
  if (body.size() <= largest_whole_put) {
    return put_whole(*session_, {bucket, key}, body, extend_crc32(0, body));
  }
  Upload upload(session_, {bucket, key});
  upload.write(body);
  return upload.publish();
}

Buffer S3Client::get_object(const std::string& bucket, const std::string& key) {
  const auto source = open_object(session_, {bucket, key});
  std::vector<std::byte> bytes(source->size());
  source->read(0, bytes);
  store::ContentCheck check(*source);
  check.add(bytes);
  check.compare();
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
