// Writes a graph as CPython 3.11's C pickler writes the objects it stands for, in protocol 2. Which things get a memo
// number, and when, is part of the bytes: see Modules/_pickle.c, save() and save_reduce().
//
// What is begun and not finished lies on a stack of frames, so depth costs memory, not C++ stack.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <okibi/pickle.h>

#include "pickle/output.h"

namespace okibi::pickle {

class Pickler {
 public:
  Pickler(const Graph& graph, io::Sink& sink, Dialect dialect);
  void run();

 private:
  // The parts of an object, in the order in which they are written.
  enum class Part : uint8_t { callable, arguments, keywords, call, appended, items, states };

  struct Frame {
    NodeId node;
    Part part = Part::callable;
    uint64_t next = 0;  // the child to write next
  };

  // How the children of a list or a dict are written: one alone, or in batches between MARK and an opcode.
  struct Batches {
    Op one, many;
    size_t width;  // nodes an item has: 2 for key and value
    bool exact;    // a plain list or dict, whose size CPython knows; else what an iterator gives
  };
  static constexpr Batches of_list = {Op::APPEND, Op::APPENDS, 1, true};
  static constexpr Batches of_dict = {Op::SETITEM, Op::SETITEMS, 2, true};
  static constexpr Batches of_appended = {Op::APPEND, Op::APPENDS, 1, false};
  static constexpr Batches of_items = {Op::SETITEM, Op::SETITEMS, 2, false};

  // pickler.cpp: what has parts
  void save(NodeId id);
  void begin(NodeId id);
  void begin_tuple(NodeId id);
  void begin_set(NodeId id);
  void advance();
  void advance_persistent(Frame& frame);
  void advance_tuple(Frame& frame);
  void advance_list(Frame& frame, const Batches& batches);
  void advance_set(Frame& frame);
  void advance_object(Frame& frame);
  void save_callable(const Object& object);
  bool call(NodeId id, Made made);
  void advance_states(Frame& frame, std::span<const NodeId> states);
  bool advance_items(Frame& frame, std::span<const NodeId> items, const Batches& batches);
  bool is_alone(size_t item, size_t total, const Batches& batches) const;
  void spend(uint64_t steps);

  // pickler_atoms.cpp: what has none, and the memo
  void save_atom(NodeId id);
  void save_integer(int64_t value);
  void save_long(std::span<const std::byte> bytes);
  void save_real(double value);
  void save_text(std::string_view utf8);
  void save_string(NodeId id, std::string_view utf8);
  void save_decoded(std::span<const std::byte> bytes);
  void save_bytes(std::span<const std::byte> bytes);
  void save_byte_array(std::span<const std::byte> bytes);
  void save_latin1();
  uint32_t save_global(std::string_view module, std::string_view name);
  void save_nested(std::string_view module, std::string_view path);
  void save_global_node(NodeId id);
  void make_short_tuple(Op op);
  void get(uint32_t number);
  uint32_t put();
  bool known(NodeId id) const { return numbers_[static_cast<size_t>(id)] != 0; }
  void get_known(NodeId id) { get(numbers_[static_cast<size_t>(id)] - 1); }
  void remember(NodeId id, uint32_t number) { numbers_[static_cast<size_t>(id)] = number + 1; }

  const Graph& graph_;
  const Dialect dialect_;
  Output out_;
  std::vector<Frame> frames_;
  std::vector<uint32_t> numbers_;            // by node: its memo number + 1, or 0
  std::map<std::string, uint32_t> globals_;  // "module\nname" → memo number
  std::optional<uint32_t> latin1_;           // memo number of the string 'latin1'
  std::array<uint32_t, 256> letters_ = {};   // of a single byte as text: memo number + 1, or 0
  uint64_t next_number_ = 0;
  uint64_t budget_;  // steps left before the graph must be one without an end
};

}  // namespace okibi::pickle
