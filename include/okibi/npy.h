// okibi/npy.h: arrays as NumPy writes them alone to a file (numpy.save; NEP 1, formats 1.0 to 3.0).
#pragma once

#include <span>
#include <string>

#include <okibi/io.h>
#include <okibi/tensor.h>

namespace okibi {

// Numbers of either byte order and either order of dimensions. Error(bad_file) for what is none, Error(unsupported) for
// arrays that hold no numbers: those of objects are pickles, which are not read.
Tensor read_npy(const io::Source& source);
Tensor tensor_of_npy(std::span<const std::byte> bytes);

// In rows, little-endian. Error(unsupported) for a dtype that NumPy has not, such as bfloat16.
void write_npy(const Tensor& tensor, io::Sink& sink);

}  // namespace okibi
