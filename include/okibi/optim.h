// okibi/optim.h: what torch.optim has.
#pragma once

#include <okibi/optim/optimizer.h>
#include <okibi/optim/optimizers.h>
