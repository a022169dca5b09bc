#include "inspect/scan/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "pickle/cursor.h"
#include "pickle/memo.h"
#include "pickle/python2_names.h"
#include "pickle/text.h"

namespace okibi::inspect {
namespace {

using pickle::Argument;
using pickle::Form;
using pickle::NodeId;
using pickle::Op;

constexpr size_t longest_name = 4096;
constexpr size_t most_faults = 4;
constexpr uint64_t most_inner = uint64_t{16} << 20;
// 0x1950a86a20f9469cfc6c, as LONG1 and as LONG spell it.
constexpr std::string_view legacy_magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::string_view legacy_magic_digits = "119547037146038801333356L";

// What is known of a value on the stack. Most are of no interest: they are all number 0.
struct Known {
  enum class Kind : uint8_t { unknown, text, integer, global, storage } kind = Kind::unknown;
  std::string text = {};
  int64_t number = 0;  // or the position in PickleNames
};
using Id = uint32_t;  // into what is known

class NameReader {
 public:
  explicit NameReader(std::span<const std::byte> bytes) : cursor_(bytes, UINT64_MAX) { known_.emplace_back(); }
  PickleNames read();

 private:
  bool step();
  bool apply(Op op, const Argument& argument);
  bool apply_atom(Op op, const Argument& argument);
  bool apply_memo(Op op, const Argument& argument);
  bool apply_call(Op op, const Argument& argument);

  void push(Id id = 0) { stack_.push_back(id); }
  void push_text(std::string_view text);
  void push_integer(int64_t number);
  void push_global(std::string_view module, std::string_view name, bool is_known = true);
  void replace(size_t popped);
  Id pop();
  std::vector<Id> pop_marked();
  void make_tuple(const std::vector<Id>& items);
  void make_stack_global();
  std::string from_line(Op op, std::string_view line);
  void keep_inner(std::string_view text, bool is_text);
  void fault(std::string sentence);

