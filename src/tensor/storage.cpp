#include <okibi/tensor.h>

#include "tensor/pool.h"

namespace okibi {

std::shared_ptr<Storage> Storage::allocate(size_t nbytes, Device device) {
  struct Constructible : Storage {};  // may call the private constructor, which std::allocate_shared may not
  auto storage = std::allocate_shared<Constructible>(pool::Allocator<Constructible>());
  storage->data_ = pool::take(nbytes);
  storage->nbytes_ = nbytes;
  storage->pooled_ = true;
  storage->device_ = std::move(device);
  return storage;
}

std::shared_ptr<Storage> Storage::borrow(std::shared_ptr<void> owner, std::byte* data, size_t nbytes, Device device) {
  struct Constructible : Storage {};
  auto storage = std::allocate_shared<Constructible>(pool::Allocator<Constructible>());
  storage->data_ = data;
  storage->nbytes_ = nbytes;
  storage->owner_ = std::move(owner);
  storage->device_ = std::move(device);
  return storage;
}

Storage::~Storage() {
  if (pooled_) pool::give(data_, nbytes_);
}

}  // namespace okibi
