// The machine that a pickle is a program for: a stack with marks, a memo, and one action for each opcode. It makes
// nodes and calls nothing.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <okibi/pickle.h>

#include "pickle/cursor.h"
#include "pickle/memo.h"

namespace okibi::pickle {

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const Limits& limits);
  Graph run() &&;

 private:
  using Action = void (Unpickler::*)(const Argument&);
  static constexpr std::array<Action, 256> make_actions();
  void step();

  // unpickler.cpp: the stack and the memo
  void push(NodeId id);
  NodeId pop_one();
  NodeId top() const;
  size_t floor() const noexcept { return marks_.empty() ? 0 : marks_.back(); }
  std::span<const NodeId> marked() const;
  NodeId under_mark() const;
  void drop_marked();
  void put_at(uint64_t index);
  void get_at(uint64_t index);

  void begin_protocol(const Argument& argument);
  void begin_frame(const Argument& argument);
  void stop(const Argument&);
  void push_mark(const Argument&);
  void pop(const Argument&);
  void pop_to_mark(const Argument&);
  void duplicate(const Argument&);
  void get(const Argument& argument);
  void get_line(const Argument& argument);
  void put(const Argument& argument);
  void put_line(const Argument& argument);
  void memoize(const Argument&);
  void refuse_extension(const Argument&);
  void refuse_buffer(const Argument&);

  // atoms.cpp: numbers, text, bytes
  void push_none(const Argument&);
  void push_boolean(const Argument&);
  void push_integer(const Argument& argument);
  void push_int_line(const Argument& argument);
  void push_long(const Argument& argument);
  void push_long_line(const Argument& argument);
  void push_float(const Argument& argument);
  void push_float_line(const Argument& argument);
  void push_string(const Argument& argument);
  void push_escaped_line(const Argument& argument);
  void push_python2_string(const Argument& argument);
  void push_quoted_line(const Argument& argument);
  void push_bytes(const Argument& argument);
  void push_byte_array(const Argument& argument);

  // containers.cpp: making and filling
  void push_empty(const Argument&);
  void make_list(const Argument&);
  void make_tuple(const Argument&);
  void make_short_tuple(const Argument&);
  void make_dict(const Argument&);
  void make_frozen_set(const Argument&);
  void append(const Argument&);
  void append_many(const Argument&);
  void add_many(const Argument&);
  void set_item(const Argument&);
  void set_many(const Argument&);
  void build(const Argument&);
  void fill_list(NodeId target, std::span<const NodeId> values);
  void fill_set(NodeId target, std::span<const NodeId> values);
  void fill_dict(NodeId target, std::span<const NodeId> items);
  void check_hashable(NodeId key) const;

  // calls.cpp: globals, objects, persistent ids
  void push_global(const Argument& argument);
  void make_global(const Argument&);
  void push_persistent_line(const Argument& argument);
  void make_persistent(const Argument&);
  void reduce(const Argument&);
  void make_new(const Argument&);
  void make_new_with_keywords(const Argument&);
  void make_instance(const Argument& argument);
  void make_instance_from_mark(const Argument&);
  void push_instance(NodeId class_id, NodeId arguments);
  NodeId add_named(std::string_view module, std::string_view name);
  void spend_name(uint64_t bytes);
  NodeId in_tuple(NodeId callable, NodeId arguments);
  NodeId add_call(Made made, NodeId callable, NodeId arguments, NodeId keywords = {});

  // folds.cpp: calls that spell plain data
  std::optional<NodeId> fold(NodeId callable, NodeId arguments);
  std::optional<NodeId> fold_bytes(std::span<const NodeId> arguments);
  std::optional<NodeId> fold_encoded(std::span<const NodeId> arguments);
  std::optional<NodeId> fold_byte_array(std::span<const NodeId> arguments);
  std::optional<NodeId> fold_set(Kind kind, std::span<const NodeId> arguments);
  std::optional<NodeId> fold_attribute(std::span<const NodeId> arguments);
  std::optional<NodeId> fold_keywords(std::span<const NodeId> arguments);

  Limits limits_;
  uint64_t name_bytes_left_;
  Cursor cursor_;
  Graph graph_;
  std::vector<NodeId> stack_;
  std::vector<size_t> marks_;  // sizes of the stack when MARK was met
  Memo memo_;
  int protocol_ = 0;
  bool stopped_ = false;

  uint8_t code_ = 0;  // of the opcode in work
  uint64_t offset_ = 0;

  std::unordered_map<NodeId, NodeId> encoded_;  // text → the bytes it was folded to, so that sharing stays sharing
  std::unordered_set<NodeId> taken_;            // lists that a set has taken its members from
};

[[noreturn]] void fail(std::string sentence);  // Error(bad_file)
std::string_view name_of(Kind kind);           // "a list", for messages

}  // namespace okibi::pickle
