// checkpoint/pickled/class_ids.h: whole models of before 1.6 keep the source of their classes beside their names.
#pragma once

#include <okibi/pickle.h>

namespace okibi::checkpoint {

// A persistent id ("module", class, file, source), or in tar archives (class, file, source), stands for the class: what
// refers to it refers to the class afterwards. The source is text; nobody runs it.
void name_classes(pickle::Graph& graph);

// Whether the node is such an id.
bool is_class_id(const pickle::Graph& graph, pickle::NodeId persistent);

}  // namespace okibi::checkpoint
