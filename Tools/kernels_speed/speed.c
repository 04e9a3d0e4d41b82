// Times the product kernels on the shapes of DistilBERT, beside the machine's limit: multiply-adds that touch no memory.
// Weights come from memory, as in a model: each repetition takes the next of as many matrices as exceed the caches.
#define _GNU_SOURCE
#include "CKernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64, WEIGHTS = 96000000 };
#define BUDGET 0.3

typedef struct {
    void (*body)(void *argument, int thread, int threads);
    void *argument;
    int threads;
} work;

static work current;
static atomic_int started, finished;
static int thread_count = 1;
static double busy[MAX_THREADS];

static void pin(int thread) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(thread, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void call(int thread) {
    const double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    current.body(current.argument, thread, current.threads);
    busy[thread] = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void *serve(void *argument) {
    const int thread = (int)(intptr_t)argument;
    pin(thread);
    for (int seen = 0;; seen++) {
        while (atomic_load(&started) == seen) continue;
        call(thread);
        atomic_fetch_add(&finished, 1);
    }
    return NULL;
}

/// Processor time of the thread that took most of it: what it waits for others' load doesn't count.
static double run(void (*body)(void *, int, int), void *argument) {
    current = (work){body, argument, thread_count};
    atomic_store(&finished, 0);
    atomic_fetch_add(&started, 1);
    call(0);
    while (atomic_load(&finished) < thread_count - 1) continue;
    double most = 0;
    for (int thread = 0; thread < thread_count; thread++) most = busy[thread] > most ? busy[thread] : most;
    return most;
}

static double least_time(void (*body)(void *, int, int), void *argument, double budget) {
    double least = 1e9;
    for (double end = seconds(CLOCK_MONOTONIC) + budget; seconds(CLOCK_MONOTONIC) < end;) {
        const double time = run(body, argument);
        if (time < least) least = time;
    }
    return least;
}

/// Big pages, as the engine asks for, of numbers that no kind finds special: two bfloat16 of magnitude 1/16 to 1/8, which are a float of that size.
static void *memory(size_t size) {
    const size_t page = 2 << 20;
    void *block = aligned_alloc(page, (size + page - 1) / page * page);
    if (block == NULL) abort();
    madvise(block, size, MADV_HUGEPAGE);
    uint32_t state = 1;
    for (size_t i = 0; i < size / sizeof state; i++) {
        state = state * 1664525 + 1013904223;
        const uint32_t number = 0x3d80 | (state >> 16 & 0x807f);
        ((uint32_t *)block)[i] = number << 16 | number;
    }
    return block;
}

enum { LIMIT_STEPS = 200000, KINDS = CK_PRODUCT_I8 + 1 };
static double operations[MAX_THREADS];

static void run_limit(void *argument, int thread, int threads) { operations[thread] = ck_kernels()->peak(*(const ck_product *)argument, LIMIT_STEPS); }

static double limit_of(ck_product kind) {
    const double time = least_time(run_limit, &kind, 0.5);
    double sum = 0;
    for (int thread = 0; thread < thread_count; thread++) sum += operations[thread];
    return sum * 1e-9 / time;
}

/// One product of each kind over the same shape; its weights are the next of several.
typedef struct {
    ck_product kind;
    ck_gemm_f32 f32;
    ck_gemm_bf16 bf16;
    ck_gemm_i8 i8;
    const char *weights;
} product;

static void run_product(void *argument, int thread, int threads) {
    const product *product = argument;
    const ck_table *kernels = ck_kernels();
    const size_t width = (size_t[]){kernels->f32_panel_columns, kernels->bf16_panel_columns, kernels->i8_panel_columns}[product->kind];
    const size_t panels = (product->f32.n + width - 1) / width, first = panels * thread / threads, last = panels * (thread + 1) / threads;
    ck_gemm_f32 f32 = product->f32;
    ck_gemm_bf16 bf16 = product->bf16;
    ck_gemm_i8 i8 = product->i8;
    f32.packed_b = (const void *)product->weights, bf16.packed_b = (const void *)product->weights, i8.packed_b = (const void *)product->weights;
    switch (product->kind) {
    case CK_PRODUCT_F32: kernels->gemm_f32(&f32, first, last); break;
    case CK_PRODUCT_BF16: kernels->gemm_bf16(&bf16, first, last); break;
    case CK_PRODUCT_I8: kernels->gemm_i8(&i8, first, last); break;
    }
}

static double time_product(ck_product kind, size_t m, size_t n, size_t k, ck_unary activation) {
    const ck_table *kernels = ck_kernels();
    const size_t sizes[] = {kernels->packed_b_f32_count(k, n) * sizeof(float), kernels->packed_b_bf16_count(k, n) * sizeof(uint16_t), kernels->packed_b_i8_size(k, n)};
    const size_t size = sizes[kind], matrices = WEIGHTS / size + 1;
    char *weights = memory(matrices * size);
    ck_f32 *a = memory(m * k * sizeof(float)), *c = memory(m * n * sizeof(float)), *bias = memory(n * sizeof(float)), *scales = memory((m + n) * sizeof(float));
    ck_s32 *zeros = memory(m * sizeof(int32_t));
    for (size_t i = 0; i < m; i++) zeros[i] = 100;
    const ck_epilogue epilogue = {.alpha = 1, .bias = bias, .activation = activation};
    product product = {
        .kind = kind,
        .f32 = {.m = m, .n = n, .k = k, .a = a, .lda = k, .c = c, .ldc = n, .epilogue = epilogue},
        .bf16 = {.m = m, .n = n, .k = k, .a = (const ck_u16 *)a, .lda = k, .c = c, .ldc = n, .epilogue = epilogue},
        .i8 = {.m = m, .n = n, .k = k, .a = (const uint8_t *)a, .lda = k, .b_signed = true, .a_zero = zeros, .a_zero_stride = 1, .ldc = n, .y = c,
               .a_scale = scales, .a_scale_stride = 1, .b_scale = scales, .b_scale_stride = 1, .epilogue = epilogue},
    };
    double least = 1e9;
    const double end = seconds(CLOCK_MONOTONIC) + BUDGET;
    for (size_t next = 0; seconds(CLOCK_MONOTONIC) < end; next = (next + 1) % matrices) {
        product.weights = weights + next * size;
        const double time = run(run_product, &product);
        if (time < least) least = time;
    }
    free(weights), free(a), free(c), free(bias), free(scales), free(zeros);
    return least;
}

int main(int argc, char **argv) {
    thread_count = argc > 1 ? atoi(argv[1]) : 1;
    if (thread_count < 1 || thread_count > MAX_THREADS) return 2;
    pin(0);
    for (int thread = 1; thread < thread_count; thread++) {
        pthread_t id;
        if (pthread_create(&id, NULL, serve, (void *)(intptr_t)thread) != 0) return 1;
    }
    double limit[KINDS];
    for (ck_product kind = 0; kind < KINDS; kind++) limit[kind] = limit_of(kind);
    printf("%d threads, %s: limits %.0f fp32 GFLOP/s, %.0f bf16, %.0f int8\n", thread_count, ck_isa_name(), limit[CK_PRODUCT_F32], limit[CK_PRODUCT_BF16], limit[CK_PRODUCT_I8]);
    static const size_t rows[] = {8, 32, 128, 384, 1024};
    static const struct { size_t n, k; ck_unary activation; } shapes[] = {{768, 768, CK_IDENTITY}, {2304, 768, CK_IDENTITY}, {3072, 768, CK_GELU_ERF}, {768, 3072, CK_IDENTITY}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof shapes / sizeof *shapes; j++) {
            printf("%5zu x %4zu x %4zu%s", rows[i], shapes[j].n, shapes[j].k, shapes[j].activation == CK_IDENTITY ? "     " : " GELU");
            for (ck_product kind = 0; kind < KINDS; kind++) {
                const double time = time_product(kind, rows[i], shapes[j].n, shapes[j].k, shapes[j].activation);
                const double speed = 2e-9 * (double)(rows[i] * shapes[j].n * shapes[j].k) / time;
                printf("  %8.3f ms %5.0f %3.0f%%", time * 1e3, speed, speed / limit[kind] * 100);
            }
            printf("\n");
            fflush(stdout);
        }
    _exit(0);
}
