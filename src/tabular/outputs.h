// Where a training will write.
#pragma once

#include <okibi/tabular.h>

namespace okibi::tabular {

// Makes the missing folders of the checkpoint and the model, and tries that both can be written: a long training must
// not find that out at its end. Leaves what stands there as it is.
void prepare_outputs(const TrainOptions& options);

}  // namespace okibi::tabular
