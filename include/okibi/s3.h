// okibi/s3.h: checkpoints in object storage: Amazon S3, and everything that speaks its protocol.
//
// Two ways, as PyTorch's users know them. Through a buffer:
//
//   okibi::Buffer buffer;
//   okibi::save(model.state_dict(), buffer);
//   okibi::S3Client s3({.region = "ap-northeast-1"});
//   s3.put_object("bucket", "model.pth", buffer);
//
// and streamed, with no temporary file and no buffer of the whole object:
//
//   okibi::S3Checkpoint checkpoints({.region = "ap-northeast-1"});
//   auto writer = checkpoints.writer("s3://bucket/path/model.pth");
//   okibi::save(model.state_dict(), writer);
//   writer.commit();                             // destroyed without it: nothing is published, the old object stays
//   okibi::StateDict state = okibi::load_state_dict(checkpoints.reader("s3://bucket/path/model.pth"));
//
// Besides, okibi::load("s3://…"), save, open and every verb of the command line take such URIs, with the options that
// the environment gives (see S3Options), and http(s):// URLs, also presigned ones, for reading.
//
// Errors are Error: not_found, no_permission, io (the network, the store), bad_argument, mismatch (the object was
// replaced while it was read; a condition of a write does not hold). They name the operation, bucket, key, the endpoint
// where it is not Amazon's, the HTTP status, the store's code and its request's id, and never a secret. What can pass is
// tried again first, with growing and random pauses: 500, 502, 503, 504, 429, SlowDown, RequestTimeout, resets, stalls,
// truncated bodies.
//
// Threads: an S3Client, an S3Checkpoint and a Source that they gave may be used by many threads; a writer by one.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <okibi/io.h>
#include <okibi/store.h>

namespace okibi {

// A key of an account. `expires` is there when the key was lent for a time; then there is a session token, too.
struct S3Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

// What is left empty is taken from where Amazon's own tools take it: the environment (AWS_REGION, AWS_DEFAULT_REGION,
// AWS_PROFILE, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, …), then ~/.aws/config.
struct S3Options {
  // Where.
  std::string region = {};    // "us-east-1" where nothing names one; the bucket's own is found when it differs
  std::string endpoint = {};  // "https://minio.example:9000"; empty: Amazon's, of the region
  // https://bucket.host/key for Amazon's own hosts, https://host/bucket/key for every other endpoint, as Amazon's tools
  // do it: few such stores have a host for each bucket. These turn it round; an endpoint that is an address has no
  // hosts.
  bool force_path_style = false;
  bool force_virtual_host = false;  // addressing_style = virtual of a profile
  std::string ca_file = {};         // PEM of the authorities to trust instead of the system's

  // Who. Without `credentials`: the environment, a web identity, the profile, the container's or the machine's role, in
  // this order (src/s3/credentials.h). They are fetched anew before they expire, also in the middle of a transfer.
  std::optional<S3Credentials> credentials = {};
  std::string profile = {};
  bool unsigned_requests = false;  // of public buckets: no credentials are looked for
  bool requester_pays = false;
  std::string expected_bucket_owner = {};  // the account's number; another owner's bucket is Error(no_permission)

