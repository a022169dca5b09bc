// Words for messages, and the check that bytes are UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace okibi::tabular {

// The text between quotes, clipped where it is long: files may hold anything.
std::string quoted(std::string_view text);

// "'a', 'b', 'c' and 7 more": up to `most` of them.
std::string listed(const std::vector<std::string>& names, size_t most = 20);

// Where the first byte stands that cannot belong to UTF-8 (RFC 3629: no overlong forms, no surrogates).
std::optional<size_t> first_not_utf8(std::string_view bytes) noexcept;

}  // namespace okibi::tabular
