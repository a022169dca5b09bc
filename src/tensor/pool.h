// Blocks of memory that each thread keeps when it frees them and hands out again, so that a training step, which makes
// and drops the same blocks each time, asks the system for nothing.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace okibi::pool {

// A 64-byte aligned block of at least `nbytes`, uninitialised. Where the system has none left: Error(limit).
std::byte* take(size_t nbytes);

// Back to the thread that calls, whichever one took it. `nbytes` is what it was taken with.
void give(std::byte* block, size_t nbytes) noexcept;

// For std::allocate_shared, the object and its counts in one block; and for the lists below.
template <class T>
struct Allocator {
  using value_type = T;

  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}

  T* allocate(size_t count) { return reinterpret_cast<T*>(take(count * sizeof(T))); }
  void deallocate(T* at, size_t count) noexcept { give(reinterpret_cast<std::byte*>(at), count * sizeof(T)); }
  template <class U>
  bool operator==(const Allocator<U>&) const noexcept {
    return true;
  }
};

// A list that a step makes and drops.
template <class T>
using Vector = std::vector<T, Allocator<T>>;

// For tests: bytes that the calling thread keeps, and blocks that the process has asked the system for.
size_t kept_bytes() noexcept;
size_t system_allocations() noexcept;

}  // namespace okibi::pool
