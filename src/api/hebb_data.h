/* A public data set as the api files see it. */
#ifndef HB_HEBB_DATA_H
#define HB_HEBB_DATA_H

#include "api/ctx.h"
#include "data/dataset.h"

struct hebb_dataset {
    hebb_ctx *ctx;
    hb_dataset *set;
};

#endif
