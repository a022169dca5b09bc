// base/spares.h: what calls work in and hand on to the next: each takes one that no other call uses, or makes one.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace okibi {

// As many are kept as calls ever ran at once. Any number of threads may take and give.
template <class T>
class Spares {
 public:
  template <class Make>
  std::unique_ptr<T> take(Make&& make) {
    if (auto spare = last()) return spare;
    return make();
  }
  void give(std::unique_ptr<T> one) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }

 private:
  std::unique_ptr<T> last() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto one = std::move(idle_.back());
    idle_.pop_back();
    return one;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace okibi
