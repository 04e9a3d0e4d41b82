#if defined(__aarch64__)
#include "internal.h"

#define TABLE ck_table_neon
#define TABLE_ISA CK_NEON
#define TABLE_NAME "neon"
#define F32_TILE_ROWS 6
#define TILE_VECTORS 1
#define BF16_TILE_ROWS 4
#define I8_TILE_ROWS 4
#define V_HAS_F16
#include "bodies/vectors.inc"
#include "bodies/kernels.inc"
#endif
