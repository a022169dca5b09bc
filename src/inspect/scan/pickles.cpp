#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include <okibi/pickle.h>

#include "base/keyed_hash.h"
#include "inspect/error_text.h"
#include "inspect/scan/looks.h"
#include "inspect/scan/pickle_window.h"

namespace okibi::inspect {
namespace {

constexpr unsigned legacy_pickles = 5;  // magic number, version, system, the object, the keys of its storages
constexpr unsigned legacy_object = 4;

// A text may begin with a 'c' without meaning a global; but what comes to its STOP means what it says.
bool names_something(const PickleNames& names) {
  if (names.end == PickleEnd::stop) return !names.globals.empty();
  return std::ranges::any_of(names.globals, is_importable);
}

std::string_view words_of(PickleEnd end) {
  return end == PickleEnd::ran_out ? "the pickle ends too early, before its STOP" : "this is no opcode of a pickle";
}

// Bytes that the storages take behind the pickles: each has its length, 8 bytes, in front.
std::optional<uint64_t> bytes_of(const std::vector<NamedStorage>& storages) {
  KeyedMap<std::string, uint64_t> by_key;
  for (const NamedStorage& storage : storages) {
    const auto dtype = dtype_of_storage(storage.class_name);
    const uint64_t item = dtype ? itemsize(*dtype) : 1;  // UntypedStorage counts bytes
    if (storage.numel < 0) return std::nullopt;
    uint64_t& size = by_key[storage.key];
    size = std::max(size, 8 + checked_mul(static_cast<uint64_t>(storage.numel), item, "a storage"));
  }
  uint64_t total = 0;
  for (const auto& [key, size] : by_key) total = checked_add(total, size, "the storages");
  return total;
}

class PickleRun {
 public:
  PickleRun(Scanner& scanner, const Part& part)
      : scanner_(scanner), part_(part), window_(*part.bytes, scanner.limits().max_pickle_bytes) {}
  bool look();
  // Those that the pickle names: of several the first, of a legacy stream the object.
  std::vector<NamedStorage> take_storages() { return std::move(storages_); }

 private:
  bool look_at_one();
  void broken(const PickleNames& names);
  void check_decodes(uint64_t size);
  void check_storages();

  Scanner& scanner_;
  const Part& part_;
  PickleWindow window_;
  uint64_t offset_ = 0;
  unsigned count_ = 0;
  bool is_pickle_ = false;  // and not something that happens to look like one
  bool is_legacy_ = false;
  std::vector<NamedStorage> storages_;
};

bool PickleRun::look() {
  is_pickle_ = part_.role == Role::pickle;
  while (offset_ < part_.bytes->size()) {
    throw_if_stopped(scanner_.stop());
    if (!look_at_one()) break;
    if (is_legacy_ && count_ == legacy_pickles) {
      check_storages();
      break;
    }
  }
  return is_pickle_;
}

bool PickleRun::look_at_one() {
  const PickleNames names = window_.names_at(offset_);
  const bool whole = names.end == PickleEnd::stop;
  const bool is_last = whole && names.faults.empty() && offset_ + names.size == part_.bytes->size();
  is_legacy_ |= count_ == 0 && names.is_legacy_magic;
  is_pickle_ |= is_legacy_ || is_last || names_something(names);
  if (count_ == 0 || (is_legacy_ && count_ + 1 == legacy_object)) storages_ = names.storages;
  if (!whole) return broken(names), false;
  if (is_pickle_) tell(scanner_, part_, names, offset_);
  if (is_pickle_ && names.faults.empty()) check_decodes(names.size);
  offset_ += names.size;
  ++count_;
  return true;
}

// Reading names is forgiving; reading what a pickle says is not, and what cannot be read is not clean.
void PickleRun::check_decodes(uint64_t size) {
  if (part_.role == Role::fragment || part_.role == Role::inner) return;
  try {
    pickle::decode(window_.from(offset_, size).first(size), scanner_.limits());
  } catch (const Error& error) {
    scanner_.problem(part_.where, text_without_file(error));
  }
}

void PickleRun::broken(const PickleNames& names) {
  if (!is_pickle_) return;
  if (names_something(names) || part_.role == Role::pickle) tell(scanner_, part_, names, offset_);
  if (count_ > 0)
    scanner_.add({part_of(part_.bytes, offset_, part_.bytes->size()),
                  join(part_.where, fmt::format("bytes at {}", offset_)), Role::fragment, part_.depth + 1});
  if (part_.role == Role::fragment || part_.role == Role::inner) return;
  scanner_.problem(part_.where, fmt::format("{} at offset {}{}", words_of(names.end), offset_ + names.size,
                                            count_ > 0 ? ", behind the end of another pickle" : ""));
}

void PickleRun::check_storages() {
  const auto expected = bytes_of(storages_);
  const uint64_t found = part_.bytes->size() - offset_;
  if (expected == found) return;
  scanner_.problem(part_.where, fmt::format("{} bytes follow the pickles, but their storages have {}", found,
                                            expected ? std::to_string(*expected) : "a negative number"));
}

}  // namespace

void tell(Scanner& scanner, const Part& part, const PickleNames& names, uint64_t offset) {
  for (NamedGlobal global : names.globals) {
    global.offset += offset;
    scanner.global(global, part.where);
  }
  if (part.role != Role::fragment && part.role != Role::inner)
    for (const auto& [at, sentence] : names.faults)
      scanner.problem(part.where, fmt::format("{}, at offset {}", sentence, offset + at));
  for (const auto& inner : names.inner)
    scanner.add({std::make_shared<Buffer>(inner, part.bytes->name()), join(part.where, "bytes in the pickle"),
                 Role::inner, part.depth + 1});
}

bool look_at_pickles(Scanner& scanner, const Part& part) { return PickleRun(scanner, part).look(); }

std::vector<NamedStorage> look_at_pickle(Scanner& scanner, const Part& part) {
  if (part.bytes->size() == 0) return scanner.problem(part.where, "the pickle is empty"), std::vector<NamedStorage>();
  PickleRun run(scanner, part);
  run.look();
  return run.take_storages();
}

}  // namespace okibi::inspect
