#include "tabular/outputs.h"

#include <fmt/format.h>
#include <okibi/store.h>

#include <filesystem>

namespace okibi::tabular {
namespace {

namespace fs = std::filesystem;

// Empty for what is no local file.
fs::path local_path(const std::string& uri) {
  const std::string scheme = store::scheme_of(uri);
  if (scheme == "file") return uri.substr(std::string_view("file://").size());
  return scheme.empty() ? fs::path(uri) : fs::path();
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b || fs::equivalent(local_path(a), local_path(b), ignored);
}

void refuse_same(std::string_view option, const std::string& path, std::string_view other_option,
                 const std::string& other) {
  if (path.empty() || !is_same_file(path, other)) return;
  throw Error(ErrorKind::bad_argument, fmt::format("this would overwrite the file of the option {}", other_option))
      .hint("Choose another path.")
      .at("", store::shown(path))
      .at("option", option);
}

void make_parent_folders(const std::string& uri) {
  const fs::path folder = local_path(uri).parent_path();
  if (folder.empty() || fs::exists(folder)) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return;
  const bool permission = error == std::errc::permission_denied || error == std::errc::read_only_file_system;
  throw Error(permission ? ErrorKind::no_permission : ErrorKind::io, "the folder cannot be made: " + error.message())
      .at("", folder.string());
}

void prepare(std::string_view option, const std::string& uri) {
  if (uri.empty()) return;
  in_context("option", option, [&] {
    make_parent_folders(uri);
    // Of object storage only a question tells whether it answers, and to this key; better now than after an epoch.
    if (!store::scheme_of(uri).empty() && store::default_store().is_folder(uri)) {
      throw Error(ErrorKind::bad_argument, "is a folder").hint("Give the path of a file.").at("", store::shown(uri));
    }
    store::default_store().create(uri);  // dropped at once: a sink that is not committed leaves no trace
  });
}

}  // namespace

void prepare_outputs(const TrainOptions& options) {
  refuse_same("checkpoint", options.checkpoint, "data", options.data);
  refuse_same("model", options.model, "data", options.data);
  refuse_same("model", options.model, "checkpoint", options.checkpoint);
  refuse_same("whole_model", options.whole_model, "data", options.data);
  refuse_same("whole_model", options.whole_model, "checkpoint", options.checkpoint);
  refuse_same("whole_model", options.whole_model, "model", options.model);
  prepare("checkpoint", options.checkpoint);
  prepare("model", options.model);
  prepare("whole_model", options.whole_model);
}

}  // namespace okibi::tabular
