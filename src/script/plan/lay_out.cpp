// Which register lies in which layout, and where one is made of another.
#include <map>

#include <okibi/ops.h>

#include "script/plan/fuse.h"
#include "tensor/pool.h"

namespace okibi::script {
namespace {

using kernels::Layout;
using kernels::PoolAxis;
using kernels::Prepared;

// Halves come out rounded.
Work work_of(Prepared prepared, Dims sizes, DType dtype) {
  return [prepared = std::move(prepared), sizes = std::move(sizes), dtype](std::span<const Value> arguments) {
    pool::Vector<Tensor> inputs;
    pool::Vector<const float*> numbers;
    for (const Value& argument : arguments) {
      inputs.push_back(argument.to_tensor().to(float32).contiguous());
      numbers.push_back(inputs.back().data<float>());
    }
    const Tensor out = empty(sizes);
    prepared.run(numbers, out.data<float>());
    return Value(out.to(dtype));
  };
}

class LayingOut {
 public:
  LayingOut(FusedDraft fused, kernels::PackedWeights& packed)
      : before_(std::move(fused)),
        packed_(packed),
        layouts_(before_.draft.registers.size()),
        is_prepared_(layouts_.size(), false) {}

  std::optional<Draft> run() {
    auto instructions = std::move(before_.draft.instructions);
    for (size_t i = 0; i < instructions.size(); ++i) {
      at_ = {instructions[i].name, instructions[i].node, instructions[i].code};
      if (before_.fused[i]) {
        put_fused(*before_.fused[i]);
      } else if (!put_prepared(instructions[i])) {
        put_as_it_is(std::move(instructions[i]));
      }
    }
    change_each_reg(draft().result, [&](Pattern& reg) { reg.reg = plain(reg.reg); });
    if (is_missing_) return std::nullopt;
    draft().instructions = std::move(done_);
    return std::move(draft());
  }

 private:
  Draft& draft() { return before_.draft; }
  const Register& reg(uint32_t number) { return draft().registers[number]; }

  Layout layout_of(uint32_t number) { return layouts_[number] ? *layouts_[number] : Layout::plain(reg(number).sizes); }

  void put(const Prepared& prepared, std::span<const uint32_t> inputs, uint32_t out) {
    Instruction instruction{.name = at_.name, .node = at_.node, .code = at_.code, .outputs = {out}};
    for (const uint32_t input : inputs) {
      if (!is_prepared_[input]) instruction.finite.push_back(instruction.arguments.size());
      instruction.arguments.push_back(Pattern::of_reg(input));
    }
    is_prepared_[out] = true;
    const bool is_plain = prepared.out().is_plain();
    instruction.work = is_plain ? work_of(prepared, reg(out).sizes, reg(out).dtype)
                                : work_of(prepared, {static_cast<int64_t>(prepared.out().numel())}, float32);
    if (!is_plain) layouts_[out] = prepared.out();
    done_.push_back(std::move(instruction));
  }

  // The register with the same numbers in the layout that is wanted.
  uint32_t in_layout(uint32_t number, const Layout& wanted) {
    const Layout there = layout_of(number);
    if (there == wanted) return number;
    for (const auto& [key, made] : remade_) {
      if (key == number && layout_of(made) == wanted) return made;
    }
    const auto reorder = kernels::prepare_reorder(there, wanted);
    if (!reorder) return is_missing_ = true, number;
    const auto made = static_cast<uint32_t>(draft().registers.size());
    draft().registers.push_back(reg(number));
    draft().shares.push_back(false);
    layouts_.emplace_back();
    is_prepared_.push_back(false);
    put(*reorder, std::array{number}, made);
    remade_.emplace(number, made);
    return made;
  }
  uint32_t plain(uint32_t number) {
    return layouts_[number] ? in_layout(number, Layout::plain(reg(number).sizes)) : number;
  }

