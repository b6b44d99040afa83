/* Room that ends where a closed page begins, and the kernels of each instruction set. */
#ifndef GUARDED_H
#define GUARDED_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/kernels.h"

static const char *const cpus[] = {"baseline", "avx2", "avx512"};
enum { CPUS = 3 };

static inline const hb_kernels *kernels_of(int cpu) {
    setenv("HEBB_CPU", cpus[cpu], 1);
    const hb_kernels *k = hb_kernels_get();
    unsetenv("HEBB_CPU");
    return k;
}

static inline size_t whole_pages(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}
/* Zeros. */
static inline void *guarded(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = whole_pages(size);
    char *base =
        mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(base != MAP_FAILED);
    assert_int_equal(mprotect(base + whole, page, PROT_NONE), 0);
    return base + whole - size;
}
static inline void unguard(void *data, size_t size) {
    size_t whole = whole_pages(size);
    munmap((char *)data + size - whole, whole + (size_t)sysconf(_SC_PAGESIZE));
}

#endif
