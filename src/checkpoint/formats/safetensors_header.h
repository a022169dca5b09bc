// checkpoint/formats/safetensors_header.h: the header of a safetensors file. The file is
//
//   u64, little-endian   length of the header
//   header               JSON: {"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [2, 3],
//   "data_offsets": [0, 24]}} the elements         row-major, little-endian, of one tensor after the other; offsets
//   count from here
//
// Source: github.com/huggingface/safetensors, README. Reading is as strict as the specification, and stricter than the
// library of 0.8 where that is more lenient: a name twice and keys that the specification does not know are refused.
#pragma once

#include <okibi/dtype.h>
#include <okibi/zip.h>

namespace okibi::checkpoint {

// The dtypes in the order of the library, which is the order of tensors in a file, from last to first.
struct SafetensorsDType {
  std::string_view name;
  std::optional<DType> dtype;  // none where PyTorch has none
  uint64_t bits;               // of one number
  // How many numbers one element is: a float4_e2m1fn_x2 is two of F4, of which `shape` counts each.
  int64_t numbers() const noexcept { return dtype ? static_cast<int64_t>(itemsize(*dtype) * 8 / bits) : 1; }
};
std::span<const SafetensorsDType> safetensors_dtypes() noexcept;
const SafetensorsDType* safetensors_dtype(DType dtype) noexcept;  // nullptr when safetensors cannot hold it

struct SafetensorsEntry {
  DType dtype = DType::float32;
  Dims sizes = {};          // as PyTorch counts them
  zip::Record record = {};  // its name, and where its bytes lie in the file
};

struct SafetensorsHeader {
  std::vector<std::pair<std::string, std::string>> metadata = {};
  std::vector<SafetensorsEntry> tensors = {};  // in the order of their bytes
  uint64_t nbytes = 0;                         // of the header
};

constexpr std::string_view safetensors_metadata = "__metadata__";

// Does the file begin like one?
bool is_safetensors(const io::Source& source);

// Error(bad_file) unless it is right in every part: bytes of tensors lie side by side, in the length that dtype and
// shape ask for, and fill the file.
SafetensorsHeader read_safetensors_header(const io::Source& source, const Limits& limits);
// The same of a file that may end before its tensors do.
SafetensorsHeader read_cut_safetensors_header(const io::Source& source, const Limits& limits);

// The length and the header of such tensors, padded so that elements begin at a multiple of 8. Offsets in the records
// are taken to count from the first element.
std::string write_safetensors_header(const SafetensorsHeader& header);

}  // namespace okibi::checkpoint
