#include "pickle/unpickler.h"

#include <fmt/format.h>

#include "pickle/text.h"

namespace okibi::pickle {

constexpr std::array<Unpickler::Action, 256> Unpickler::make_actions() {
  std::array<Action, 256> actions = {};
#define X(code, name, argument, protocol, action) actions[code] = &Unpickler::action;
#include "pickle/opcodes.def"
#undef X
  return actions;
}

Graph decode(std::span<const std::byte> bytes, const Limits& limits) { return Unpickler(bytes, limits).run(); }

Unpickler::Unpickler(std::span<const std::byte> bytes, const Limits& limits)
    : limits_(limits),
      name_bytes_left_(limits.max_copied_bytes + 4 * bytes.size()),
      cursor_(bytes, limits.max_pickle_bytes) {}

Graph Unpickler::run() && {
  try {
    while (!stopped_) step();
  } catch (Error& error) {
    std::string_view name = op_table[code_].name;
    error.at("opcode", name.empty() ? fmt::format("0x{:02x}", code_) : std::string(name)).at("offset", offset_);
    throw;
  }
  graph_.set_end(cursor_.offset(), protocol_);
  return std::move(graph_);
}

void Unpickler::step() {
  static constexpr std::array<Action, 256> actions = make_actions();
  offset_ = cursor_.offset();
  if (cursor_.left() == 0) code_ = static_cast<uint8_t>(Op::STOP);  // what is missing, for the message
  code_ = cursor_.code();
  Argument argument = cursor_.argument(op_table[code_].form);
  (this->*actions[code_])(argument);
  if (graph_.size() > limits_.max_pickle_nodes) {
    throw Error(ErrorKind::limit, fmt::format("the pickle says more than {} things (Limits::max_pickle_nodes)",
                                              limits_.max_pickle_nodes));
  }
}

void fail(std::string sentence) { throw Error(ErrorKind::bad_file, std::move(sentence)); }

// ------------------------------------------------------------------------------------------------------- the stack

void Unpickler::push(NodeId id) {
  graph_.set_offset(id, offset_);
  stack_.push_back(id);
}

NodeId Unpickler::top() const {
  if (stack_.size() <= floor()) fail("the stack is empty where a value is needed");
  return stack_.back();
}

NodeId Unpickler::pop_one() {
  NodeId id = top();
  stack_.pop_back();
  return id;
}

// What lies above the last mark, until drop_marked().
std::span<const NodeId> Unpickler::marked() const {
  if (marks_.empty()) fail("there is no mark on the stack");
  return std::span(stack_).subspan(marks_.back());
}

// The value right below the last mark: what the values above it go into.
NodeId Unpickler::under_mark() const {
  size_t mark = stack_.size() - marked().size();
  size_t outer = marks_.size() > 1 ? marks_[marks_.size() - 2] : 0;
  if (mark <= outer) fail("there is nothing below the mark to fill");
  return stack_[mark - 1];
}

void Unpickler::drop_marked() {
  stack_.resize(marks_.back());
  marks_.pop_back();
}

void Unpickler::push_mark(const Argument&) { marks_.push_back(stack_.size()); }

// POP right after MARK takes the mark away.
void Unpickler::pop(const Argument&) {
  if (!marks_.empty() && marks_.back() == stack_.size()) {
    marks_.pop_back();
  } else {
    pop_one();
  }
}

void Unpickler::pop_to_mark(const Argument&) {
  marked();
  drop_marked();
}

void Unpickler::duplicate(const Argument&) { stack_.push_back(top()); }

void Unpickler::stop(const Argument&) {
  graph_.set_root(pop_one());
  stopped_ = true;
}

// -------------------------------------------------------------------------------------------------------- the memo

void Unpickler::put_at(uint64_t index) { memo_.put(index, top()); }

void Unpickler::get_at(uint64_t index) {
  std::optional<NodeId> id = memo_.get(index);
  if (!id) fail(fmt::format("nothing was put into the memo as number {}", index));
  stack_.push_back(*id);
}

void Unpickler::get(const Argument& argument) { get_at(static_cast<uint64_t>(argument.number)); }
void Unpickler::get_line(const Argument& argument) { get_at(parse_memo_index(argument.text)); }
void Unpickler::put(const Argument& argument) { put_at(static_cast<uint64_t>(argument.number)); }
void Unpickler::put_line(const Argument& argument) { put_at(parse_memo_index(argument.text)); }
void Unpickler::memoize(const Argument&) { put_at(memo_.size()); }

// ------------------------------------------------------------------------------------------------------- the frame

void Unpickler::begin_protocol(const Argument& argument) {
  if (argument.number > 5) {
    throw Error(ErrorKind::unsupported, "the pickle says that it is of a protocol that okibi does not know")
        .expected("0 to 5")
        .found(std::to_string(argument.number));
  }
  protocol_ = static_cast<int>(argument.number);
}

// Frames help readers of slow media; here they are only held to lie within the bytes, as CPython does.
void Unpickler::begin_frame(const Argument& argument) {
  uint64_t length = static_cast<uint64_t>(argument.number);
  if (length > cursor_.left()) {
    throw Error(ErrorKind::bad_file, "a frame is longer than the pickle")
        .expected(fmt::format("at most {} bytes", cursor_.left()))
        .found(std::to_string(length));
  }
}

void Unpickler::refuse_extension(const Argument& argument) {
  throw Error(ErrorKind::unsupported, "the pickle uses a number for a class that only its writer knows")
      .found(fmt::format("extension code {}", argument.number))
      .hint("Save it again without copyreg.add_extension.");
}

void Unpickler::refuse_buffer(const Argument&) {
  throw Error(ErrorKind::unsupported, "the pickle keeps some of its bytes elsewhere (an out-of-band buffer)")
      .hint("Save it again without a buffer_callback.");
}

}  // namespace okibi::pickle
