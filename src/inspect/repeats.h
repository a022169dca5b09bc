// inspect/repeats.h: how much is printed of what a file says once and shows often.
#pragma once

#include <unordered_set>

#include <okibi/value.h>

namespace okibi::inspect {

// Printing walks a graph as if it were a tree. What is shown for the first time is in proportion to the file; what is
// shown again, and what is far indented, is not, and may fill 8 MiB.
class Repeats {
 public:
  // Called on entering each value. False: nothing more of this should be shown.
  bool enter(const Value& value, size_t depth);
  bool spent() const { return spent_; }
  void leave() { inside_ -= inside_ > 0 ? 1 : 0; }

 private:
  uint64_t left_ = uint64_t{8} << 20;
  bool spent_ = false;
  uint64_t inside_ = 0;  // how deep the walk is in something shown before
  std::unordered_set<const void*> seen_;
};

}  // namespace okibi::inspect
