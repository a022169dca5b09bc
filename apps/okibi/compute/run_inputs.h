// What `okibi run` gives to a method.
#pragma once

#include <string>
#include <vector>

#include <okibi/jit.h>

namespace okibi::app {

struct Arguments {
  std::vector<Value> positional = {};
  jit::NamedValues named = {};
};

// Each input is one argument: a file or a literal; but an .npz is as many as it has arrays. Those have the names of
// parameters, or are arr_0, arr_1, … and come in that order.
Arguments arguments_of(const std::vector<std::string>& inputs, const jit::Module& model, const std::string& method);

// ".npy" of "s3://bucket/x.npy"; "" where there is none.
std::string ending_of(const std::string& uri);

}  // namespace okibi::app
