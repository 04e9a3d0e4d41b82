#include "internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"); }
static bool has_avxvnni(void) {
    unsigned a, b, c, d;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4)) != 0;
}
static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq");
}
static bool has_vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
static bool has_bf16(void) { return has_vnni() && __builtin_cpu_supports("avx512bf16"); }
#elif defined(__aarch64__)
#include <sys/auxv.h>

static bool has_dot_product(void) { return (getauxval(AT_HWCAP) & (1ul << 20)) != 0; } // HWCAP_ASIMDDP
#endif

const ck_table *_Nullable ck_table_for(ck_isa isa) {
    switch (isa) {
    case CK_SCALAR: return &ck_table_scalar;
#if defined(__x86_64__)
    case CK_AVX2: return has_avx2() ? &ck_table_avx2 : NULL;
    case CK_AVXVNNI: return has_avxvnni() ? &ck_table_avxvnni : NULL;
    case CK_AVX512: return has_avx512() ? &ck_table_avx512 : NULL;
    case CK_AVX512VNNI: return has_vnni() ? &ck_table_avx512vnni : NULL;
    case CK_AVX512BF16: return has_bf16() ? &ck_table_avx512bf16 : NULL;
#elif defined(__aarch64__)
    case CK_NEON: return &ck_table_neon;
    case CK_NEONDOT: return has_dot_product() ? &ck_table_neondot : NULL;
#endif
    default: return NULL;
    }
}

static const ck_table *chosen;

static void choose(void) {
    const char *asked = getenv("ONNX_RUN_ISA");
    const ck_table *best = &ck_table_scalar;
    for (ck_isa isa = CK_SCALAR; isa <= CK_NEONDOT; isa++) {
        const ck_table *table = ck_table_for(isa);
        if (table == NULL) continue;
        best = table;
        if (asked != NULL && strcmp(asked, table->name) == 0) break;
    }
    chosen = best;
}

const ck_table *ck_kernels(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
    return chosen;
}

const char *ck_isa_name(void) { return ck_kernels()->name; }
