#include "s3/object_folder.h"

#include <algorithm>

#include "s3/listing.h"
#include "s3/object_source.h"
#include "s3/objects.h"
#include "s3/upload.h"

namespace okibi::s3 {
namespace {

S3Uri as_prefix(S3Uri where) {
  if (!where.key.empty() && !where.key.ends_with('/')) where.key += '/';
  return where;
}

bool exists(Session& session, const S3Uri& where) {
  const Reply reply = session.try_call({.name = "HeadObject", .method = "HEAD", .where = where});
  if (reply.error && reply.error->kind() != ErrorKind::not_found) throw Error(*reply.error);
  return !reply.error;
}

bool has_keys(Session& session, const S3Uri& prefix) {
  const S3Listing first = list_objects(session, prefix.bucket, prefix.key, "", 1);
  return !first.objects.empty();
}

}  // namespace

ObjectFolder::ObjectFolder(std::shared_ptr<Session> session, S3Uri where)
    : session_(std::move(session)), prefix_(as_prefix(std::move(where))) {
  check_bucket(prefix_.bucket);
}

std::string ObjectFolder::name() const { return "s3://" + prefix_.bucket + "/" + prefix_.key; }

// A key that ends in "/" is what some tools make to show an empty folder; it is no file.
std::vector<std::string> ObjectFolder::names() const {
  std::vector<std::string> names;
  for (const S3Object& object : list_objects(*session_, prefix_.bucket, prefix_.key, "/").objects) {
    const std::string name = object.key.substr(prefix_.key.size());
    if (!name.empty() && name.find('/') == name.npos) names.push_back(name);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());  // some stores repeat a key on the next page
  return names;
}

bool ObjectFolder::has_folders() const { return s3::has_folders(*session_, prefix_); }

bool ObjectFolder::find(const std::string& file) const { return exists(*session_, place_of(file)); }

std::shared_ptr<const io::Source> ObjectFolder::open_file(const std::string& file) const {
  return open_object(session_, place_of(file));
}

std::unique_ptr<io::Sink> ObjectFolder::create_file(const std::string& file) const {
  return std::make_unique<Upload>(session_, place_of(file));
}

void ObjectFolder::remove_file(const std::string& file) const { delete_object(*session_, place_of(file)); }

bool is_object_folder(Session& session, const S3Uri& where) {
  try {
    if (!has_keys(session, as_prefix(where))) return false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::no_permission) return false;
    throw;
  }
  return where.key.empty() || where.key.ends_with('/') || !exists(session, where);
}

}  // namespace okibi::s3
