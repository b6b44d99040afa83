/* How the readable range of a parameter is worded, for errors and for pages. */
#ifndef HB_COMPONENT_ARGS_H
#define HB_COMPONENT_ARGS_H

#include "base/component.h"

/* "above 0 ms", "between 0 and 1", ... ; "" where everything is allowed. */
void hb_range_text(const hb_param_info *info, char *buffer, size_t size);
/* " ms", or "" for numbers without a unit. */
void hb_unit_text(const hb_param_info *info, char *buffer, size_t size);

#endif
