/* SHA-256 (FIPS 180-4), to know fetched files by. */
#ifndef HB_SHA256_H
#define HB_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct hb_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
} hb_sha256;

void hb_sha256_init(hb_sha256 *sum);
void hb_sha256_add(hb_sha256 *sum, const void *bytes, size_t count);
/* The sum as 64 hexadecimal digits and a NUL. */
void hb_sha256_done(hb_sha256 *sum, char text[65]);

#endif
