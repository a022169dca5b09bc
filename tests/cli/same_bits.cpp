// same_bits A B KEY…: whether the parts of two checkpoints are equal to the bit. For scripts.
#include <cstring>
#include <iostream>

#include <okibi/checkpoint.h>

namespace {

using namespace okibi;

bool same(const Value& a, const Value& b, const std::string& where) {
  if (a.is_tensor() && b.is_tensor()) {
    const Tensor x = a.to_tensor().contiguous(), y = b.to_tensor().contiguous();
    if (x.dtype() == y.dtype() && x.sizes() == y.sizes() && std::memcmp(x.raw_data(), y.raw_data(), x.nbytes()) == 0) return true;
  } else if (a.is_dict() && b.is_dict() && a.size() == b.size()) {
    for (const auto& [key, item] : a.to_dict()) {
      const Value* other = b.to_dict().find(key);
      if (!other || !same(item, *other, where + "." + repr(key))) return false;
    }
    return true;
  } else if (a.is_list() && b.is_list() && a.size() == b.size()) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (!same(a[i], b[i], where + "." + std::to_string(i))) return false;
    }
    return true;
  } else if (a == b) {
    return true;
  }
  std::cout << where << " differs: " << repr(a, 20).substr(0, 200) << " and " << repr(b, 20).substr(0, 200) << "\n";
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const Value a = load(arguments[1]), b = load(arguments[2]);
    bool all = true;
    for (int i = 3; i < count; ++i) all = same(a[arguments[i]], b[arguments[i]], arguments[i]) && all;
    return all ? 0 : 1;
  } catch (const Error& error) {
    std::cout << error.what() << "\n";
    return 2;
  }
}
