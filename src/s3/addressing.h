// s3/addressing.h: bucket and key → URL.
#pragma once

#include <okibi/s3.h>

#include <string>
#include <utility>
#include <vector>

namespace okibi::s3 {

using Query = std::vector<std::pair<std::string, std::string>>;  // not yet encoded

// Where a store is reached. Amazon's buckets are hosts (https://bucket.s3.eu-west-1.amazonaws.com/key); those of an
// endpoint of one's own are folders (https://host/bucket/key), as Amazon's tools do it, too, because few such stores
// have a name for each bucket; S3Options::force_virtual_host is for those that have. A bucket whose name cannot be a
// host, or has dots where a certificate would not match it, is always a folder, and so it is where the host is an
// address.
class Addressing {
 public:
  explicit Addressing(const S3Options& options);  // Error(bad_argument) for an endpoint that is no URL

  // `host`, where given, is where the store said that this bucket is for now.
  std::string url(const S3Uri& where, const Query& query, const std::string& region,
                  const std::string& host = {}) const;

  bool is_secure() const noexcept { return scheme_ == "https"; }
  bool is_amazon() const noexcept { return is_amazon_; }
  std::string endpoint() const;  // for messages: "http://127.0.0.1:9000"; empty where it is Amazon's own

 private:
  bool is_host(const std::string& bucket) const;
  std::string authority(const std::string& region) const;

  std::string scheme_ = "https";
  std::string authority_;  // empty: Amazon's, of the region
  std::string folder_;     // of the endpoint: "/storage/v1/s3"
  bool is_amazon_ = true;
  bool is_address_ = false;
  bool force_path_style_, force_virtual_host_;
};

bool is_amazon_host(std::string_view host);

// Error(bad_argument) for a name that no bucket can have (it will stand in a host), Error(unsupported) for kinds that
// okibi does not know.
void check_bucket(const std::string& bucket);

// Regions come from outside, and stand in hosts.
bool is_region(std::string_view text);

// `where`, which must name an object: PUT and DELETE of none would make or remove the bucket itself.
const S3Uri& object_at(const S3Uri& where);

std::string uri_of(const S3Uri& where);  // "s3://bucket/key", fit for messages

}  // namespace okibi::s3
