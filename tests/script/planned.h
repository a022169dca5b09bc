// Programs made of source, with what their Runner tells of plans.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "script/archive.h"
#include "script/archives.h"
#include "script/plan/runner.h"

namespace okibi::testing_help {

using script::Program, script::Runner, script::ScriptArchive;

// The program, with what a Runner tells of it.
struct Made {
  explicit Made(const std::string& methods, const Dict& state = Dict())
      : archive(std::make_unique<ScriptArchive>(archive_of(methods, state), Limits())),
        root(archive->root()),
        program(std::move(archive)),
        runner(program, root, options) {}

  Value call(std::vector<Value> arguments, const std::string& method = "f") {
    arguments.insert(arguments.begin(), root);
    return runner.call("__torch__.A." + method, std::move(arguments));
  }
  std::string refusal(const std::string& method = "f") {
    const char* why = runner.refusal("__torch__.A." + method);
    return why ? why : "none";
  }

  std::unique_ptr<ScriptArchive> archive;
  const Value root;
  Program program;
  const jit::LoadOptions options;
  Runner runner;
};

inline Tensor row(std::initializer_list<TensorLiteral> numbers) { return tensor(TensorLiteral(numbers)); }

inline void expect_equal(const Value& found, const Tensor& expected) {
  EXPECT_TRUE(equal(found.to_tensor(), expected)) << to_string(found.to_tensor()) << to_string(expected);
}

}  // namespace okibi::testing_help
