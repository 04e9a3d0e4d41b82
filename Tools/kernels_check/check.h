#ifndef CHECK_H
#define CHECK_H

#include "CKernels.h"

#include <stdio.h>

// The plain loops round where they say so, on every machine.
#pragma clang fp contract(off)

/// Every input and output lies at the end of a block of its own, off its natural alignment: a sanitizer sees an access one byte beyond.
void *block(size_t bytes);
void release_blocks(void);

uint32_t random_bits(void);
size_t random_size(size_t least, size_t greatest);
float random_float(float least, float greatest);
ck_f32 *random_floats(size_t count);

extern const char *checking;
extern int failures;

/// Counts and prints a failure; the first few of each kind.
void expect(bool condition, const char *what, size_t index, double found, double expected);

/// Same bits; any NaN is any other.
bool same_float(float a, float b);

void check_products(const ck_table *kernels);
void check_functions(const ck_table *kernels);
void check_programs(const ck_table *kernels);
void check_rows(const ck_table *kernels);
void check_conversions(const ck_table *kernels);

#endif
