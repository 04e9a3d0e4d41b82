/// OpenBLAS, loaded when it is first needed: it takes 2 ms, a thread and 134 MB of address space a processor, and most models have no product of doubles.
#pragma once

/// Why OpenBLAS can't be used; NULL where it can.
const char *_Nullable co_refusal(void);

/// What OpenBLAS says of how it was built; NULL where it can't be used.
const char *_Nullable co_config(void);

/// y = x w, of m x k and k x n numbers in rows. OpenBLAS must be usable.
void co_dgemm(int m, int n, int k, const double *_Nonnull x, const double *_Nonnull w, double *_Nonnull y);
