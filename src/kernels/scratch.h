// kernels/scratch.h: memory for the length of one call, from the thread's pool.
#pragma once

#include <span>
#include <type_traits>
#include <utility>

#include "tensor/pool.h"

namespace okibi::kernels {

// Uninitialised numbers.
template <class T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Scratch() = default;
  explicit Scratch(size_t size) : data_(reinterpret_cast<T*>(pool::take(size * sizeof(T)))), size_(size) {}
  Scratch(Scratch&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Scratch& operator=(Scratch&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Scratch() {
    if (data_ != nullptr) pool::give(reinterpret_cast<std::byte*>(data_), size_ * sizeof(T));
  }

  void swap(Scratch& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  T* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  T& operator[](size_t i) const noexcept { return data_[i]; }
  std::span<T> span() const noexcept { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace okibi::kernels
