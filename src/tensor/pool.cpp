#include "tensor/pool.h"

#include <fmt/format.h>
#include <okibi/base.h>
#include <sys/mman.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tensor/poison.h"

namespace okibi::pool {
namespace {

constexpr size_t alignment = 64;  // a cache line, and the widest vector
constexpr size_t huge_page = size_t{2} << 20;
constexpr size_t largest_kept = size_t{32} << 20;  // above that, asking the system costs little beside using the bytes
constexpr size_t page = 4096;                      // up to it, a block counts as small
constexpr size_t most_kept = size_t{256} << 20;    // by one thread: what a step of a large batch drops at once

// What no system can map is refused without asking; with the address sanitizer, which would end the program, sooner.
constexpr size_t largest_block = size_t{1} << (has_address_sanitizer ? 39 : 46);

// Sizes are rounded up to multiples of 64 up to 256, then to four steps in each doubling: at most a quarter is wasted.
struct SizeClass {
  size_t index;
  size_t nbytes;
};
constexpr SizeClass class_of(size_t nbytes) {
  if (nbytes <= 4 * alignment) {
    const size_t index = nbytes == 0 ? 0 : (nbytes - 1) / alignment;
    return {index, (index + 1) * alignment};
  }
  const size_t exponent = std::bit_width(nbytes - 1);  // 2^(exponent-1) < nbytes <= 2^exponent
  const size_t below = size_t{1} << (exponent - 1), step = below / 4;
  const size_t steps = (nbytes - below + step - 1) / step;
  return {4 * (exponent - 8) + steps - 1, below + steps * step};
}
constexpr size_t class_count = class_of(largest_kept).index + 1;
constexpr size_t small_classes = class_of(page).index + 1;  // blocks of at most a page
static_assert(class_of(256).index == 3 && class_of(257).index == 4 && class_of(257).nbytes == 320);
static_assert(class_of(largest_kept).nbytes == largest_kept && class_of(page).nbytes == page);

struct FreeBlock {
  FreeBlock* next;
};

// Needs neither construction nor destruction, so it can be used at any moment of a thread's life: what is kept is freed
// by the Reaper, after which blocks go straight back to the system.
struct ThreadCache {
  FreeBlock* free[class_count];
  size_t kept;
  bool reaper_armed;
  bool closed;
};
constinit thread_local ThreadCache cache{};
constinit std::atomic<size_t> asked_of_system = 0;

// A small block is aligned here, and the pointer to free it by stands before it: aligned_alloc cuts each out of a
// larger one and gives back the two ends, which for 100,000 small tensors takes longer than reading them.
void* allocate_small(size_t nbytes) noexcept {
  void* whole = std::malloc(nbytes + alignment);  // a multiple of 16, so at least 16 bytes lie before the block
  if (whole == nullptr) return nullptr;
  const auto at = reinterpret_cast<uintptr_t>(whole) / alignment * alignment + alignment;
  auto* block = reinterpret_cast<std::byte*>(at);
  std::memcpy(block - sizeof whole, &whole, sizeof whole);
  return block;
}
void free_small(const std::byte* block) noexcept {
  void* whole = nullptr;
  std::memcpy(&whole, block - sizeof whole, sizeof whole);
  std::free(whole);
}
static_assert(alignof(std::max_align_t) >= 2 * sizeof(void*));

void free_to_system(std::byte* block, bool is_small) noexcept { is_small ? free_small(block) : std::free(block); }

FreeBlock* pop(size_t index) noexcept {
  FreeBlock* block = cache.free[index];
  if (block != nullptr) cache.free[index] = block->next;
  return block;
}

struct Reaper {
  void arm() noexcept { cache.reaper_armed = true; }
  ~Reaper() {
    cache.closed = true;
    for (size_t index = 0; index < class_count; ++index) {
      while (FreeBlock* block = pop(index)) free_to_system(reinterpret_cast<std::byte*>(block), index < small_classes);
    }
    cache.kept = 0;
  }
};
thread_local Reaper reaper;

[[noreturn]] void refuse(size_t nbytes) {
  throw Error(ErrorKind::limit, fmt::format("there is not enough memory for a block of {} bytes", nbytes))
      .hint("Use smaller tensors or batches, or a machine with more memory.");
}

std::byte* take_from_system(size_t nbytes) {
  asked_of_system.fetch_add(1, std::memory_order_relaxed);
  const bool large = nbytes >= huge_page;
  const size_t boundary = large ? huge_page : alignment;
  void* block = nbytes <= page ? allocate_small(nbytes)
                               : std::aligned_alloc(boundary, (nbytes + boundary - 1) / boundary * boundary);
  if (block == nullptr) refuse(nbytes);
  if (large) ::madvise(block, nbytes, MADV_HUGEPAGE);  // only advice: a system without huge pages refuses, harmlessly
  return static_cast<std::byte*>(block);
}

// While a block is kept, only its link may be touched; once handed out, only what was asked for.
void mark_kept(std::byte* block, size_t block_size) noexcept {
  permit(block, block_size);
  forbid(block + sizeof(FreeBlock), block_size - sizeof(FreeBlock));
}
void mark_taken(std::byte* block, size_t nbytes, size_t block_size) noexcept {
  permit(block, nbytes);
  forbid(block + nbytes, block_size - nbytes);
}

bool keep(std::byte* block, const SizeClass& size) noexcept {
  if (cache.closed || cache.kept + size.nbytes > most_kept) return false;
  if (!cache.reaper_armed) reaper.arm();  // the first touch of `reaper` registers its destructor
  mark_kept(block, size.nbytes);
  cache.free[size.index] = new (block) FreeBlock{cache.free[size.index]};
  cache.kept += size.nbytes;
  return true;
}

}  // namespace

std::byte* take(size_t nbytes) {
  if (nbytes > largest_block) refuse(nbytes);
  if (nbytes > largest_kept) return take_from_system((nbytes + alignment - 1) / alignment * alignment);
  const SizeClass size = class_of(nbytes);
  auto* block = reinterpret_cast<std::byte*>(pop(size.index));
  if (block != nullptr) {
    cache.kept -= size.nbytes;
  } else {
    block = take_from_system(size.nbytes);
  }
  mark_taken(block, nbytes, size.nbytes);
  return block;
}

void give(std::byte* block, size_t nbytes) noexcept {
  if (nbytes > largest_kept) return free_to_system(block, false);
  const SizeClass size = class_of(nbytes);
  if (keep(block, size)) return;
  permit(block, size.nbytes);
  free_to_system(block, size.index < small_classes);
}

size_t kept_bytes() noexcept { return cache.kept; }

size_t system_allocations() noexcept { return asked_of_system.load(std::memory_order_relaxed); }

}  // namespace okibi::pool
