// Times the product kernels on the shapes of DistilBERT, beside the machine's limit: multiply-adds that touch no memory.
// Weights come from memory, as in a model: each repetition takes the next of as many matrices as exceed the caches.
#define _GNU_SOURCE
#include "CKernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 64, REPETITIONS = 5 };

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

/// Big pages, as the engine asks for.
static void *memory(size_t size) {
    const size_t page = 2 << 20;
    void *block = aligned_alloc(page, (size + page - 1) / page * page);
    if (block == NULL) abort();
    if (getenv("SMALL_PAGES") == NULL) madvise(block, size, MADV_HUGEPAGE);
    memset(block, 1, size);
    return block;
}

#if defined(__x86_64__)
#include <immintrin.h>
enum { LIMIT_STEPS = 200000, CHAINS = 16 };
#define LIMIT(name, isa, vector, zero, step)                                                                                                                   \
    __attribute__((target(isa))) static void name(void *argument, int thread, int threads) {                                                                   \
        vector sums[CHAINS], x = zero;                                                                                                                         \
        for (int i = 0; i < CHAINS; i++) sums[i] = zero;                                                                                                       \
        for (int n = 0; n < LIMIT_STEPS; n++) {                                                                                                                \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = step;                                                                \
            __asm__ volatile("" : "+v"(x));                                                                                                                    \
        }                                                                                                                                                      \
        for (int i = 0; i < CHAINS; i++) __asm__ volatile("" ::"v"(sums[i]));                                                                                  \
    }
LIMIT(limit_f32, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(x, x, sums[i]))
LIMIT(limit_bf16, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(), _mm512_dpbf16_ps(sums[i], (__m512bh)x, (__m512bh)x))
LIMIT(limit_i8, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32(sums[i], x, x))

static void limits(double found[3]) {
    const double operations = 2.0 * 16 * LIMIT_STEPS * CHAINS * thread_count * 1e-9;
    if (ck_table_for(CK_AVX512) != NULL) found[0] = operations / least_time(limit_f32, NULL, 0.5);
    if (ck_table_for(CK_AVX512BF16) != NULL) found[1] = 2 * operations / least_time(limit_bf16, NULL, 0.5);
    if (ck_table_for(CK_AVX512VNNI) != NULL) found[2] = 4 * operations / least_time(limit_i8, NULL, 0.5);
}
#else
static void limits(double found[3]) {}
#endif

typedef struct {
    ck_gemm_f32 gemm;
    size_t matrix_size, matrices, next;
    const ck_f32 *weights;
} product_f32;

static void run_f32(void *argument, int thread, int threads) {
    product_f32 *product = argument;
    ck_gemm_f32 gemm = product->gemm;
    gemm.packed_b = product->weights + product->next * product->matrix_size;
    const size_t width = ck_kernels()->f32_panel_columns, panels = (gemm.n + width - 1) / width;
    ck_kernels()->gemm_f32(&gemm, panels * thread / threads, panels * (thread + 1) / threads);
}

static double time_f32(size_t m, size_t n, size_t k, ck_unary activation) {
    const size_t count = ck_kernels()->packed_b_f32_count(k, n), matrices = getenv("WARM") ? 1 : 96000000 / (count * sizeof(float)) + 1;
    ck_f32 *weights = memory(matrices * count * sizeof(float)), *a = memory(m * k * sizeof(float)), *c = memory(m * n * sizeof(float)), *bias = memory(n * sizeof(float));
    product_f32 product = {
        .gemm = {.m = m, .n = n, .k = k, .a = a, .lda = k, .packed_b = weights, .c = c, .ldc = n, .epilogue = {.alpha = 1, .bias = bias, .activation = activation}},
        .matrix_size = count, .matrices = matrices, .weights = weights,
    };
    double least = 1e9;
    for (double end = seconds(CLOCK_MONOTONIC) + 0.6; seconds(CLOCK_MONOTONIC) < end;) {
        const double time = run(run_f32, &product);
        if (time < least) least = time;
        product.next = (product.next + 1) % matrices;
    }
    free(weights), free(a), free(c), free(bias);
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
    double limit[3] = {0};
    limits(limit);
    printf("%d threads, %s: limits %.0f fp32 GFLOP/s, %.0f bf16, %.0f int8\n", thread_count, ck_isa_name(), limit[0], limit[1], limit[2]);
    static const size_t rows[] = {8, 32, 128, 384, 1024};
    static const struct { size_t n, k; ck_unary f; } shapes[] = {{768, 768, 0}, {2304, 768, 0}, {3072, 768, 0}, {3072, 768, CK_GELU_ERF}, {768, 3072, 0}};
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 5; j++) {
            const double time = time_f32(rows[i], shapes[j].n, shapes[j].k, shapes[j].f);
            const double flops = 2e-9 * rows[i] * shapes[j].n * shapes[j].k / time;
            printf("%5zu x %4zu x %4zu%s  %8.3f ms %5.0f %3.0f%%\n", rows[i], shapes[j].n, shapes[j].k, shapes[j].f ? "g" : " ", time * 1e3, flops, flops / limit[0] * 100);
        }
    fflush(stdout);
    _exit(0);
}
