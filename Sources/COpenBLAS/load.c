#include "COpenBLAS.h"

#if __has_include(<cblas.h>)
#include <cblas.h>
#else
#include <openblas/cblas.h>
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static __typeof__(&cblas_dgemm) dgemm;
static const char *config;
static char refusal[512] = "";

/// Where OpenBLAS can't map its buffers it tries for ever.
static int has_room(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t size = ((size_t)(processors > 1 ? processors : 1) * 144 + 64) << 20;
    void *room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) {
        snprintf(refusal, sizeof refusal, "needs %zu MB of address space, which this process doesn't have", size >> 20);
        return 0;
    }
    munmap(room, size);
    return 1;
}

static void load(void) {
    if (!has_room()) return;
    void *library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_LOCAL);
    void *product = library ? dlsym(library, "cblas_dgemm") : NULL;
    if (!product) {
        const char *reason = dlerror();
        snprintf(refusal, sizeof refusal, "can't be loaded: %s", reason ? reason : "it has no cblas_dgemm");
        return;
    }
    dgemm = (__typeof__(dgemm))product;
    char *(*describe)(void) = (char *(*)(void))dlsym(library, "openblas_get_config");
    config = describe ? describe() : "unknown";
}

static int is_loaded(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return dgemm != NULL;
}

const char *co_refusal(void) { return is_loaded() ? NULL : refusal; }

const char *co_config(void) { return is_loaded() ? config : NULL; }

void co_dgemm(int m, int n, int k, const double *x, const double *w, double *y) {
    if (is_loaded()) dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, x, k, w, n, 0, y, n);
}
