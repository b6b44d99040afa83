/* The table of neuron models: a new model is its file and a line here. */
#include <string.h>

#include "neurons/model.h"

/* clang-format off */
#define MODELS(X) \
    X(lif) \
    X(plif) \
    X(constantcurrentlif) \
    X(nonspikinglif) \
    X(lifm) \
    X(li) \
    X(if) \
    X(ifsoftreset) \
    X(ifb) \
    X(nonspikingifb) \
    X(null) \
    X(clif) \
    X(clif2k) \
    X(pclif) \
    X(aclif) \
    X(wta_lif) \
    X(lifstdp_ex) \
    X(alifstdp_ex) \
    X(lifstdp_ih) \
    X(diehlandcook) \
    X(lifint) \
    X(diehl_cook_exc) \
    X(diehl_cook_inh)
/* clang-format on */

#define DECLARE(name) extern const hb_model HB_R(hb_model_##name);
#define ENTRY(name)   &HB_R(hb_model_##name),
MODELS(DECLARE)
const hb_model *const HB_R(hb_models)[] = {MODELS(ENTRY)};

#ifndef HB_ISA
const size_t HB_R(hb_model_count) = HB_COUNT(HB_R(hb_models));

#define COPY(isa) HB_JOIN3(hb_models, HB_REAL_SUFFIX, isa)
#ifdef HB_X86_SIMD
extern const hb_model *const COPY(avx2)[], *const COPY(avx512)[];
#endif

const hb_model *const *HB_R(hb_models_for)(const char *isa) {
#ifdef HB_X86_SIMD
    if (!strcmp(isa, "avx512")) return COPY(avx512);
    if (!strcmp(isa, "avx2")) return COPY(avx2);
#endif
    (void)isa;
    return HB_R(hb_models);
}
#endif
