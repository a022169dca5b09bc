// okibi/pickle.h: bytes ⇄ a graph of what a pickle says. Nothing is called, nothing is looked up: a global is a name in
// the graph, a call is a node that says what would be called. What any of it means is for `checkpoint` to decide.
//
// The format is CPython's (Lib/pickletools.py, PEPs 307, 3154, 574), protocols 0 to 5.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <okibi/base.h>
#include <okibi/io.h>

namespace okibi::pickle {

// A node's place in its Graph. Shared objects are one node with several parents; cycles are possible.
enum class NodeId : uint32_t {};

enum class Kind : uint8_t {
  none,
  boolean,       // integer() is 0 or 1
  integer,       // fits int64_t
  long_integer,  // does not: bytes() is little-endian two's complement, as LONG1 stores it
  real,          // real()
  string,        // text(), UTF-8 (lone surrogates as Python's surrogatepass writes them)
  bytes,         // bytes()
  byte_array,    // bytes()
  list,          // children()
  tuple,         // children()
  dict,          // children(): key, value, key, value …
  set,           // children()
  frozen_set,    // children()
  global,        // module() and text() (its name)
  persistent,    // child(0): the persistent id
  object,        // a call that is not made; see Object
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
  NodeId callable = {};               // a global, object or persistent node
  NodeId arguments = {};              // a tuple node
  NodeId keywords = {};               // newobj_ex only: a dict node
  std::vector<NodeId> states = {};    // of BUILD, in order
  std::vector<NodeId> appended = {};  // of APPEND(S) and ADDITEMS
  std::vector<NodeId> items = {};     // of SETITEM(S): key, value …
};

// Everything one pickle says. Owns all its bytes, so that the file may go. Immutable for readers; many threads may
// read.
class Graph {
 public:
  NodeId root() const noexcept { return root_; }
  size_t size() const noexcept { return nodes_.size(); }
  uint64_t end_offset() const noexcept { return end_offset_; }  // of the byte after STOP
  int protocol() const noexcept { return protocol_; }

  Kind kind(NodeId id) const noexcept { return node(id).kind; }
  int64_t integer(NodeId id) const noexcept { return static_cast<int64_t>(node(id).word); }
  double real(NodeId id) const noexcept { return std::bit_cast<double>(node(id).word); }
  std::string_view text(NodeId id) const noexcept;    // string, global (the name)
  std::string_view module(NodeId id) const noexcept;  // global
  std::span<const std::byte> bytes(NodeId id) const noexcept;
  std::span<const NodeId> children(NodeId id) const noexcept;  // good until the graph is added to
  NodeId child(NodeId id, size_t index) const noexcept { return children(id)[index]; }
  const Object& object(NodeId id) const noexcept { return objects_[node(id).word]; }
  uint64_t offset(NodeId id) const noexcept { return node(id).offset; }  // of the opcode that made it; for messages

  // Building. A container may be filled after it was made, and so contain itself. Text and bytes of 4 GiB or more are
  // Error(unsupported). What is passed in must not lie in this graph.
  NodeId add_none();
  NodeId add_boolean(bool value);
  NodeId add_integer(int64_t value);
  NodeId add_long(std::span<const std::byte> little_endian);  // an integer node if it fits one
  NodeId add_real(double value);
  NodeId add_string(std::string_view utf8);
  NodeId add_bytes(std::span<const std::byte> bytes, Kind kind = Kind::bytes);
  NodeId add_container(Kind kind, std::span<const NodeId> children = {});  // list, tuple, dict, set, frozen_set
  NodeId add_same(Kind kind, NodeId content);  // a new node with the children or the bytes that `content` has now
  NodeId add_global(std::string_view module, std::string_view name);
  NodeId add_persistent(NodeId id);
  NodeId add_object(Object object);
  void append(NodeId container, std::span<const NodeId> children);  // list, dict (pairs), set; amortised
  Object& mutable_object(NodeId id) { return objects_[node(id).word]; }
  // Whatever refers to one of these nodes refers to the node beside it from now on: what a persistent id stands for.
  void redirect(const std::unordered_map<NodeId, NodeId>& to);
  void set_offset(NodeId id, uint64_t offset) { node(id).offset = offset; }
  void set_root(NodeId id) { root_ = id; }
  void set_end(uint64_t offset, int protocol) { end_offset_ = offset, protocol_ = protocol; }

 private:
  // 24 bytes: a checkpoint of 100,000 tensors has millions of them.
  struct Node {
    uint64_t offset : 56 = 0;
    Kind kind : 8 = Kind::none;
    uint64_t word = 0;  // an integer, the bits of a real, the index of an Object, or the place in a pool
    uint32_t size = 0;  // of the text or the bytes; children in use
    uint32_t more = 0;  // children reserved; the part of a global's text that is its module
  };
  const Node& node(NodeId id) const noexcept { return nodes_[static_cast<size_t>(id)]; }
  Node& node(NodeId id) noexcept { return nodes_[static_cast<size_t>(id)]; }
  NodeId add(Kind kind, uint64_t word, uint32_t size = 0, uint32_t more = 0);
  NodeId add_text(Kind kind, std::string_view text);
  void reserve_children(Node& container, size_t count);

  std::vector<Node> nodes_;
  std::vector<NodeId> children_;  // pools: a node has a run of its own
  std::vector<char> characters_;
  std::vector<Object> objects_;
  NodeId root_ = {};
  uint64_t end_offset_ = 0;
  int protocol_ = 0;
};

// Reads one pickle from the start of `bytes` to its STOP. Iterative, linear in time and memory. Every malformation is
// Error(bad_file) with the offset and the opcode; Error(limit) for max_pickle_nodes and max_pickle_bytes;
// Error(unsupported) for extension codes, out-of-band buffers and protocols to come. Python 2's module and class names
// are given their Python 3 names (`__builtin__ set` → `builtins set`), and Python 2's str is a string where it is
// UTF-8, else bytes. The calls by which old protocols spell what newer ones have opcodes for are read as what they
// mean:
//
//   _codecs.encode(text, 'latin1'), bytes()        bytes
//   bytearray(bytes), bytearray()                  byte_array
//   set(list), frozenset(list)                     set, frozen_set
//   getattr(class, name)                           the global of a nested class, named `Outer.Inner`
//   copyreg.__newobj_ex__(class, tuple, dict)      an object made by newobj_ex
Graph decode(std::span<const std::byte> bytes, const Limits& limits = {});

enum class Dialect : uint8_t {
  python,
  // What PyTorch's C++ reads of it (torch/csrc/jit/serialization/unpickler.cpp): lists always in batches, numbers
  // beyond 32 bits as LONG1 of 8 bytes, Error(unsupported) for those beyond 64; the arguments of a call may be
  // something else than a tuple.
  torchscript,
};

// Writes protocol 2 as CPython's C pickler does, memo numbers included: an object with several parents is written once.
// A NodeId stands for the identity of a Python object, so two equal strings that are two nodes are written twice; but a
// global is known by its name. Iterative: depth costs no stack. Error(bad_argument) for what protocol 2 cannot say.
void encode(const Graph& graph, io::Sink& sink, Dialect dialect = Dialect::python);

}  // namespace okibi::pickle
