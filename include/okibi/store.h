// okibi/store.h: from a URI to a Source, a Sink or a Folder, by a table of schemes. A plain path and file:// are always
// there; others are handed in by whoever wires the program. The default store has s3://, http:// and https:// besides, of
// which <okibi/s3.h> tells more.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <okibi/io.h>

namespace okibi::store {

// Files that belong together: a folder, or the keys of an object store under one prefix. It need not exist: then it has
// no files, and the first file that is created makes it.
//
// The names of its files mostly come out of one of them (an index), so they are hostile: a name leads down, by plain
// steps ("model-00001.bin", "unet/model.bin"). One that is empty, absolute, a URL, has a step ".." or a backslash or a
// control character in it, is Error(bad_file). Symbolic links are followed: those were put there by the folder's owner,
// not by a file in it, and the caches of Hugging Face are made of them. It must still be a regular file they lead to.
class Folder {
 public:
  virtual ~Folder() = default;
  Folder() = default;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  virtual std::string name() const = 0;                // a path or a URI, for messages
  virtual std::vector<std::string> names() const = 0;  // of its files, not of those in folders within it; sorted
  virtual bool has_folders() const = 0;                // whether there are such

  bool has(const std::string& file) const;  // whether there is something of that name, whatever it is
  std::shared_ptr<const io::Source> open(const std::string& file) const;  // Error(not_found) where there is none
  std::unique_ptr<io::Sink> create(const std::string& file) const;        // visible at commit(), as every Sink
  void remove(const std::string& file) const;                             // or there was none

 protected:
  // The same for names that were checked.
  virtual bool find(const std::string& file) const = 0;
  virtual std::shared_ptr<const io::Source> open_file(const std::string& file) const = 0;
  virtual std::unique_ptr<io::Sink> create_file(const std::string& file) const = 0;
  virtual void remove_file(const std::string& file) const = 0;
};

// A write that was begun and never ended, because its program was killed: its parts take room, and may cost money, until
// someone removes them. Nobody can tell it from one that still goes on but by its age.
struct Unfinished {
  std::string uri;
  std::string begun;  // as the store says it: "2026-11-23T12:00:00.000Z"
  std::function<void()> remove;
};

// What opens the URIs of one scheme. Each may be empty where a scheme can only be read, or only be written, or has no
// folders.
struct Scheme {
  std::function<std::shared_ptr<const io::Source>(const std::string& uri)> open;
  std::function<std::unique_ptr<io::Sink>(const std::string& uri)> create;
  std::function<bool(const std::string& uri)> is_folder = {};
  std::function<std::shared_ptr<const Folder>(const std::string& uri)> folder = {};
  std::function<std::vector<Unfinished>(const std::string& uri)> unfinished = {};
};

// A table of schemes. Copy it, add to it, hand it on; it is not changed while in use.
class Store {
 public:
  Store();  // knows paths and file://
  void add(std::string scheme, Scheme how);  // "s3" for s3://…

  // Error(unsupported) for a scheme that the table does not have, naming those that it has.
  std::shared_ptr<const io::Source> open(const std::string& uri) const;
  std::unique_ptr<io::Sink> create(const std::string& uri) const;

  bool is_folder(const std::string& uri) const;  // it is there, and is one
  std::shared_ptr<const Folder> folder(const std::string& uri) const;

  // Of all URIs that begin so. Error(unsupported) for a scheme that leaves none, as files do, or does not tell.
  std::vector<Unfinished> unfinished(const std::string& uri) const;

 private:
  std::map<std::string, Scheme> schemes_;
};

// The store that okibi::load, save and open use when they get a URI. One of the few globals, because a PyTorch user
// expects `load("s3://…")` to work; set it before threads start.
Store& default_store();

// What the default store does with object storage and the web ends with Error(cancelled) once `stop` was asked for, also
// in the middle of a transfer. To be set before the first such URI is met.
void stop_remote_transfers_by(std::stop_token stop);

// Told when the default store is about to try again a request to object storage or the web: why, and for how long its
// caller will have waited for it by then. To be set before the first such URI is met; called by many threads.
using Retried = std::function<void(const Error& why, std::chrono::milliseconds waiting)>;
void tell_remote_retries_to(Retried tell);

// "s3" of "s3://bucket/key", "" of a plain path.
std::string scheme_of(const std::string& uri);

// A path or URI, fit for messages: a URL of the web without its query, which is as good as a key where it signs the URL,
// and without a name and password. Every message that names what a user gave goes through here.
std::string shown(const std::string& uri);

}  // namespace okibi::store
