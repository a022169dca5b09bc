// s3/objects.h: operations on one object that more than one part of this module needs.
#pragma once

#include "s3/session.h"

namespace okibi::s3 {

// Headers that an object is born with: its type, class, encryption and metadata. Error(bad_argument) for metadata that
// no header can carry.
Headers headers_of_new_object(const S3Options& options);

std::string base64_of_crc(uint32_t crc);
std::optional<uint32_t> crc_in_base64(const std::string& text);  // nullopt: it is none
std::string header_or_empty(const Headers& headers, std::string_view name);

// Of what `put` has written: Error(io) where the store says that it keeps another CRC-32 (in base64; empty: it does not
// say).
void check_stored(const Operation& put, uint32_t sent, const std::string& stored);

S3Object head_object(Session& session, const S3Uri& where);
// The CRC-32 that the store keeps of all bytes of this version. nullopt where it keeps none, or refuses to say.
std::optional<uint32_t> kept_crc(Session& session, const S3Uri& where, const std::string& etag);
void delete_object(Session& session, const S3Uri& where);  // or there was none

// What someone has written, to be recognised in the store.
struct Fingerprint {
  uint64_t size;
  std::string checksum_crc32;         // base64; empty where it is not known
  std::function<std::string()> etag;  // as the store would have made it; costs time
};

// Whether what is there now is what was written, for certain: size and checksum are the same, or size and ETag where
// the store keeps no checksums. (Someone else may have written the very same bytes: then that is as good.) False, too,
// where the store does not say.
bool is_there(Session& session, const S3Uri& where, const Fingerprint& written);

// One request, with S3Options::if_none_match as its condition. An answer that was lost is looked for.
// `crc`: of the body.
S3Object put_whole(Session& session, const S3Uri& where, std::span<const std::byte> body, uint32_t crc);

std::string md5_hex(std::span<const std::byte> bytes);

}  // namespace okibi::s3
