#include "inspect/hash.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include <fmt/format.h>

#include "inspect/pieces.h"

namespace okibi::inspect {
namespace {

static_assert(std::endian::native == std::endian::little);

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(const Tensor& tensor) {
    const Tensor elements = tensor.contiguous();
    check(EVP_DigestUpdate(context_.get(), elements.raw_data(), elements.nbytes()) == 1);
  }
  std::string hexadecimal() {
    std::array<unsigned char, 32> digest = {};
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    std::string text;
    for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  static void check(bool is_good) {
    if (!is_good) throw Error(ErrorKind::internal, "OpenSSL could not compute a SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

bool lies_in_order(const TensorEntry& entry) {
  return entry.layout == Layout::strided && entry.strides == contiguous_strides(entry.sizes);
}

}  // namespace

std::string sha256_of(const LazyTensor& tensor) {
  Sha256 sum;
  if (lies_in_order(tensor.entry())) {
    for_each_piece(tensor, {}, [&](const Tensor& piece) { sum.add(piece); });
  } else {
    sum.add(tensor.load());
  }
  return sum.hexadecimal();
}

}  // namespace okibi::inspect
