// script/write/typed_values.h: a module's attributes as the pickles of TorchScript hold them, in which
// (torch/csrc/jit/serialization/pickler.cpp)
//
//   lists and dicts say what they are of, torch.jit._pickle.restore_type_tag([…], "List[str]"), for those of numbers
//   and tensors torch.jit._pickle.build_intlist([…]); objects have the attributes that their class declares, or what
//   its
//   __getstate__ gives; one that stands in two places is written twice.
#pragma once

#include <unordered_map>

#include "script/interpreter.h"

namespace okibi::script {

class TypedValues {
 public:
  TypedValues(Program& program, const jit::LoadOptions& options) : program_(program), options_(options) {}

  // As something of the type. Error(unsupported) for what has no place in such a file; Error(limit) where objects hold
  // one another without an end.
  Value of(const Value& value, const Type& type);

 private:
  class Deeper;

  Value object(const Object& object);
  Value attributes_of(const Object& object, const ClassInfo& c);
  Value tensor(const Value& value);
  Value list(const Value& value, const Type& type);
  Value dict(const Value& value, const Type& type);
  Value tuple(const Value& value, const Type& type);
  Type fields_of(const Type& type);
  Value of_any(const Value& value);
  Value remembered(const Value& value, Value written);

  Program& program_;
  const jit::LoadOptions& options_;
  std::unordered_map<const void*, Value> known_;  // lists, dicts and tensors, which stay shared
  std::vector<Value> kept_;                       // so that no other gets the identity of one
  uint64_t objects_ = 0;
  uint32_t depth_ = 0;
};

}  // namespace okibi::script
