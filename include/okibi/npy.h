// okibi/npy.h: arrays as NumPy writes them to files: one alone (numpy.save; NEP 1, formats 1.0 to 3.0), or several with
// their names (numpy.savez, numpy.savez_compressed).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <okibi/io.h>
#include <okibi/tensor.h>

namespace okibi {

// Numbers of either byte order and either order of dimensions. Error(bad_file) for what is none, Error(unsupported) for
// arrays that hold no numbers: those of objects are pickles, which are not read.
Tensor read_npy(const io::Source& source);
Tensor tensor_of_npy(std::span<const std::byte> bytes);

// In rows, little-endian. Error(unsupported) for a dtype that NumPy has not, such as bfloat16.
void write_npy(const Tensor& tensor, io::Sink& sink);

// In the order of the file. NumPy names those that were given without a name arr_0, arr_1, ….
using NamedArrays = std::vector<std::pair<std::string, Tensor>>;

// An .npz: a zip archive of NAME.npy, stored or deflated. All that zip.h says of archives is checked, and an array that
// cannot be read is the error that read_npy has, with its record. Error(bad_file) for an archive that holds anything
// else; Error(limit) for one that would inflate to more than the Limits allow.
NamedArrays read_npz(std::shared_ptr<const io::Source> source, const Limits& limits = {});

// Stored, as numpy.savez does. Error(bad_argument) for two of one name, and for names that no record can have. The sink
// is not committed.
void write_npz(const NamedArrays& arrays, io::Sink& sink);

}  // namespace okibi
