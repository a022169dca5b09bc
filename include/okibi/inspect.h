// okibi/inspect.h: what the verbs of the command line do, as functions. They know files and values, never a terminal.
#pragma once

#include <string>
#include <vector>

#include <okibi/checkpoint.h>

namespace okibi::inspect {

// One line of `okibi ls`.
struct ListedTensor {
  TensorEntry entry;
  bool shares_storage = false;  // with another tensor of the file
  std::string sha256 = {};      // of the elements in row-major order, little-endian; only where asked for
};

struct Listing {
  std::string format;
  std::vector<ListedTensor> tensors;
  uint64_t total_nbytes = 0;   // sum over the tensors
  uint64_t unique_nbytes = 0;  // sum over the storages
};

enum class Order : uint8_t { file, size };

struct ListOptions {
  std::string glob = {};  // shell pattern over names; empty means all
  Order order = Order::file;
  bool hash = false;
};

// Lazy: reads the index and the pickle only (with `hash`, the tensors too).
Listing list(const Archive& archive, const ListOptions& options = {});

// The object as an indented tree for people: scalars with their values, tensors with dtype, shape and a few values.
// `path` picks a part: "optimizer_state_dict.state.0". Error(not_found) lists what is there.
std::string show(const Archive& archive, const std::string& path = {});

// The same as JSON, as the contract of the command line says: {"$tensor": …}, {"$object": …}, {"$tuple": […]} …
std::string show_json(const Archive& archive, const std::string& path = {});

// True when `name` matches the shell pattern (*, ?, [a-z]); * also crosses dots.
bool glob_match(std::string_view pattern, std::string_view name);

}  // namespace okibi::inspect
