// s3://, http:// and https:// in a table of schemes.
#include "s3/listing.h"
#include "s3/multipart.h"
#include "s3/object_folder.h"
#include "s3/object_source.h"
#include "s3/upload.h"

namespace okibi::s3 {
namespace {

// Made at the first URI: a program that is given none looks for no credentials.
class LazySession {
 public:
  explicit LazySession(S3Options options) : options_(std::move(options)) {}

  std::shared_ptr<Session> get() {
    const std::lock_guard lock(mutex_);
    if (!session_) session_ = std::make_shared<Session>(options_);
    return session_;
  }

 private:
  const S3Options options_;
  std::mutex mutex_;
  std::shared_ptr<Session> session_;
};

std::vector<store::Unfinished> unfinished(const std::shared_ptr<LazySession>& session, const S3Uri& where) {
  std::vector<store::Unfinished> found;
  for (const S3Upload& upload : list_uploads(*session->get(), where.bucket, where.key)) {
    const UploadPlace place{{where.bucket, upload.key}, upload.upload_id};
    found.push_back({"s3://" + where.bucket + "/" + upload.key, upload.initiated,
                     [session, place] { abort_upload(*session->get(), place); }});
  }
  return found;
}

store::Scheme objects(const std::shared_ptr<LazySession>& session) {
  return {
      [session](const std::string& uri) { return open_object(session->get(), parse_s3_uri(uri)); },
      [session](const std::string& uri) { return std::make_unique<Upload>(session->get(), parse_s3_uri(uri)); },
      [session](const std::string& uri) { return is_object_folder(*session->get(), parse_s3_uri(uri)); },
      [session](const std::string& uri) { return std::make_shared<ObjectFolder>(session->get(), parse_s3_uri(uri)); },
      [session](const std::string& uri) { return unfinished(session, parse_s3_uri(uri)); }};
}

store::Scheme urls(const std::shared_ptr<LazySession>& session) {
  return {[session](const std::string& url) { return open_url(session->get(), url); }, {}};
}

}  // namespace

void add_schemes(store::Store& store, S3Options options) {
  S3Options of_urls = options;
  of_urls.unsigned_requests = true;  // whoever reads a URL needs no key, nor files that tell of keys
  const auto web = std::make_shared<LazySession>(std::move(of_urls));
  store.add("s3", objects(std::make_shared<LazySession>(std::move(options))));
  store.add("http", urls(web));
  store.add("https", urls(web));
}

}  // namespace okibi::s3
