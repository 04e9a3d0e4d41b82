#ifndef CK_INTERNAL_H
#define CK_INTERNAL_H

#include "CKernels.h"

extern const ck_table ck_table_scalar;
extern const ck_table ck_table_avx2;
extern const ck_table ck_table_avxvnni;
extern const ck_table ck_table_avx512;
extern const ck_table ck_table_avx512vnni;
extern const ck_table ck_table_avx512bf16;
extern const ck_table ck_table_neon;
extern const ck_table ck_table_neondot;

#endif
