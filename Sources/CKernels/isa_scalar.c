// The oracle: the same bodies without a region, so that each lane is plain C and fmaf.
#include "internal.h"

#define TABLE ck_table_scalar
#define TABLE_ISA CK_SCALAR
#define TABLE_NAME "scalar"
#define F32_TILE_ROWS 4
#define TILE_VECTORS 1
#define BF16_TILE_ROWS 4
#define I8_TILE_ROWS 4
#include "bodies/vectors.inc"
#include "bodies/kernels.inc"
