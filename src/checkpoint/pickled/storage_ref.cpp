#include "checkpoint/pickled/storage_ref.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/pickled/arguments.h"

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

namespace {

// PyTorch numbers its storages. Others have used names; a path into other folders is an attack.
bool is_plain_key(std::string_view key) {
  auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.';
  };
  return !key.empty() && key.size() <= 200 && key != "." && key != ".." && std::ranges::all_of(key, is_plain);
}

std::string key_of(const pickle::Graph& graph, const Arguments& id) {
  bool is_number = graph.kind(id[2]) == Kind::integer;  // PyTorch tolerates it, so it may be met
  std::string key = is_number ? std::to_string(id.integer(2, "key")) : id.text(2, "key");
  if (is_plain_key(key)) return key;
  throw Error(ErrorKind::bad_file, "a storage's key is no plain name").found(fmt::format("\"{}\"", key.substr(0, 200)));
}

void check_same(const StorageRef& before, const StorageRef& now) {
  // An UntypedStorage may be a ByteStorage elsewhere: the same bytes.
  if (before.dtype == now.dtype && before.numel == now.numel && before.location == now.location) return;
  auto describe = [](const StorageRef& r) { return fmt::format("{} {} on {}", r.numel, name_of(r.dtype), r.location); };
  throw Error(ErrorKind::bad_file, "the pickle says two different things about one storage")
      .at("storage", now.key)
      .expected(describe(before))
      .found(describe(now));
}

}  // namespace

const StorageRef& StorageRefs::of(NodeId persistent) {
  StorageRef ref = parse(persistent);
  const StorageRef* known = by_key_.find(ref.key);
  if (!known) return by_key_.add(ref.key, ref);
  check_same(*known, ref);
  return *known;
}

StorageRef StorageRefs::parse(NodeId persistent) const {
  Arguments id(graph_, "a storage's persistent id", graph_.child(persistent, 0), 5, 6);
  if (id.text(0, "the first item") != "storage") id.fail(0, "the first item", "\"storage\"");
  id.must_be(1, "the storage class", Kind::global);
  const Global& global = globals_.of(id[1]);
  bool untyped = global.meaning == Meaning::untyped_storage;
  if (global.meaning != Meaning::storage && !untyped) id.fail(1, "the storage class", "a storage class");
  if (graph_.kind(id[3]) == Kind::string && graph_.text(id[3]).size() > 200) id.fail(3, "location", "a device");
  StorageRef ref{.key = key_of(graph_, id),
                 .location = id.text(3, "location"),
                 .dtype = global.dtype,
                 .untyped = untyped,
                 .numel = id.integer(4, "numel")};
  if (ref.numel < 0) {
    throw Error(ErrorKind::bad_file, "a storage has a negative number of elements").at("storage", ref.key);
  }
  ref.nbytes = checked_mul(static_cast<uint64_t>(ref.numel), itemsize(ref.dtype), "the size of a storage");
  return ref;
}

}  // namespace okibi::checkpoint
