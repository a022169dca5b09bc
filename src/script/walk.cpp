#include "script/walk.h"

namespace okibi::script {
namespace {

using Visit = std::function<void(const Node&)>;

void walk(const std::vector<Step>& steps, const Visit& visit);

void walk(const Node& node, const Visit& visit) {
  for (const NodePtr& input : node.inputs) walk(*input, visit);
  if (node.block) walk(node.block->steps, visit);
  visit(node);
}

void walk(const std::vector<Step>& steps, const Visit& visit) {
  for (const Step& step : steps) {
    if (step.target) walk(*step.target, visit);
    if (step.value) walk(*step.value, visit);
    walk(step.body, visit);
    walk(step.orelse, visit);
  }
}

}  // namespace

void for_each_node(const Code& code, const Visit& visit) { walk(code.body.steps, visit); }

}  // namespace okibi::script
