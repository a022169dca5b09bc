// script/module_body.h: what all handles to one program share.
#pragma once

#include <unordered_map>

#include <fmt/format.h>
#include <okibi/jit.h>
#include <okibi/store.h>

#include "script/plan/runner.h"

namespace okibi::jit {

struct ModuleBody {
  ModuleBody(std::unique_ptr<script::ScriptArchive> archive, LoadOptions given)
      : name(store::shown(archive->name())),
        class_name(archive->root_class()),
        root(archive->root()),
        program(std::move(archive)),
        options(std::move(given)),
        runner(program, root, options) {
    for (const script::Function& method : program.root_class().source->methods) {
      methods.push_back(method.name);
      functions.emplace(method.name, fmt::format("{}.{}", class_name, method.name));
    }
  }

  // The name that the program knows the method by. Error(not_found).
  const std::string& function_of(const std::string& method) const {
    const auto found = functions.find(method);
    if (found != functions.end()) return found->second;
    throw Error(ErrorKind::not_found, fmt::format("the program has no method {}", printable(method, 100)))
        .expected(fmt::format("one of {}", fmt::join(methods, ", ")));
  }

  const std::string name, class_name;
  const Value root;
  script::Program program;
  const LoadOptions options;
  script::Runner runner;
  std::vector<std::string> methods;
  std::unordered_map<std::string, std::string> functions;  // method → its qualified name
};

struct ModuleAccess {
  static Module make(std::shared_ptr<ModuleBody> body) { return Module(std::move(body)); }
  static ModuleBody& body(const Module& module) { return *module.body_; }
};

}  // namespace okibi::jit
