// okibi/pickle.h: bytes ⇄ a graph of what a pickle says. Nothing is called, nothing is looked up: a global is a name in
// the graph, a call is a node that says what would be called. What any of it means is for `checkpoint` to decide.
//
// The format is CPython's (Lib/pickletools.py, PEPs 307, 3154, 574), protocols 0 to 5.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <okibi/base.h>
#include <okibi/io.h>

namespace okibi::pickle {

// A node's place in its Graph. Shared objects are one node with several parents; cycles are possible.
enum class NodeId : uint32_t {};

enum class Kind : uint8_t {
  none,
  boolean,        // integer() is 0 or 1
  integer,        // fits int64_t
  long_integer,   // does not: bytes() is little-endian two's complement, as LONG1 stores it
  real,           // real()
  string,         // text(), UTF-8 (lone surrogates as Python's surrogatepass writes them)
  bytes,          // bytes()
  byte_array,     // bytes()
  list,           // children()
  tuple,          // children()
  dict,           // children(): key, value, key, value …
  set,            // children()
  frozen_set,     // children()
  global,         // module() and text() (its name)
  persistent,     // child(0): the persistent id
  object,         // a call that is not made; see Object
};

// How an object would come to be.
enum class Made : uint8_t {
  reduce,  // callable(*arguments)
  newobj,  // class.__new__(class, *arguments)
  newobj_ex,
};

// An object: what would be called with which arguments, and what would be done to it afterwards, in order of kind.
struct Object {
  Made made = Made::reduce;
  NodeId callable = {};
  NodeId arguments = {};             // a tuple node (any node in a hostile file)
  NodeId keywords = {};              // newobj_ex only: a dict node
  std::vector<NodeId> states = {};   // of BUILD, in order
  std::vector<NodeId> appended = {};  // of APPEND(S)
  std::vector<NodeId> items = {};    // of SETITEM(S): key, value …
};

// Everything one pickle says. Owns all its bytes, so that the file may go. Immutable for readers; many threads may read.
class Graph {
 public:
  NodeId root() const noexcept { return root_; }
  size_t size() const noexcept { return nodes_.size(); }
  uint64_t end_offset() const noexcept { return end_offset_; }  // of the byte after STOP
  int protocol() const noexcept { return protocol_; }

  Kind kind(NodeId id) const noexcept { return node(id).kind; }
  int64_t integer(NodeId id) const noexcept { return node(id).number; }
  double real(NodeId id) const noexcept { return std::bit_cast<double>(node(id).number); }
  std::string_view text(NodeId id) const noexcept;    // string, global (the name)
  std::string_view module(NodeId id) const noexcept;  // global
  std::span<const std::byte> bytes(NodeId id) const noexcept;
  std::span<const NodeId> children(NodeId id) const noexcept;
  NodeId child(NodeId id, size_t index) const noexcept { return children(id)[index]; }
  const Object& object(NodeId id) const noexcept;
  uint64_t offset(NodeId id) const noexcept { return node(id).offset; }  // of the opcode that made it; for messages

  // Building. A container may be filled after it was made, and so contain itself.
  NodeId add_none();
  NodeId add_boolean(bool value);
  NodeId add_integer(int64_t value);
  NodeId add_long(std::span<const std::byte> little_endian);
  NodeId add_real(double value);
  NodeId add_string(std::string_view utf8);
  NodeId add_bytes(std::span<const std::byte> bytes, Kind kind = Kind::bytes);
  NodeId add_container(Kind kind, std::span<const NodeId> children = {});  // list, tuple, dict, set, frozen_set
  NodeId add_global(std::string_view module, std::string_view name);
  NodeId add_persistent(NodeId id);
  NodeId add_object(Object object);
  void append(NodeId container, std::span<const NodeId> children);  // list, dict (pairs), set; amortised
  Object& mutable_object(NodeId id);
  void set_offset(NodeId id, uint64_t offset) { nodes_[static_cast<size_t>(id)].offset = offset; }
  void set_root(NodeId id) { root_ = id; }
  void set_end(uint64_t offset, int protocol) { end_offset_ = offset, protocol_ = protocol; }

 private:
  struct Node {
    Kind kind = Kind::none;
    uint32_t count = 0;     // children in use
    uint32_t capacity = 0;  // children reserved at `begin`
    uint32_t module_size = 0;
    int64_t number = 0;     // integer, bits of a real, size of text, index of an Object
    uint64_t begin = 0;     // into children_ or characters_
    uint64_t offset = 0;
  };
  const Node& node(NodeId id) const noexcept { return nodes_[static_cast<size_t>(id)]; }

  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  std::vector<char> characters_;
  std::vector<Object> objects_;
  NodeId root_ = {};
  uint64_t end_offset_ = 0;
  int protocol_ = 0;
};

// Reads one pickle from the start of `bytes` to its STOP. Iterative, linear in time and memory. Every malformation is
// Error(bad_file) with the offset and the opcode; Error(limit) for max_pickle_nodes. Python 2's module and class names
// are given their Python 3 names (`__builtin__ set` → `builtins set`), and `_codecs.encode(text, 'latin1')`, by which
// protocol 2 spells bytes, becomes bytes.
Graph decode(std::span<const std::byte> bytes, const Limits& limits = {});

// Writes protocol 2 as CPython's C pickler does, memo numbers included: an object with several parents is written once.
// A NodeId stands for the identity of a Python object, so two equal strings that are two nodes are written twice.
// Iterative: depth costs no stack. Error(bad_argument) for what protocol 2 cannot say.
void encode(const Graph& graph, io::Sink& sink);

}  // namespace okibi::pickle