  std::optional<Prepared> prepared_of(const Fused& f) {
    const auto wide = [](const Tensor& x) { return x.defined() ? x.to(float32).contiguous() : x; };
    const auto numbers = [](const Tensor& tensor) { return tensor.defined() ? tensor.data<float>() : nullptr; };
    const Tensor weight = wide(f.weight),
                 bias = wide(f.bias);  // of one layer at a time: of all it would be the file again
    const kernels::Weighted weighted{.weight = numbers(weight),
                                     .scale = f.scale.defined() ? f.scale.data<double>() : nullptr,
                                     .bias = numbers(bias),
                                     .name = f.name,
                                     .adds = f.added.has_value(),
                                     .activation = f.activation};
    return std::visit([&](const auto& shape) { return kernels::prepare(shape, weighted, packed_); }, f.shape);
  }

  void put_fused(const Fused& f) {
    const auto prepared = prepared_of(f);
    if (!prepared) return void(is_missing_ = true);
    const bool is_linear = std::holds_alternative<kernels::Linear>(f.shape);  // plain, of any number of dimensions
    const auto input = [&](uint32_t reg, size_t i) {
      return is_linear ? plain(reg) : in_layout(reg, prepared->in()[i]);
    };
    std::vector<uint32_t> inputs{input(f.x, 0)};
    if (f.added) inputs.push_back(input(*f.added, 1));
    put(*prepared, inputs, f.out);
  }

  void put_as_it_is(Instruction instruction) {
    for (Pattern& argument : instruction.arguments)
      change_each_reg(argument, [&](Pattern& reg) { reg.reg = plain(reg.reg); });
    done_.push_back(std::move(instruction));
  }

  // Operations that can go on in the layout of their input, where that is not the plain one.
  bool put_prepared(const Instruction& at) {
    if (at.name == "aten::cat") return put_joining(at);
    if (at.arguments.empty() || !at.arguments[0].is_reg() || at.outputs.size() != 1 || !at.outputs[0] || at.changes)
      return false;
    const uint32_t x = at.arguments[0].reg;
    if (at.name == "aten::add.Tensor" || at.name == "aten::mul.Tensor") return put_pairwise(at);
    if (!layouts_[x]) return false;
    const auto prepared = prepared_of(at, *layouts_[x]);
    if (prepared) put(*prepared, std::array{x}, *at.outputs[0]);
    return prepared.has_value();
  }

  std::optional<Prepared> prepared_of(const Instruction& at, const Layout& in) {
    if (const auto activation = activation_of(at)) return kernels::prepare_activation(*activation, in);
    if (at.name == "aten::batch_norm") return scaling_of(at, in);
    if (at.name == "aten::mean.dim") return mean_of(at, in);
    return pooling_of(at, in);
  }

  std::optional<Prepared> mean_of(const Instruction& at, const Layout& in) {
    const auto dims = constant_in(at.arguments[1]);
    if (!dims || !dims->is_list() || dims->size() != 2 || at.arguments[3].constant != Value()) return std::nullopt;
    const auto wrapped = [&](int64_t i) { return ((*dims)[i].to_int() + 4) % 4; };
    if (wrapped(0) + wrapped(1) != 5 || wrapped(0) * wrapped(1) != 6) return std::nullopt;  // 2 and 3
    if (reg(*at.outputs[0]).sizes.size() == 4) return kernels::prepare_mean_of_planes(in);
    return std::nullopt;
  }

  std::optional<Prepared> pooling_of(const Instruction& at, const Layout& in) {
    const bool is_max = at.name == "aten::max_pool2d", is_mean = at.name == "aten::avg_pool2d";
    const Dims &from = reg(at.arguments[0].reg).sizes, &to = reg(*at.outputs[0]).sizes;
    const auto adaptive = [&](size_t d) { return PoolAxis{.in = from[d], .out = to[d], .adaptive = true}; };
    if (at.name == "aten::adaptive_avg_pool2d")
      return kernels::prepare_pooling({.boxes = 0, .deep = {}, .down = adaptive(2), .across = adaptive(3)}, in, false,
                                      true);
    if (!is_max && !is_mean) return std::nullopt;
    const auto numbers = [&](size_t argument) { return constant_in(at.arguments[argument])->to_list(); };
    const auto nth = [](const List& list, size_t d, int64_t otherwise) {
      return list.size() == 0 ? otherwise : list[list.size() == 1 ? 0 : d].to_int();
    };
    const auto axis = [&](size_t d) {
      const int64_t kernel = nth(numbers(1), d, 1);
      return PoolAxis{.in = from[d + 2],
                      .out = to[d + 2],
                      .kernel = kernel,
                      .stride = nth(numbers(2), d, kernel),
                      .padding = nth(numbers(3), d, 0),
                      .dilation = is_max ? nth(numbers(4), d, 1) : 1};
    };
    if (is_mean && constant_in(at.arguments[6]) != Value()) return std::nullopt;
    const bool counts_padding = is_mean && constant_in(at.arguments[5]) == Value(true);
    return kernels::prepare_pooling({.boxes = 0, .deep = {}, .down = axis(0), .across = axis(1)}, in, is_max,
                                    counts_padding);
  }

