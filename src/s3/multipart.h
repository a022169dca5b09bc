// s3/multipart.h: the requests that an upload in parts is made of.
#pragma once

#include "s3/objects.h"

namespace okibi::s3 {

constexpr uint64_t mebibyte = uint64_t{1} << 20;
constexpr uint64_t smallest_part = 5 * mebibyte;  // but the last
constexpr uint64_t largest_part = 5120 * mebibyte;
constexpr uint64_t largest_object = 1024 * largest_part;
constexpr size_t most_parts = 10'000;

// Of the part that begins at `position` of an object whose length nobody knows: `usual`, until so many parts were sent
// that the rest must be larger for 10,000 of them to hold 5 TiB.
uint64_t part_size_at(uint64_t position, uint64_t usual);

struct UploadPlace {
  S3Uri where;
  std::string id;
};

struct SentPart {
  uint64_t size = 0;
  std::string etag = {};
  std::optional<uint32_t> crc = {};  // of a copy it is not known
};

// As the store tells of it.
struct StoredPart {
  uint64_t size = 0;
  std::string etag = {};
  std::string crc = {};  // base64; empty where the store has none
};

// `headers` are those of the object to be.
UploadPlace create_upload(Session& session, const S3Uri& where, Headers headers);

// `crc`: of the body.
SentPart upload_part(Session& session, const UploadPlace& upload, size_t number, const Body& body, uint32_t crc,
                     const std::stop_token& stop);

// The object is there, whole, when this returns. Where the answer was lost, it is found out what became of the upload;
// where that cannot be found out, the error says so.
S3Object complete_upload(Session& session, const UploadPlace& upload, std::span<const SentPart> parts);

// Sent although a stop was asked for. An upload that is no more is as good.
void abort_upload(Session& session, const UploadPlace& upload);

// The same where an error is already on its way, or none can be thrown. What is left then is found by list_uploads.
// `cut_off`: parts were, and may still arrive; one that does so after the abort brings the upload back in some stores,
// and is paid for in all of them. It is then aborted a few times.
void try_to_abort_upload(Session& session, const UploadPlace& upload, bool cut_off) noexcept;

}  // namespace okibi::s3
