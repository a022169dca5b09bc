// script/plan/pattern.h: a Value in which registers stand for tensors: what an operator gets, or a program gives back.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <okibi/value.h>

namespace okibi::script {

struct Pattern {
  enum class Kind : uint8_t {
    constant,  // `constant` itself
    copied,    // a copy of the tensor `constant`
    reg,       // what stands in the register
    list,
    tuple,
    dict,  // items: key, value, key, value …
  };
  Kind kind = Kind::constant;
  Value constant = {};
  uint32_t reg = 0;
  std::vector<Pattern> items = {};

  bool is_reg() const noexcept { return kind == Kind::reg; }
  bool is_constant() const noexcept { return kind == Kind::constant; }

  static Pattern of_constant(Value value) { return {.constant = std::move(value)}; }
  static Pattern of_reg(uint32_t reg) { return {.kind = Kind::reg, .reg = reg}; }
};

// The value of a pattern that no register is in; none of another.
std::optional<Value> constant_in(const Pattern& pattern);

// With fresh lists, tuples and dicts.
Value filled(const Pattern& pattern, std::span<const Value> registers);

// The same in a Value that is used again and again: made once, filled before each use, and emptied after it, so that no
// tensor lives longer for it. Lists stay the same lists; what holds no register is the same throughout.
Value unfilled(const Pattern& pattern);
void fill(Value& value, const Pattern& pattern, std::span<const Value> registers);
void empty_again(Value& value, const Pattern& pattern);

void for_each_reg(const Pattern& pattern, const std::function<void(uint32_t)>& visit);
void change_each_reg(Pattern& pattern, const std::function<void(Pattern&)>& change);

}  // namespace okibi::script
