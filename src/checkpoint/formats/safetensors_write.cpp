#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "checkpoint/elements.h"
#include "checkpoint/formats/named_tensors.h"
#include "checkpoint/formats/safetensors.h"

namespace okibi::checkpoint {
namespace {

Error unfit(const std::string& name, std::string sentence) {
  return Error(ErrorKind::unsupported, std::move(sentence)).at("tensor", printable(name, 200));
}

void check_tensor(const std::string& name, const Tensor& tensor) {
  if (name == safetensors_metadata) throw unfit(name, "safetensors keeps this name for itself");
  if (tensor.layout() != Layout::strided) {
    throw unfit(name, fmt::format("safetensors holds no tensor of layout {}", name_of(tensor.layout())))
        .hint("Save it as a .pth file.");
  }
  if (tensor.is_meta()) throw unfit(name, "a meta tensor has no bytes to save");
  const SafetensorsDType* dtype = safetensors_dtype(tensor.dtype());
  if (!dtype) {
    throw unfit(name, fmt::format("safetensors has no dtype for {}", name_of(tensor.dtype())))
        .hint("Convert the tensor, or save it as a .pth file.");
  }
  if (tensor.dim() == 0 && dtype->numbers() > 1) throw unfit(name, "one number would end within a byte");
}

// safetensors knows no sharing: a view that shows one number 2^60 times would be written 2^60 times.
void check_repeats(const NamedTensors& tensors) {
  constexpr uint64_t most_repeats = Limits{}.max_view_repeats, always_fine = uint64_t{1} << 20;
  std::unordered_map<const Storage*, uint64_t> written;
  for (const auto& [name, tensor] : tensors) {
    uint64_t& bytes = written[tensor.storage().get()];
    bytes = checked_add(bytes, tensor.nbytes(), "the bytes of all tensors");
    if (bytes / most_repeats <= std::max(tensor.storage()->nbytes(), always_fine)) continue;
    throw unfit(name, "views of few numbers would be written out as very many, since safetensors knows no views")
        .expected(fmt::format("at most Limits::max_view_repeats ({}) times the {} bytes that they share", most_repeats,
                              tensor.storage()->nbytes()))
        .found(fmt::format("{} bytes", bytes))
        .hint("Save it as a .pth file, where views stay views.");
  }
}

// As the library orders them: the last dtype of its table first, and then by name.
void sort_by_dtype(NamedTensors& tensors) {
  std::ranges::sort(tensors, [](const auto& a, const auto& b) {
    const auto* one = safetensors_dtype(a.second.dtype());
    const auto* other = safetensors_dtype(b.second.dtype());
    return one != other ? one > other : a.first < b.first;
  });
}

SafetensorsHeader header_of(const NamedTensors& tensors, SafetensorsMetadata metadata) {
  SafetensorsHeader header{.metadata = std::move(metadata)};
  uint64_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    const uint64_t size = tensor.nbytes();
    header.tensors.push_back(
        {tensor.dtype(), tensor.sizes(), {.name = name, .offset = end, .stored_size = size, .size = size}});
    end = checked_add(end, size, "the bytes of all tensors");
  }
  return header;
}

}  // namespace

SafetensorsMetadata metadata_for(const Value& value, const SaveOptions& options) {
  if (!options.metadata.empty() || !value.is_dict()) return options.metadata;
  const auto attributes = value.to_dict().attributes();
  const Value* kept = attributes ? attributes->find(safetensors_metadata) : nullptr;
  SafetensorsMetadata metadata;
  if (!kept || !kept->is_dict()) return metadata;
  for (const auto& [key, text] : kept->to_dict()) {
    if (key.is_string() && text.is_string()) metadata.emplace_back(key.to_string(), text.to_string());
  }
  return metadata;
}

void check_safetensors(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) check_tensor(name, tensor);
  check_repeats(tensors);
}

void save_safetensors(NamedTensors tensors, const SafetensorsMetadata& metadata, io::Sink& sink,
                      const SaveOptions& options, const StorageBytes& bytes) {
  check_safetensors(tensors);
  sort_by_dtype(tensors);
  const uint64_t total = total_nbytes(tensors);
  uint64_t done = 0;
  sink.write(write_safetensors_header(header_of(tensors, metadata)));
  for (const auto& [name, tensor] : tensors) {
    read_elements(tensor, bytes, [&](std::span<const std::byte> piece) {
      throw_if_stopped(options.stop);
      sink.write(piece);
      done += piece.size();
      if (options.progress) options.progress(done, total);
    });
  }
}

void save_safetensors(const Value& value, io::Sink& sink, const SaveOptions& options, const StorageBytes& bytes) {
  save_safetensors(named_tensors(value), metadata_for(value, options), sink, options, bytes);
}

}  // namespace okibi::checkpoint
