// okibi/store.h: from a URI to a Source or a Sink, by a table of schemes. A plain path and file:// are always there;
// others (s3://, http://) are handed in by whoever wires the program.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <okibi/io.h>

namespace okibi::store {

// What opens the URIs of one scheme. Both may be empty where a scheme can only be read, or only be written.
struct Scheme {
  std::function<std::shared_ptr<const io::Source>(const std::string& uri)> open;
  std::function<std::unique_ptr<io::Sink>(const std::string& uri)> create;
};

// A table of schemes. Copy it, add to it, hand it on; it is not changed while in use.
class Store {
 public:
  Store();  // knows paths and file://
  void add(std::string scheme, Scheme how);  // "s3" for s3://…

  // Error(unsupported) for a scheme that the table does not have, naming those that it has.
  std::shared_ptr<const io::Source> open(const std::string& uri) const;
  std::unique_ptr<io::Sink> create(const std::string& uri) const;

 private:
  std::map<std::string, Scheme> schemes_;
};

// The store that okibi::load, save and open use when they get a URI. One of the few globals, because a PyTorch user
// expects `load("s3://…")` to work; set it before threads start.
Store& default_store();

// "s3" of "s3://bucket/key", "" of a plain path.
std::string scheme_of(const std::string& uri);

}  // namespace okibi::store
