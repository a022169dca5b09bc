// inspect/scan/names.h: which globals a pickle names, also one that breaks off.
//
// Independent of pickle::decode, and more forgiving: what no reader would get past is passed over, so that a name which
// stands behind it is still found. Nothing is built but the names: of the stack only the strings, whole numbers and
// storages are known, since names can be made of them (STACK_GLOBAL).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <okibi/base.h>

namespace okibi::inspect {

struct NamedGlobal {
  std::string module, name;  // Python 3's
  uint64_t offset = 0;       // of the opcode that names it first
  bool known = true;         // false: the name is put together while the pickle runs; `name` says how
};

// The persistent id ("storage", class, key, location, numel).
struct NamedStorage {
  std::string class_name;  // "FloatStorage"
  std::string key;
  int64_t numel = 0;
};

enum class PickleEnd : uint8_t {
  stop,      // at its STOP
  ran_out,   // the bytes end before it
  no_opcode  // in a byte that is no opcode, or a length that cannot be
};

struct PickleNames {
  std::vector<NamedGlobal> globals;                      // each once
  std::vector<NamedStorage> storages;                    // each once for each tuple that says so
  std::vector<std::pair<uint64_t, std::string>> faults;  // offset, sentence; the first few
  std::vector<std::vector<std::byte>> inner;             // bytes in it that begin as a pickle does
  PickleEnd end = PickleEnd::ran_out;
  uint64_t size = 0;             // bytes up to its end, STOP included
  bool is_legacy_magic = false;  // it says nothing but the number that a file of PyTorch's before 1.6 begins with
};

PickleNames read_names(std::span<const std::byte> bytes);

// What Python could import: "torch.nn" and "Linear.forward" are; what happens to stand behind a 'c' in a text is not.
bool is_importable(const NamedGlobal& global);

}  // namespace okibi::inspect
