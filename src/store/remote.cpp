#include "store/remote.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace okibi::store {
namespace {

constexpr const char* library = "libokibi_s3.so.0";       // its soname
constexpr const char* function = "okibi_s3_add_schemes";  // src/s3/plugin.cpp
using AddSchemes = void (*)(Store*, const std::stop_token*, const Retried*);

std::stop_token& stop() {
  static std::stop_token token;
  return token;
}

Retried& retried() {
  static Retried told;
  return told;
}

Error not_opened() {
  const char* reason = ::dlerror();
  return Error(ErrorKind::unsupported, fmt::format("object storage needs {}, which could not be opened", library))
      .found(printable(reason ? reason : "an unknown error", 500))
      .hint("Install it beside libokibi_checkpoint.");
}

// Beside the library that this is a part of, else where the system looks.
void* open_beside() {
  Dl_info self = {};
  if (::dladdr(reinterpret_cast<void*>(&add_remote_schemes), &self) != 0 && self.dli_fname) {
    const std::string path = self.dli_fname;
    const std::string beside = path.substr(0, path.rfind('/') + 1) + library;
    if (void* handle = ::dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
  }
  return ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
}

// Never closed: its threads and connections may live as long as the process does.
Store open_library() {
  void* handle = open_beside();
  if (!handle) throw not_opened();
  const auto add = reinterpret_cast<AddSchemes>(::dlsym(handle, function));
  if (!add) throw not_opened();
  Store store;
  add(&store, &stop(), &retried());
  return store;
}

const Store& remote() {
  static const Store store = open_library();
  return store;
}

}  // namespace

void stop_remote_transfers_by(std::stop_token token) { stop() = std::move(token); }
void tell_remote_retries_to(Retried tell) { retried() = std::move(tell); }

void add_remote_schemes(Store& store) {
  const Scheme scheme = {[](const std::string& uri) { return remote().open(uri); },
                         [](const std::string& uri) { return remote().create(uri); },
                         [](const std::string& uri) { return remote().is_folder(uri); },
                         [](const std::string& uri) { return remote().folder(uri); },
                         [](const std::string& uri) { return remote().unfinished(uri); }};
  for (const char* name : {"s3", "http", "https"}) store.add(name, scheme);
}

}  // namespace okibi::store
