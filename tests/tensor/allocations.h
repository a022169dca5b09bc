// Counts what a program asks the system for: through operator new, which this replaces, and through the pool of
// tensors. To be included by one file of a program.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

#include "tensor/pool.h"

namespace {
std::atomic<size_t> count_of_new = 0;
}

// Not inlined: GCC would see free() meet what it takes for its own operator new.
[[gnu::noinline]] void* operator new(size_t size) {
  ++count_of_new;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++count_of_new;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace okibi {
namespace {

template <class Work>
size_t allocations_of(Work&& work) {
  const size_t before = count_of_new + pool::system_allocations();
  work();
  return count_of_new + pool::system_allocations() - before;
}

}  // namespace
}  // namespace okibi
