#include "script/walk.h"

namespace okibi::script {
namespace {

// Of constant code, or of code that is changed.
template <class Steps, class Visit>
void walk(Steps& steps, const Visit& visit);

template <class AnyNode, class Visit>
void walk_node(AnyNode& node, const Visit& visit) {
  for (const NodePtr& input : node.inputs) walk_node<AnyNode>(*input, visit);
  if (node.block) walk(node.block->steps, visit);
  visit(node);
}

template <class Steps, class Visit>
void walk(Steps& steps, const Visit& visit) {
  using AnyNode = typename Visit::argument;
  for (auto& step : steps) {
    if (step.target) walk_node<AnyNode>(*step.target, visit);
    if (step.value) walk_node<AnyNode>(*step.value, visit);
    walk(step.body, visit);
    walk(step.orelse, visit);
  }
}

template <class Argument>
struct Visitor {
  using argument = Argument;
  const std::function<void(Argument&)>& function;
  void operator()(Argument& node) const { function(node); }
};

}  // namespace

void for_each_node(const Code& code, const std::function<void(const Node&)>& visit) {
  walk(code.body.steps, Visitor<const Node>{visit});
}

void change_each_node(Code& code, const std::function<void(Node&)>& change) {
  walk(code.body.steps, Visitor<Node>{change});
}

}  // namespace okibi::script
