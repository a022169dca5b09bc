#include "inspect/hash.h"

#include <openssl/evp.h>

#include <array>

#include <fmt/format.h>

namespace okibi::inspect {

std::string sha256_of(const Tensor& tensor) {
  static_assert(std::endian::native == std::endian::little);
  const Tensor elements = tensor.contiguous();
  std::array<unsigned char, 32> digest = {};
  unsigned size = 0;
  if (EVP_Digest(elements.raw_data(), elements.nbytes(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorKind::internal, "OpenSSL could not compute a SHA-256");
  }
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace okibi::inspect
