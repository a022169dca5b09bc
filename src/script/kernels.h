// script/kernels.h: what runs the operators of a program: okibi's operator table, and beside it what works on ints,
// texts, lists and dicts, and on what a tensor is rather than on its numbers.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <okibi/op_table.h>

#include "script/effects.h"

namespace okibi::script {

using HostFunction = Value (*)(std::span<const Value> arguments);

// One of both.
struct Kernel {
  HostFunction host = nullptr;
  const Op* op = nullptr;
  std::vector<size_t> dtypes = {};  // arguments of the op that are dtypes, where programs have numbers
  Effects effects = {};             // of the operator that it was found for, where a program calls it
  bool in_place = false;            // the result goes into the first argument: x.relu_() is x.copy_(x.relu())

  explicit operator bool() const noexcept { return host || op; }
  Value operator()(std::span<const Value> arguments) const;

 private:
  Value computed(std::span<const Value> arguments) const;
};

// The dtype of a number in programs. Error(bad_argument) for a number of none.
DType dtype_numbered(int64_t number);

// By name with overload. Empty where okibi cannot run it. In files of old formats some operators mean other things.
Kernel find_kernel(std::string_view name, int64_t format_version = 10);

// What an operator in place computes before it puts it there: "aten::add.Tensor" of "aten::add_.Tensor". Empty where the
// name is none of such an operator, or okibi has no kernel for it.
std::string functional_of(std::string_view in_place);

// A table of names and functions: the overloads stand in one text, "-" for the one without a name.
struct HostRow {
  std::string_view name, overloads;
  HostFunction function;
};
std::span<const HostRow> number_rows();     // host_numbers.cpp
std::span<const HostRow> container_rows();  // host_containers.cpp
std::span<const HostRow> text_rows();       // host_texts.cpp
std::span<const HostRow> tensor_rows();     // host_tensors.cpp
std::span<const HostRow> making_rows();     // host_making.cpp
std::span<const HostRow> drawing_rows();    // host_drawing.cpp
std::span<const HostRow> more_text_rows();  // host_more_texts.cpp
std::span<const HostRow> window_rows();     // host_windows.cpp
std::span<const HostRow> nested_rows();     // host_nested.cpp
std::span<const HostRow> indexing_rows();   // host_indexing.cpp

// What the name means in files of formats before `before`.
struct OldRow {
  HostRow row;
  int64_t before;
};
std::span<const OldRow> old_rows();  // old_operators.cpp

}  // namespace okibi::script
