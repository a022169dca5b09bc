// Any bytes as a file of TorchScript source: parsing ends in a tree or an Error, and the types in it are types or
// Errors.
#include <cstdlib>

#include "script/syntax/file.h"
#include "script/type.h"

using namespace okibi;

namespace {

constexpr Limits limits = {.max_script_nodes = 1 << 16};

void look_at(const script::TypeExpr& expr) {
  try {
    script::to_string(script::type_of(expr));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_file) std::abort();
  }
}

void look_at(const script::File& file) {
  for (const auto& c : file.classes) {
    for (const auto& attribute : c.attributes) look_at(attribute.type);
  }
  for (const auto& function : file.functions) {
    if (function.returns) look_at(*function.returns);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    look_at(script::parse_file(as_text({reinterpret_cast<const std::byte*>(data), size}), limits));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal || error.places().size() < 2) std::abort();
  }
  return 0;
}
