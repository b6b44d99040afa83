/* Backpropagation through time over the tape of the last run. */
#ifndef HB_BPTT_H
#define HB_BPTT_H

#include "network/network.h"

/* Adds the gradients that start from dpredict[batch][outputs] of a readout to those of all
 * trainable parameters. truncate: the gradient of the state is cut at multiples of so many
 * steps of the run; 0: never. */
hebb_status hb_bptt_f32(hb_engine *engine, size_t readout, const double *dpredict, size_t truncate);
hebb_status hb_bptt_f64(hb_engine *engine, size_t readout, const double *dpredict, size_t truncate);

#endif
