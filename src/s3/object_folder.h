// s3/object_folder.h: the keys under a prefix, as a Folder.
#pragma once

#include "s3/session.h"

namespace okibi::s3 {

class ObjectFolder final : public store::Folder {
 public:
  // `where`: "runs/7" and "runs/7/" are the same, "" is the whole bucket. No request.
  ObjectFolder(std::shared_ptr<Session> session, S3Uri where);

  std::string name() const override;
  std::vector<std::string> names() const override;
  bool has_folders() const override;

 protected:
  bool find(const std::string& file) const override;
  std::shared_ptr<const io::Source> open_file(const std::string& file) const override;
  std::unique_ptr<io::Sink> create_file(const std::string& file) const override;
  void remove_file(const std::string& file) const override;

 private:
  S3Uri place_of(const std::string& file) const { return {prefix_.bucket, prefix_.key + file}; }

  std::shared_ptr<Session> session_;
  S3Uri prefix_;  // its key is empty, or ends in "/"
};

// Whether there are keys under `where` as a prefix, and no object of that very name: one request for an object, two for
// a folder. Where listing is not permitted there is no telling, and nothing but an object could be read: false.
bool is_object_folder(Session& session, const S3Uri& where);

}  // namespace okibi::s3