  // How.
  uint64_t part_size = uint64_t{8} << 20;  // bytes of a request. For writing to Amazon 5 MiB to 5 GiB; a writer's parts
                                           // grow, so that 10,000 of them hold any object up to S3's 5 TiB
  int max_concurrency = 8;                 // requests in flight for one object
  int max_attempts = 10;                   // of one request
  std::chrono::milliseconds connect_timeout{10'000};
  // A transfer in which nothing moved for so long is tried again, and so is one in which 16 KiB take three times so long.
  std::chrono::milliseconds stall_timeout{20'000};
  std::stop_token stop = {};  // Error(cancelled) in every transfer; uploads are aborted
  // Told before a request is tried again: the Error that it would have ended with, and for how long its caller will have
  // waited for it then. Called by many threads; what it throws ends the operation.
  std::function<void(const Error& why, std::chrono::milliseconds waiting)> on_retry = {};

  // What is written.
  std::string storage_class = {};  // "STANDARD_IA"
  std::string sse = {};            // "AES256" or "aws:kms"
  std::string sse_kms_key_id = {};
  std::string content_type = {};                     // "application/octet-stream" where empty
  std::map<std::string, std::string> metadata = {};  // x-amz-meta-*
  bool if_none_match = false;                        // only where there is no object of that key: else Error(mismatch)
};

struct S3Object {
  std::string key;
  uint64_t size = 0;
  std::string etag = {};           // with its quotes, as the store gave it
  std::string last_modified = {};  // as the store gave it
  std::string storage_class = {};
  std::string checksum_crc32 = {};                   // base64, of the whole object; empty where the store has none
  std::string content_type = {};                     // head_object alone
  std::map<std::string, std::string> metadata = {};  // head_object alone
};

struct S3Listing {
  std::vector<S3Object> objects;      // sorted by key, as the store sorts: by the bytes of UTF-8
  std::vector<std::string> prefixes;  // with a delimiter: what stands before it, once each ("runs/7/")
};

// An upload that was begun and neither completed nor aborted: its parts are paid for until someone aborts it.
struct S3Upload {
  std::string key, upload_id, initiated;
};

// "s3://bucket/a/key" → {"bucket", "a/key"}. A key is any text, and nothing in it is decoded. Error(bad_argument) for
// another scheme, or no bucket.
struct S3Uri {
  std::string bucket, key;
};
S3Uri parse_s3_uri(const std::string& uri);

namespace s3 {
class Session;
class Upload;
}  // namespace s3

// The operations on whole objects.
class S3Client {
 public:
  explicit S3Client(S3Options options = {});
  explicit S3Client(std::shared_ptr<s3::Session> session);  // shared with others, whose connections it uses

  // One request, CRC-32 checked by the store; for objects above 64 MiB, several (as a writer). The object is there
  // whole, or is not. (With if_none_match, an answer that was lost is made up for by looking what is there: someone
  // else who wrote the very same bytes at that moment is then taken for us.)
  S3Object put_object(const std::string& bucket, const std::string& key, std::span<const std::byte> body);
  S3Object put_object(const std::string& bucket, const std::string& key, const Buffer& body) {
    return put_object(bucket, key, body.bytes());
  }
  // Checked against the checksum that the store keeps, where it keeps a CRC-32 of the whole object.
  Buffer get_object(const std::string& bucket, const std::string& key);
  S3Object head_object(const std::string& bucket, const std::string& key);
  // All of them, in as many requests as it takes. delimiter "/" lists one level, as a folder.
  S3Listing list_objects(const std::string& bucket, const std::string& prefix = "", const std::string& delimiter = "");
  void delete_object(const std::string& bucket, const std::string& key);  // or there was none
  // Within the store: no byte passes this machine. Above 5 GiB in parts.
  S3Object copy_object(const std::string& from_bucket, const std::string& from_key, const std::string& bucket,
                       const std::string& key);
  // A URL with which anyone may do `method` until it lapses (7 days at most). Made without a request.
  std::string presign(const std::string& bucket, const std::string& key, std::chrono::seconds lapses_after,
                      const std::string& method = "GET");

  std::vector<S3Upload> list_uploads(const std::string& bucket, const std::string& prefix = "");
  void abort_upload(const std::string& bucket, const S3Upload& upload);

 private:
  std::shared_ptr<s3::Session> session_;
};

// An object that is written as a stream: parts go out while the next ones are being written. Memory: part_size ×
// max_concurrency at most, and nearly none for tensors that are saved from where they lie; beyond 1250 parts they grow
// with the object (to 1/1250 of what was written). It becomes visible at commit(), whole; destroyed without, the upload
// is aborted and whatever stood there before still does.
class S3Writer final : public io::Sink {
 public:
  S3Writer(std::shared_ptr<s3::Session> session, S3Uri where);
  ~S3Writer() override;
  using Sink::write;
  void write(std::span<const std::byte> bytes) override;
  void write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) override;
  std::optional<uint32_t> write_summed(std::span<const std::byte> bytes,
                                       const std::shared_ptr<const void>& owner) override;
  void settle() override;
  void commit() override;  // Error(mismatch) where if_none_match and someone was first; Error(io) leaves nothing behind
  uint64_t position() const override;
  std::string name() const override;

 private:
  std::unique_ptr<s3::Upload> upload_;
};

class S3Checkpoint {
 public:
  explicit S3Checkpoint(S3Options options = {});
  explicit S3Checkpoint(std::shared_ptr<s3::Session> session);

  S3Writer writer(const std::string& uri);
  // One request finds its length and its end, where zip keeps its directory; Error(not_found). Later reads are ranges
  // of the same version of the object: one that was replaced meanwhile is Error(mismatch), never a mixture.
  std::shared_ptr<const io::Source> reader(const std::string& uri);

 private:
  std::shared_ptr<s3::Session> session_;
};

namespace s3 {

// Adds s3://, http:// and https:// to a table of schemes, all with these options. An okibi::default_store() does so by
// itself, with none, when it first meets such a URI.
void add_schemes(store::Store& store, S3Options options = {});

}  // namespace s3
}  // namespace okibi
