// inspect/scan/looks.h: one function for each kind of bytes that can hold pickles. What they find, they tell the
// scanner. Those that answer bool say whether the bytes are of their kind.
#pragma once

#include "inspect/scan/scanner.h"

namespace okibi::inspect {

void look_at(Scanner& scanner, const Part& part);  // finds out the kind

// Zip archives that end where the bytes end, one behind the other.
bool look_at_archives(Scanner& scanner, const Part& part);
// Whatever has the header of a zip record, wherever it lies; for what is no archive any more.
void look_at_remains(Scanner& scanner, const Part& part);
bool look_at_tar(Scanner& scanner, const Part& part);
bool look_at_npy(Scanner& scanner, const Part& part);
bool look_at_safetensors(Scanner& scanner, const Part& part);
bool look_at_shard_index(Scanner& scanner, const Part& part);

// Pickles one after the other; also PyTorch's files of before 1.6, in which the bytes of storages follow the fifth.
bool look_at_pickles(Scanner& scanner, const Part& part);
// One pickle that must be one. The storages that it names.
std::vector<NamedStorage> look_at_pickle(Scanner& scanner, const Part& part);
// Tells what one pickle names; the pickles inside it are added.
void tell(Scanner& scanner, const Part& part, const PickleNames& names, uint64_t offset);

}  // namespace okibi::inspect
