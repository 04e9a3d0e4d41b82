// Runs every kernel of every instruction set that this machine has, on random shapes from a printed seed, against plain loops and against the scalar oracle.
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *checking = "";
int failures = 0;

static void *blocks[256];
static size_t block_count = 0;

void *block(size_t bytes) {
    if (block_count == sizeof blocks / sizeof *blocks) abort();
    // malloc's result is aligned, and the sanitizer guards what follows its exact size.
    char *memory = malloc(bytes + 1);
    if (memory == NULL) abort();
    memset(memory, 0xAA, bytes + 1);
    blocks[block_count++] = memory;
    return memory + 1;
}

void release_blocks(void) {
    while (block_count > 0) free(blocks[--block_count]);
}

static uint64_t state;

uint32_t random_bits(void) {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

size_t random_size(size_t least, size_t greatest) { return least + random_bits() % (greatest - least + 1); }
float random_float(float least, float greatest) { return least + (greatest - least) * (float)(random_bits() >> 8) * 0x1p-24f; }

ck_f32 *random_floats(size_t count) {
    ck_f32 *values = block(count * sizeof(float));
    for (size_t i = 0; i < count; i++) values[i] = random_float(-1.0f, 1.0f);
    return values;
}

void expect(bool condition, const char *what, size_t index, double found, double expected) {
    if (condition) return;
    if (failures++ < 20) printf("FAILED %s %s [%zu]: %.9g, expected %.9g\n", checking, what, index, found, expected);
}

bool same_float(float a, float b) { return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)); }

int main(int argc, char **argv) {
    const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    printf("seed %llu, default %s\n", (unsigned long long)seed, ck_isa_name());
    for (ck_isa isa = CK_SCALAR; isa <= CK_NEONDOT; isa++) {
        const ck_table *kernels = ck_table_for(isa);
        if (kernels == NULL) continue;
        state = seed;
        checking = kernels->name;
        const int before = failures;
        check_products(kernels);
        check_functions(kernels);
        check_programs(kernels);
        check_rows(kernels);
        check_conversions(kernels);
        printf("%s: %s\n", kernels->name, failures == before ? "ok" : "FAILED");
    }
    return failures == 0 ? 0 : 1;
}
