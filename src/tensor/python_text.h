// Numbers, texts and bytes as Python's repr writes them.
#pragma once

#include <complex>
#include <span>
#include <string>
#include <string_view>

namespace okibi {

std::string python_float(double number);                     // 5.0, 1e+16, nan
std::string python_complex(std::complex<double> number);     // (1+2j), 1j
std::string python_str(std::string_view utf8);               // 'it', "it's", 'caf\xe9' only where it cannot be printed
std::string python_bytes(std::span<const std::byte> bytes);  // b'\x00'
std::string python_int(
    std::span<const std::byte> little_endian);  // of any size; hexadecimal when thousands of digits long

}  // namespace okibi
