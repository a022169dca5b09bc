// okibi/optim.h: what torch.optim has.
#pragma once

#include <okibi/optim/lr_scheduler.h>
#include <okibi/optim/optimizer.h>
#include <okibi/optim/optimizers.h>
