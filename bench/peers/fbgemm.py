"""FBGEMM's CPU tables beside embedding_bench.cpp: backward and update are one there. Usage: fbgemm.py THREADS [ROWSxDIM]..."""
import torch
from fbgemm_gpu.split_embedding_configs import EmbOptimType
from fbgemm_gpu.split_table_batched_embeddings_ops_training import (ComputeDevice, EmbeddingLocation, PoolingMode,
                                                                    SplitTableBatchedEmbeddingBagsCodegen)

from lookups import BATCH, cases, milliseconds, tell

RULES = {"sparse SGD": EmbOptimType.EXACT_SGD, "sparse Adagrad": EmbOptimType.EXACT_ADAGRAD,
         "row-wise Adagrad": EmbOptimType.EXACT_ROWWISE_ADAGRAD}

for case, rows, dim, ids, gradient in cases():
    offsets = torch.arange(BATCH + 1)
    for what, rule in RULES.items():
        table = SplitTableBatchedEmbeddingBagsCodegen([(rows, dim, EmbeddingLocation.HOST, ComputeDevice.CPU)],
                                                      optimizer=rule, learning_rate=0.01, pooling_mode=PoolingMode.SUM)
        if what == "sparse SGD":
            with torch.no_grad():
                tell(case, "forward", milliseconds(9, lambda: table(ids, offsets)))
        tell(case, what, milliseconds(5, lambda: table(ids, offsets).backward(gradient)))
        del table
