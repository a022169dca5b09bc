// store/local_folder.h: a folder of this machine.
#pragma once

#include <okibi/store.h>

namespace okibi::store {

bool is_local_folder(const std::string& path);

class LocalFolder final : public Folder {
 public:
  explicit LocalFolder(std::string path);  // Error(bad_argument) where a file stands there

  std::string name() const override { return path_; }
  std::vector<std::string> names() const override;
  bool has_folders() const override;

 protected:
  bool find(const std::string& file) const override;
  std::shared_ptr<const io::Source> open_file(const std::string& file) const override;
  std::unique_ptr<io::Sink> create_file(const std::string& file) const override;
  void remove_file(const std::string& file) const override;

 private:
  std::string path_of(const std::string& file) const;

  std::string path_;
};

}  // namespace okibi::store
