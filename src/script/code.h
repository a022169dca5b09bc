// script/code.h: a function as it runs: expressions with types, each call of an operator bound to one schema, and
// variables in numbered places of a frame. Made by Lowering, run by Frame.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <okibi/value.h>

#include "script/kernels.h"
#include "script/schema.h"
#include "script/syntax/tree.h"
#include "script/type.h"

namespace okibi::script {

enum class NodeKind : uint8_t {
  constant,       // value
  variable,       // slot
  get_attribute,  // inputs[0] . name
  call_operator,  // schema (inputs …)
  print_line,     // the same of prim::Print, whose kernel gives the line
  call_function,  // the function `name` (inputs …)
  call_method,    // inputs[0] . name (inputs[1] …)
  make_object,    // an object of the class `name`
  make_list,      // [inputs], or the one input `slot` times
  make_tuple,     // (inputs)
  make_dict,      // {inputs: key, value …}
  tuple_index,    // inputs[0] [slot]
  tuple_slice,    // inputs[0] [slot : slot_end], a list where `type` is one
  is_instance,    // inputs[0], types
  retyped,        // inputs[0] as it is, of another type
  to_list,        // inputs[0].tolist() as `type`
  enum_part,      // inputs[0].name or .value
  run_block,      // block, whose return is the value: what was forked
};

struct Block;

struct Node {
  NodeKind kind = NodeKind::constant;
  Place place = {};
  Type type = {};
  std::vector<std::unique_ptr<Node>> inputs = {};
  std::string name = {};
  Value value = {};
  uint32_t slot = 0, slot_end = 0;
  const Schema* schema = nullptr;
  Kernel kernel = {};  // of it, where okibi has one
  std::vector<Type> types = {};
  std::unique_ptr<Block> block = {};
};
using NodePtr = std::unique_ptr<Node>;

inline NodePtr make_node(NodeKind kind, Type type, const Place& place) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->type = std::move(type);
  node->place = place;
  return node;
}

enum class StepKind : uint8_t {
  evaluate,       // value
  assign,         // slots[0] = value
  unpack,         // slots = the items of value
  set_attribute,  // target . name = value
  branch,         // if value: body else: orelse
  loop,           // while value: body
  count,          // for slots[0] in range(value): body
  with,           // with value as slots[0]: body; a slot is optional
  returns,        // value
  fails,          // with unknown.problem: what is here could not be understood, and may never be reached
};

// Statements that could not be understood, to the end of their block.
struct Unknown {
  std::span<const Stmt> statements;  // of the source, which outlives the code
  Error problem;
};

struct Step {
  StepKind kind = StepKind::evaluate;
  Place place = {};
  NodePtr value = {}, target = {};
  std::string name = {};
  std::vector<uint32_t> slots = {};
  std::vector<Step> body = {}, orelse = {};
  std::shared_ptr<const Unknown> unknown = {};
};

struct Block {
  std::vector<Step> steps = {};
};

struct CodeParameter {
  std::string name;
  Type type = {};
  NodePtr default_value = {};
  std::string default_text = {};
};

struct Code {
  std::string name;                            // qualified
  std::string record;                          // in which its source stands
  std::vector<CodeParameter> parameters = {};  // in slots 0, 1 …; of a method, self is the first
  Type returns = {TypeKind::none};
  uint32_t slots = 0;
  Block body = {};
  std::vector<std::shared_ptr<const Unknown>> unknown = {};  // all that stands in it
};

}  // namespace okibi::script
