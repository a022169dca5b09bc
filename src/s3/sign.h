// s3/sign.h: signatures of requests, AWS Signature Version 4 for S3
// (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <okibi/s3.h>

#include "s3/http.h"

namespace okibi::s3 {

// Everything but A–Z a–z 0–9 - . _ ~ becomes %XX (RFC 3986, 2.3); '/' stays where `keep_slashes`.
std::string percent_encoded(std::string_view text, bool keep_slashes = false);

struct SigningScope {
  std::string region;
  std::string service = "s3";  // "sts" for the token service; S3's paths are not encoded twice, others' are
  std::chrono::system_clock::time_point now;
};

// Adds x-amz-date, x-amz-content-sha256 (unless it is there: "UNSIGNED-PAYLOAD" where the body is covered by TLS and a
// checksum), x-amz-security-token where there is one, and Authorization; a signature that is there from an earlier
// attempt is replaced. All headers that the request has are signed, and Host; but not those that a proxy may change on
// the way (User-Agent, Accept-Encoding, Expect, …). The URL must be percent-encoded as percent_encoded does it.
void sign(Request& request, const S3Credentials& credentials, const SigningScope& scope);

// The URL with its signature in the query, for anyone to use until it lapses. Only Host is signed. Error(bad_argument)
// for less than a second or more than 7 days.
std::string presigned_url(const std::string& method, const std::string& url, const S3Credentials& credentials,
                          const SigningScope& scope, std::chrono::seconds lapses_after);

std::string sha256_hex(const Body& bytes);

}  // namespace okibi::s3