  pickle::Cursor cursor_;
  PickleNames result_;
  std::vector<Known> known_;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;
  pickle::Memo memo_;
  std::map<std::pair<std::string, std::string>, Id> globals_;
  std::vector<NamedStorage> storages_;  // tuples that would name one if they were a persistent id
  uint64_t inner_bytes_ = 0;
  uint64_t offset_ = 0;
  int64_t protocol_ = 0;
  uint64_t values_ = 0;  // opcodes so far, but for those that say nothing
  bool says_magic_ = false;
};

PickleNames NameReader::read() {
  while (step()) {
  }
  result_.size = cursor_.offset();
  return std::move(result_);
}

bool NameReader::step() {
  offset_ = cursor_.offset();
  if (cursor_.left() == 0) return false;
  const uint8_t code = cursor_.code();
  const Form form = pickle::op_table[code].form;
  if (form == Form::unknown) return result_.end = PickleEnd::no_opcode, false;
  Argument argument;
  try {
    argument = cursor_.argument(form);
  } catch (const Error& error) {
    const bool is_short = error.sentence().find("too early") != std::string::npos;
    result_.end = is_short ? PickleEnd::ran_out : PickleEnd::no_opcode;
    return false;
  }
  const Op op{code};
  if (op == Op::STOP) {
    result_.is_legacy_magic = says_magic_ && values_ == 1;
    result_.end = PickleEnd::stop;
    if (stack_.empty()) fault("the stack is empty at STOP");
    return false;
  }
  if (op != Op::PROTO && op != Op::FRAME) ++values_;
  if (!apply_atom(op, argument) && !apply_memo(op, argument) && !apply_call(op, argument)) apply(op, argument);
  return true;
}

void NameReader::fault(std::string sentence) {
  if (result_.faults.size() < most_faults) result_.faults.emplace_back(offset_, std::move(sentence));
}

// ------------------------------------------------------------------------------------------------------- the stack

Id NameReader::pop() {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) return fault("the stack is empty where a value is needed"), 0;
  const Id id = stack_.back();
  stack_.pop_back();
  return id;
}

std::vector<Id> NameReader::pop_marked() {
  if (marks_.empty()) fault("there is no mark on the stack");
  const size_t mark = marks_.empty() ? 0 : std::min(marks_.back(), stack_.size());
  if (!marks_.empty()) marks_.pop_back();
  std::vector<Id> items(stack_.begin() + static_cast<ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
  return items;
}

// Takes values away and puts one there of which nothing is known.
void NameReader::replace(size_t popped) {
  while (popped-- > 0) pop();
  push();
}

void NameReader::push_text(std::string_view text) {
  if (text.size() > longest_name) return push();
  known_.push_back({Known::Kind::text, std::string(text)});
  push(static_cast<Id>(known_.size() - 1));
}

void NameReader::push_integer(int64_t number) {
  known_.push_back({Known::Kind::integer, {}, number});
  push(static_cast<Id>(known_.size() - 1));
}

void NameReader::push_global(std::string_view module, std::string_view name, bool is_known) {
  // Readers translate Python 2's names in the protocols that Python 2 could write.
  const pickle::GlobalName renamed =
      protocol_ < 3 && is_known ? pickle::to_python3({module, name}) : pickle::GlobalName{module, name};
  std::pair key(std::string(renamed.module), std::string(renamed.name));
  const auto found = globals_.find(key);
  if (found != globals_.end()) return push(found->second);
  known_.push_back({Known::Kind::global, {}, static_cast<int64_t>(result_.globals.size())});
  result_.globals.push_back({key.first, key.second, offset_, is_known});
  globals_.emplace(std::move(key), static_cast<Id>(known_.size() - 1));
  push(static_cast<Id>(known_.size() - 1));
}

// --------------------------------------------------------------------------------------------------------- opcodes

// Text of the opcodes that escape it. What cannot be read is text that is not known.
std::string NameReader::from_line(Op op, std::string_view line) {
  try {
    return op == Op::UNICODE ? pickle::decode_raw_unicode_escape(line) : pickle::decode_quoted(line);
  } catch (const Error& error) {
    fault(error.sentence());
    return std::string(longest_name + 1, '?');
  }
}

bool NameReader::apply_atom(Op op, const Argument& argument) {
  switch (op) {
    case Op::UNICODE:
    case Op::STRING:
      return push_text(from_line(op, argument.text)), true;
    case Op::BINUNICODE:
    case Op::SHORT_BINUNICODE:
    case Op::BINUNICODE8:
    case Op::BINSTRING:
    case Op::SHORT_BINSTRING:
      keep_inner(argument.text, true);
      return push_text(argument.text), true;
    case Op::BINBYTES:
    case Op::SHORT_BINBYTES:
    case Op::BINBYTES8:
    case Op::BYTEARRAY8:
      keep_inner(argument.text, false);
      return push(), true;
    case Op::BININT:
    case Op::BININT1:
    case Op::BININT2:
      return push_integer(argument.number), true;
    case Op::LONG1:
      says_magic_ |= argument.text == legacy_magic;
      if (argument.text.size() > 8) return push(), true;
      break;
    case Op::LONG:
      says_magic_ |= argument.text == legacy_magic_digits;
      return push(), true;
    default:
      return false;
  }
  int64_t number = 0;  // LONG1: little-endian, two's complement
  for (size_t i = argument.text.size(); i-- > 0;)
    number = static_cast<int64_t>(static_cast<uint64_t>(number) << 8 | static_cast<unsigned char>(argument.text[i]));
  return push_integer(number), true;
}

bool NameReader::apply_memo(Op op, const Argument& argument) {
  const auto index = [&]() -> std::optional<uint64_t> {
    if (op == Op::MEMOIZE) return memo_.size();
    if (op != Op::GET && op != Op::PUT) return static_cast<uint64_t>(argument.number);
    try {
      return pickle::parse_memo_index(argument.text);
    } catch (const Error& error) {
      fault(error.sentence());
      return std::nullopt;
    }
  };
  switch (op) {
    case Op::PUT:
    case Op::BINPUT:
    case Op::LONG_BINPUT:
    case Op::MEMOIZE: {
      const auto at = index();
      if (stack_.empty()) fault("the stack is empty where a value is needed");
      if (at && !stack_.empty()) memo_.put(*at, NodeId{stack_.back()});
      return true;
    }
    case Op::GET:
    case Op::BINGET:
    case Op::LONG_BINGET: {
      const auto at = index();
      const auto found = at ? memo_.get(*at) : std::nullopt;
      if (!found) fault("nothing was put into the memo under this number");
      return push(found ? static_cast<Id>(*found) : 0), true;
    }
    default:
      return false;
  }
}

bool NameReader::apply_call(Op op, const Argument& argument) {
  switch (op) {
    case Op::GLOBAL:
      return push_global(argument.text, argument.second), true;
    case Op::INST:
      pop_marked();
      return push_global(argument.text, argument.second), stack_.back() = 0, true;
    case Op::STACK_GLOBAL:
      return make_stack_global(), true;
    case Op::EXT1:
    case Op::EXT2:
    case Op::EXT4:
      return push_global("", fmt::format("(extension code {})", argument.number), false), true;
    case Op::OBJ:
      pop_marked();
      return push(), true;
    case Op::REDUCE:
    case Op::NEWOBJ:
      return replace(2), true;
    case Op::NEWOBJ_EX:
      return replace(3), true;
    default:
      return false;
  }
}

// The rest, of which only the effect on the stack counts.
bool NameReader::apply(Op op, const Argument& argument) {
  switch (op) {
    case Op::PROTO:
      protocol_ = argument.number;
      if (protocol_ > 5) fault(fmt::format("protocol {} is not known", protocol_));
      return true;
    case Op::FRAME:
      if (static_cast<uint64_t>(argument.number) > cursor_.left()) fault("a frame is longer than what is left");
      return true;
    case Op::MARK:
      return marks_.push_back(stack_.size()), true;
    case Op::POP:
      if (!marks_.empty() && marks_.back() == stack_.size()) return marks_.pop_back(), true;
      return pop(), true;
    case Op::POP_MARK:
      return pop_marked(), true;
    case Op::DUP:
      if (stack_.empty()) fault("the stack is empty where a value is needed");
      return push(stack_.empty() ? 0 : stack_.back()), true;
    case Op::BUILD:
    case Op::APPEND:
      return pop(), true;
    case Op::SETITEM:
      return pop(), pop(), true;
    case Op::APPENDS:
    case Op::SETITEMS:
    case Op::ADDITEMS:
      return pop_marked(), true;
    case Op::TUPLE:
      return make_tuple(pop_marked()), true;
    case Op::LIST:
    case Op::DICT:
    case Op::FROZENSET:
      return pop_marked(), push(), true;
    case Op::TUPLE1:
      return replace(1), true;
    case Op::TUPLE2:
      return replace(2), true;
    case Op::TUPLE3:
      return replace(3), true;
    case Op::BINPERSID: {
      const Id id = pop();
      if (known_[id].kind == Known::Kind::storage)
        result_.storages.push_back(storages_[static_cast<size_t>(known_[id].number)]);
      if (known_[id].kind == Known::Kind::storage) known_[id].kind = Known::Kind::unknown;  // once is enough
      return push(), true;
    }
    case Op::NEXT_BUFFER:
      fault("some of its bytes are kept elsewhere (an out-of-band buffer)");
      return push(), true;
    case Op::READONLY_BUFFER:
      return true;
    default:  // every other opcode pushes one value
      return push(), true;
  }
}

void NameReader::make_stack_global() {
  const Known name = known_[pop()], module = known_[pop()];
  if (name.kind == Known::Kind::text && module.kind == Known::Kind::text) return push_global(module.text, name.text);
  push_global("", "(a name that is put together while the pickle runs)", false);
}

// ("storage", class, key, location, numel, …) is remembered: its key names bytes that are no pickle.
void NameReader::make_tuple(const std::vector<Id>& items) {
  using Kind = Known::Kind;
  const auto is = [&](size_t i, Kind kind) { return known_[items[i]].kind == kind; };
  const bool is_storage = items.size() >= 5 && is(0, Kind::text) && known_[items[0]].text == "storage" &&
                          is(1, Kind::global) && (is(2, Kind::text) || is(2, Kind::integer)) && is(4, Kind::integer);
  if (!is_storage) return push();
  const Known &key = known_[items[2]], &type = known_[items[1]];
  storages_.push_back({result_.globals[static_cast<size_t>(type.number)].name,
                       key.kind == Kind::text ? key.text : std::to_string(key.number), known_[items[4]].number});
  known_.push_back({Kind::storage, {}, static_cast<int64_t>(storages_.size() - 1)});
  push(static_cast<Id>(known_.size() - 1));
}

// A pickle inside the pickle, for a second call to find. Protocol 2 carries bytes as text of Latin-1.
void NameReader::keep_inner(std::string_view text, bool is_text) {
  std::string latin;
  if (is_text && text.starts_with("\xc2\x80")) {
    latin = pickle::is_utf8(text) ? pickle::utf8_to_latin1(text).value_or("") : "";
    text = latin;
  }
  if (text.size() < 3 || text[0] != '\x80' || text[1] < 0 || text[1] > 5) return;
  if (inner_bytes_ + text.size() > most_inner) return fault("it holds more bytes that look like pickles than are read");
  inner_bytes_ += text.size();
  const auto bytes = as_bytes(text);
  result_.inner.emplace_back(bytes.begin(), bytes.end());
}

bool is_dotted_name(std::string_view text) {
  bool at_start = true;
  for (const char c : text) {
    const bool letter =
        std::isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
    const bool good = at_start ? letter : letter || std::isdigit(static_cast<unsigned char>(c)) || c == '.';
    if (!good) return false;
    at_start = c == '.';
  }
  return !at_start;
}

}  // namespace

PickleNames read_names(std::span<const std::byte> bytes) { return NameReader(bytes).read(); }

bool is_importable(const NamedGlobal& global) {
  return global.known && is_dotted_name(global.module) && is_dotted_name(global.name);
}

}  // namespace okibi::inspect