  std::optional<Prepared> scaling_of(const Instruction& at, const Layout& in) {
    std::array<Tensor, 4> given;  // gamma, beta, mean, var
    for (size_t i = 0; i < 4; ++i) {
      const auto value = constant_in(at.arguments[i + 1]);
      if (!value || !value->is_tensor() || !is_fused(value->to_tensor().dtype())) return std::nullopt;
      given[i] = value->to_tensor().to(float32);
      draft().constants.emplace_back(value->to_tensor());
    }
    const auto& [gamma, beta, mean, var] = given;
    const Tensor scale = gamma * rsqrt(var + constant_in(at.arguments[7])->to_double()), shift = beta - mean * scale;
    return kernels::prepare_scaling(in, scale.data<float>(), shift.data<float>());
  }

  // Where one of both is in blocks, and the other is of its sizes or one number for each channel.
  bool put_pairwise(const Instruction& at) {
    if (!at.arguments[1].is_reg()) return false;
    uint32_t a = at.arguments[0].reg, b = at.arguments[1].reg;
    const bool adds = at.name == "aten::add.Tensor";
    if (adds && constant_in(at.arguments[2]) != Value(int64_t{1})) return false;
    if (reg(a).sizes != reg(*at.outputs[0]).sizes) std::swap(a, b);
    if (!layouts_[a] || reg(a).sizes != reg(*at.outputs[0]).sizes || !is_fused(reg(b).dtype)) return false;
    const Dims &x = reg(a).sizes, &y = reg(b).sizes;
    if (y.size() != 4 || (y != x && y != Dims{x[0], x[1], 1, 1})) return false;
    const auto each = layouts_[a]->like_this(std::vector<int64_t>(y.begin(), y.end()));
    const uint32_t other = y == x ? in_layout(b, *layouts_[a]) : each ? in_layout(b, *each) : b;
    const auto prepared = kernels::prepare_pairwise(adds ? kernels::Pairwise::add : kernels::Pairwise::mul,
                                                    *layouts_[a], layout_of(other));
    if (prepared) put(*prepared, std::array{a, other}, *at.outputs[0]);
    return prepared.has_value();
  }

  bool put_joining(const Instruction& at) {
    const Pattern& list = at.arguments[0];
    const auto dim = constant_in(at.arguments[1]);
    if (list.kind != Pattern::Kind::list || !dim || dim->to_int() != 1) return false;
    std::vector<Layout> parts;
    std::vector<uint32_t> inputs;
    for (const Pattern& item : list.items) {
      if (!item.is_reg() || !layouts_[item.reg] || reg(item.reg).sizes.size() != 4) return false;
      inputs.push_back(item.reg);
      parts.push_back(*layouts_[item.reg]);
    }
    const auto prepared = kernels::prepare_joining(parts);
    if (prepared) put(*prepared, inputs, *at.outputs[0]);
    return prepared.has_value();
  }

  FusedDraft before_;
  kernels::PackedWeights& packed_;
  std::vector<std::optional<Layout>> layouts_;  // by register; none of those that are plain
  std::vector<bool> is_prepared_;               // by register: what oneDNN made of what is finite
  std::multimap<uint32_t, uint32_t> remade_;
  std::vector<Instruction> done_;
  struct {
    std::string name;
    const Node* node = nullptr;
    const Code* code = nullptr;
  } at_;  // for the lines of what is put in
  bool is_missing_ = false;
};

}  // namespace

std::optional<Draft> lay_out(FusedDraft fused, kernels::PackedWeights& packed) {
  return LayingOut(std::move(fused), packed).run();
}

}  // namespace okibi::script
