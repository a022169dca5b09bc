#include <fnmatch.h>

#include <algorithm>
#include <map>

#include <okibi/inspect.h>

#include "inspect/hash.h"

namespace okibi::inspect {

bool glob_match(std::string_view pattern, std::string_view name) {
  return fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

namespace {

std::map<std::string, size_t> users_of_storages(const Archive& archive) {
  std::map<std::string, size_t> users;
  for (const TensorEntry& entry : archive.tensors()) ++users[entry.storage];
  return users;
}

void count_bytes(Listing& listing) {
  std::map<std::string, uint64_t> storages;
  for (const ListedTensor& tensor : listing.tensors) {
    listing.total_nbytes += tensor.entry.nbytes;
    storages[tensor.entry.storage] = tensor.entry.storage_nbytes;
  }
  for (const auto& [key, nbytes] : storages) listing.unique_nbytes += nbytes;
}

}  // namespace

Listing list(const Archive& archive, const ListOptions& options) {
  const std::map<std::string, size_t> users = users_of_storages(archive);
  Listing listing;
  listing.format = name_of(archive.format());
  for (const TensorEntry& entry : archive.tensors()) {
    if (!options.glob.empty() && !glob_match(options.glob, entry.name)) continue;
    const bool shares = !entry.storage.empty() && users.at(entry.storage) > 1;
    listing.tensors.push_back({entry, shares, options.hash ? sha256_of(archive.tensor(entry)) : ""});
  }
  count_bytes(listing);
  if (options.order == Order::size) {
    std::stable_sort(listing.tensors.begin(), listing.tensors.end(),
                     [](const ListedTensor& a, const ListedTensor& b) { return a.entry.nbytes > b.entry.nbytes; });
  }
  return listing;
}

}  // namespace okibi::inspect
