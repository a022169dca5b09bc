// script/npy_file.h: an array as its .npy has it.
#pragma once

#include <okibi/npy.h>

namespace okibi {

struct NpyFile {
  std::string head;  // up to the numbers, which begin at a multiple of 64 bytes
  Tensor numbers;    // in rows

  std::span<const std::byte> body() const;
  uint64_t size() const { return head.size() + body().size(); }
};

// Error(unsupported) for a dtype that NumPy has not.
NpyFile npy_file_of(const Tensor& tensor);

}  // namespace okibi
