/* Neuron state that outlives a run, to and from files. */
#ifndef HB_KEPT_H
#define HB_KEPT_H

#include "train/tensors.h"

/* As "state/GROUP.VARIABLE", [batch][neurons]; nothing where no state is kept. */
hebb_status hb_tensors_kept_f32(hb_tensors *tensors, const hb_engine *engine);
hebb_status hb_tensors_kept_f64(hb_tensors *tensors, const hb_engine *engine);
hebb_status hb_kept_restore_f32(hb_engine *engine, const hb_safetensors *file, const char *path);
hebb_status hb_kept_restore_f64(hb_engine *engine, const hb_safetensors *file, const char *path);

/* A copy in memory, and back. *rows: samples that it holds. *copy is the caller's, NULL
 * where no state is kept. */
hebb_status hb_kept_copy_f32(hb_engine *engine, void **copy, size_t *rows);
hebb_status hb_kept_copy_f64(hb_engine *engine, void **copy, size_t *rows);
void hb_kept_return_f32(hb_engine *engine, const void *copy, size_t rows);
void hb_kept_return_f64(hb_engine *engine, const void *copy, size_t rows);

#endif
