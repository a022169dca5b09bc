// script/kernels.h: what runs the operators of a program: okibi's operator table, and beside it what works on ints,
// texts, lists and dicts, and on what a tensor is rather than on its numbers.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <okibi/op_table.h>

namespace okibi::script {

using HostFunction = Value (*)(std::span<const Value> arguments);

// One of both.
struct Kernel {
  HostFunction host = nullptr;
  const Op* op = nullptr;
  std::vector<size_t> dtypes = {};  // arguments of the op that are dtypes, where programs have numbers

  explicit operator bool() const noexcept { return host || op; }
  Value operator()(std::span<const Value> arguments) const;
};

// The dtype of a number in programs. Error(bad_argument) for a number of none.
DType dtype_numbered(int64_t number);

// By name with overload. Empty where okibi cannot run it. In files of old formats some operators mean other things.
Kernel find_kernel(std::string_view name, int64_t format_version = 10);

// A table of names and functions: the overloads stand in one text, "-" for the one without a name.
struct HostRow {
  std::string_view name, overloads;
  HostFunction function;
};
std::span<const HostRow> number_rows();     // host_numbers.cpp
std::span<const HostRow> container_rows();  // host_containers.cpp
std::span<const HostRow> text_rows();       // host_texts.cpp
std::span<const HostRow> tensor_rows();     // host_tensors.cpp
std::span<const HostRow> indexing_rows();   // host_indexing.cpp

// What the name means in files of formats before `before`.
struct OldRow {
  HostRow row;
  int64_t before;
};
std::span<const OldRow> old_rows();  // old_operators.cpp

}  // namespace okibi::script
