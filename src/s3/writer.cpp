// S3Writer and S3Checkpoint: objects as streams.
#include "s3/object_source.h"
#include "s3/upload.h"

namespace okibi {

S3Writer::S3Writer(std::shared_ptr<s3::Session> session, S3Uri where)
    : upload_(std::make_unique<s3::Upload>(std::move(session), std::move(where))) {}

S3Writer::~S3Writer() = default;

void S3Writer::write(std::span<const std::byte> bytes) { upload_->write(bytes); }
void S3Writer::write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) {
  upload_->write_lent(bytes, owner);
}
std::optional<uint32_t> S3Writer::write_summed(std::span<const std::byte> bytes,
                                               const std::shared_ptr<const void>& owner) {
  return upload_->write_summed(bytes, owner);
}
void S3Writer::settle() { upload_->settle(); }
void S3Writer::commit() { upload_->commit(); }
uint64_t S3Writer::position() const { return upload_->position(); }
std::string S3Writer::name() const { return upload_->name(); }

S3Checkpoint::S3Checkpoint(S3Options options) : session_(std::make_shared<s3::Session>(std::move(options))) {}
S3Checkpoint::S3Checkpoint(std::shared_ptr<s3::Session> session) : session_(std::move(session)) {}

S3Writer S3Checkpoint::writer(const std::string& uri) { return S3Writer(session_, parse_s3_uri(uri)); }

std::shared_ptr<const io::Source> S3Checkpoint::reader(const std::string& uri) {
  return s3::open_object(session_, parse_s3_uri(uri));
}

}  // namespace okibi
