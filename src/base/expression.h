/* A small arithmetic language in one variable, for schedules and surrogates
 * that a YAML file gives as text: "0.95 ** epoch", "1 / (1 + abs(x))^2",
 * "1 if x < 10 else 0.1". */
#ifndef HB_EXPRESSION_H
#define HB_EXPRESSION_H

#include "base/env.h"

typedef struct hb_expression hb_expression;

/* variable: the one name that the text may use; NULL allows any, if it is the
 * only one. Errors (HEBB_E_PARSE) name the position. */
hebb_status hb_expression_compile(hb_env *env, const char *text, const char *variable,
                                  hb_expression **expression);
void hb_expression_free(hb_env *env, hb_expression *expression);
/* A hebb_function: user is the expression. */
double hb_expression_value(void *expression, double x);

#endif
