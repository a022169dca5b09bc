"""Makes src/script/schemas.def: the schemas of PyTorch's operators, those of one name in the order in which PyTorch tries
them. The types of a program follow from them, whether or not okibi has the operator.

    python3 src/script/make_schemas.py        # PyTorch 2.15
"""

import pathlib
import re

import torch

# Backward passes, other devices, and what no archive of torch.jit.save holds.
LEFT_OUT = re.compile(
    r"_backward|_foreach_|_fused|cudnn|miopen|mkldnn|_mps|_cuda|_copy$|_jagged|_sparse|sparse_|_functional_|_test_|sym_|"
    r"quantize|qparams|_cslt|_scaled_(mm|grouped)|fbgemm|_nnpack|_int_mm|_weight_int|_wrapped|_linalg|_thnn|_dirichlet|"
    r"_assert|_debug|batch_norm_(gather|elemt|stats|update|reduce)|_flash|_efficient|_triton|_special_|_fft_|"
    # Of those that PyTorch keeps for itself:
    r"aten::(_values|"
    r"_log_softmax_|_softmax_|_spdiags|_segment|_resize_output|_lu_|_make_|_masked_|_pin|"
    r"_propagate|_unsafe|_validate|_use_|_version|_shape_as|_reshape_|_print|_chunk_cat|_compute|"
    r"_convert|_cholesky|_amp|_add_relu|_adaptive|_addmm|_aminmax|_cast_|_coalesce|_cudnn|"
    r"_fake_|_fw_|_grid|_grouped|_has_|_histogramdd|_indices|_is_|_lazy|_logcumsumexp|_mixed|"
    r"_neg_view|_new_zeros|_nnz|_nested_(get|view|sum|select|compute|from_padded|strided)|"
    r"_padded|_prelu|_rowwise|_saturate|_sample|_slow|_sobol|_stack|_standard|_symeig|"
    r"_tensor_to|_thnn|_to_(cpu|dense)|_transform_bias|_trilinear|_values|_weight_norm_int|"
    r"_cummax|_cummin|_dim|_dyn_|_ctc|_cdist|_conj_|_empty_|_euclid|_fft|_gather_|_index_put)")
KEPT = re.compile(r"aten::(__\w+__|_pack_padded_sequence|_pad_packed_sequence|quantize_per_tensor|dequantize)$")
OUT = ["aten::div.out("]  # of those that write into an argument, what functions of PyTorch call
PRIM = ("prim::data prim::device prim::dtype prim::max prim::min prim::abs prim::type prim::layout prim::requires_grad "
        "prim::is_cpu prim::is_cuda prim::is_meta prim::is_nested prim::is_quantized prim::is_sparse prim::is_xla "
        "prim::is_mkldnn prim::is_mps prim::is_vulkan prim::is_xpu prim::is_ipu prim::grad prim::index prim::itemsize prim::name "
        "prim::NumToTensor prim::RaiseException prim::Print prim::StringIndex prim::id").split()
TORCHVISION = [
    "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
]


def is_wanted(name):
    is_kept = name in PRIM or KEPT.match(name)
    return bool(is_kept) or (name.startswith("aten::") and not LEFT_OUT.search(name))


def schemas():
    names = {s.name for s in torch._C._jit_get_all_schemas()}
    for name in sorted(filter(is_wanted, names)):
        for schema in map(str, torch._C._jit_get_schemas_for_operator(name)):
            if schema.startswith(tuple(OUT)) or not re.search(r"\(a!\) out\b|, Tensor\(\w!\) out", schema):
                yield schema
    yield from TORCHVISION


def main():
    path = pathlib.Path(__file__).parent / "schemas.def"
    rows = "".join('X("%s")\n' % s.replace("\\", "\\\\").replace('"', '\\"') for s in schemas())
    path.write_text("// Made by make_schemas.py with PyTorch %s: X(schema), sorted by name.\n%s" %
                    (torch.__version__.split("+")[0], rows))


if __name__ == "__main__":
    main()
