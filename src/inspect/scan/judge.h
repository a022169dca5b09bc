// inspect/scan/judge.h: what a global means for whoever loads the file.
#pragma once

#include <string_view>

#include <okibi/inspect.h>

namespace okibi::inspect {

// `tensor` is what okibi::load takes unasked, by the loader's own table; `known` stands in known_globals.def or is a
// class of a TorchScript program; all else is `unsafe`.
Judgement judge(std::string_view module, std::string_view name);

}  // namespace okibi::inspect
