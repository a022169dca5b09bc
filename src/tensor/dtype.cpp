#include <okibi/dtype.h>

#include <fmt/format.h>

#include <algorithm>

namespace okibi {
namespace {

constexpr std::string_view public_name(std::string_view name) { return name == "boolean" ? "bool" : name; }

constexpr DTypeInfo table[] = {
#define X(name, number, bytes, category, storage) \
  {DType::name, public_name(#name), bytes, DTypeCategory::category, storage},
#include <okibi/dtypes.def>
#undef X
};

constexpr bool numbered_by_position() {
  for (size_t i = 0; i < std::size(table); ++i) {
    if (static_cast<size_t>(table[i].dtype) != i) return false;
  }
  return true;
}
static_assert(numbered_by_position(), "info() finds a row by its number");

template <class Matches>
std::optional<DType> find_dtype(Matches matches) noexcept {
  const auto* row = std::find_if(std::begin(table), std::end(table), matches);
  return row == std::end(table) ? std::nullopt : std::optional(row->dtype);
}

// Names that torch gives to the same dtypes besides.
struct Alias {
  std::string_view name;
  DType dtype;
};
constexpr Alias aliases[] = {
    {"float", float32}, {"double", float64},  {"half", float16},     {"int", int32},          {"long", int64},
    {"short", int16},   {"chalf", complex32}, {"cfloat", complex64}, {"cdouble", complex128},
};

}  // namespace

std::span<const DTypeInfo> all_dtypes() noexcept { return table; }

const DTypeInfo& info(DType dtype) noexcept { return table[static_cast<size_t>(dtype)]; }

std::optional<DType> dtype_named(std::string_view name) noexcept {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (const Alias& alias : aliases) {
    if (alias.name == name) return alias.dtype;
  }
  return find_dtype([&](const DTypeInfo& row) { return row.name == name; });
}

std::optional<DType> dtype_of_storage(std::string_view name) noexcept {
  if (name.empty()) return std::nullopt;
  return find_dtype([&](const DTypeInfo& row) { return row.storage_class == name; });
}

bool is_floating_point(DType dtype) noexcept { return info(dtype).category == DTypeCategory::floating; }

bool is_complex(DType dtype) noexcept { return info(dtype).category == DTypeCategory::complex_number; }

bool is_integral(DType dtype) noexcept {
  const DTypeCategory category = info(dtype).category;
  return category == DTypeCategory::unsigned_integer || category == DTypeCategory::signed_integer;
}

std::string_view name_of(Layout layout) noexcept {
  constexpr std::string_view names[] = {"strided",    "sparse_coo", "sparse_csr", "sparse_csc",
                                        "sparse_bsr", "sparse_bsc", "nested"};
  return names[static_cast<size_t>(layout)];
}

}  // namespace okibi
