// s3/lent_key.h: keys out of the answers of those who lend them, which are checked before anyone signs with them.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include <okibi/s3.h>

namespace okibi::s3 {

constexpr size_t max_answer = size_t{1} << 20;  // of bytes, of a service that lends a key of some kilobytes

// Error(bad_file) where the text is not one JSON object. Neither this nor what follows quotes the text: it holds a key.
nlohmann::json json_object(std::string_view text, std::string_view source);
std::string text_field(const nlohmann::json& object, const std::string& name);  // "" where it is no text

// What the fields are called: "AccessKeyId" here, "accessKeyId" there.
struct KeyFields {
  std::string id = "AccessKeyId", secret = "SecretAccessKey", token = "Token", expires = "Expiration";
};
S3Credentials key_of(const nlohmann::json& object, const KeyFields& fields, std::string_view source);

// A key must have both its parts and no character that HTTP would take for something else: Error(bad_argument) naming
// the source ("the profile"), not the key.
S3Credentials checked_key(S3Credentials key, std::string_view source);

// Error(no_permission) for a key that has lapsed already, with what to do about it.
S3Credentials lasting_key(S3Credentials key, std::chrono::system_clock::time_point now, std::string_view source,
                          std::string_view hint);

// "2026-11-30T12:00:00Z", also with a fraction of the second, an offset ("+09:00"), or "UTC" for "Z". Error(bad_file).
std::chrono::system_clock::time_point parse_time(std::string_view text, std::string_view source);
// The clock counts nanoseconds, of which 64 bits hold 292 years: later times become the year 2200, earlier ones 1970.
std::chrono::system_clock::time_point at_second(std::chrono::sys_seconds second);
std::string time_text(std::chrono::system_clock::time_point time);  // "2026-11-30 12:00:00 UTC"

}  // namespace okibi::s3
