/* What this build of the library is made of. */
#include <stdio.h>
#include <yaml.h>
#include <zlib.h>

#include "api/ctx.h"
#include "kernels/kernels.h"

extern char *openblas_get_config(void);

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "an unknown compiler"
#endif

const char *hebb_build_info(void) {
    static _Thread_local char text[600];
    snprintf(text, sizeof text,
             "float32 and float64, %s kernels, %.200s, libyaml %s, zlib %s, built with %.100s",
             hb_kernels_get()->name, openblas_get_config(), yaml_get_version_string(),
             zlibVersion(), COMPILER);
    return text;
}
