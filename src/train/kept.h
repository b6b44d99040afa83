/* Neuron state that outlives a run, to and from files. */
#ifndef HB_KEPT_H
#define HB_KEPT_H

#include "train/tensors.h"

/* As "state/GROUP.VARIABLE", [batch][neurons]; nothing where no state is kept. */
hebb_status hb_tensors_kept_f32(hb_tensors *tensors, const hb_engine *engine);
hebb_status hb_tensors_kept_f64(hb_tensors *tensors, const hb_engine *engine);
hebb_status hb_kept_restore_f32(hb_engine *engine, const hb_safetensors *file, const char *path);
hebb_status hb_kept_restore_f64(hb_engine *engine, const hb_safetensors *file, const char *path);

#endif
