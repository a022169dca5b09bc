// Tells the address sanitizer, where there is one, which bytes of a block nobody may touch.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define OKIBI_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OKIBI_HAS_ASAN 1
#endif
#endif

#ifdef OKIBI_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace okibi::pool {

#ifdef OKIBI_HAS_ASAN
inline constexpr bool has_address_sanitizer = true;
inline void forbid(const std::byte* at, size_t nbytes) noexcept { ASAN_POISON_MEMORY_REGION(at, nbytes); }
inline void permit(const std::byte* at, size_t nbytes) noexcept { ASAN_UNPOISON_MEMORY_REGION(at, nbytes); }
#else
inline constexpr bool has_address_sanitizer = false;
inline void forbid(const std::byte*, size_t) noexcept {}
inline void permit(const std::byte*, size_t) noexcept {}
#endif

}  // namespace okibi::pool
