/* Facts about the machine and the program, for run.json. */
#ifndef HB_HOST_H
#define HB_HOST_H

#include "base/env.h"

/* Adds a JSON string with its quotes; bytes that are no UTF-8 become '?'. */
void hb_json_string(hb_text *text, const char *string);
/* Adds a number, or null where it is not finite. */
void hb_json_number(hb_text *text, double value);

/* Adds "host": ..., "cpu": ..., "os": ..., "git": ..., "command": ... with commas
 * between them and none at the end. */
void hb_host_json(hb_text *text);
uint64_t hb_peak_memory(void); /* bytes, of this process so far */

#endif
