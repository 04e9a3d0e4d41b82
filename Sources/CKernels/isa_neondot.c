#if defined(__aarch64__)
#include <arm_neon.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define TABLE ck_table_neondot
#define TABLE_ISA CK_NEONDOT
#define TABLE_NAME "neondot"
#define F32_TILE_ROWS 6
#define TILE_VECTORS 1
#define BF16_TILE_ROWS 4
#define I8_TILE_ROWS 4
#define V_HAS_F16
#define V_DOT4 "dot4_neondot.inc"
#include "bodies/vectors.inc"
#include "bodies/kernels.inc"
#pragma clang attribute pop
#endif
