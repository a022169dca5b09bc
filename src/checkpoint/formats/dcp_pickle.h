// checkpoint/formats/dcp_pickle.h: the objects in .metadata, as what they describe.
#pragma once

#include <okibi/checkpoint.h>
#include <okibi/pickle.h>

#include <optional>
#include <string_view>

namespace okibi::checkpoint {

// Error(unsafe) that names every global which is none of the format's and which the options do not allow.
void check_dcp_globals(const pickle::Graph& graph, const LoadOptions& options);

bool is_dcp_object(const pickle::Graph& graph, pickle::NodeId id, std::string_view class_name);

// For messages: a number itself, the class of an object, and of anything else the kind.
std::string what_is(const pickle::Graph& graph, pickle::NodeId id);

// The attributes of a dataclass, as the pickle gives them to it. Every mistake is Error(bad_file) that names class and
// attribute.
class DcpObject {
 public:
  DcpObject(const pickle::Graph& graph, pickle::NodeId id, std::string_view class_name);

  // None is nothing, too. Given twice, Python's is the last one, and other readers' the first: Error(bad_file).
  std::optional<pickle::NodeId> find(std::string_view attribute) const;
  pickle::NodeId at(std::string_view attribute) const;
  std::string_view text(std::string_view attribute) const;
  uint64_t count(std::string_view attribute) const;  // an int that is not negative
  Dims dims(std::string_view attribute, const Limits& limits) const;
  std::span<const pickle::NodeId> children(std::string_view attribute, pickle::Kind kind) const;

  [[noreturn]] void fail(std::string_view attribute, std::string_view expected, pickle::NodeId found) const;

 private:
  const pickle::Graph& graph_;
  std::string class_name_;
  std::span<const pickle::NodeId> state_ = {};  // key, value …
};

// Names of tensors and files. They are kept and looked up again and again, so a long one would cost its length each
// time.
inline constexpr size_t longest_dcp_name = 4096;
std::string_view short_text(const pickle::Graph& graph, pickle::NodeId id, std::string_view what);

}  // namespace okibi::checkpoint
