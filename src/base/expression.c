/* Compiles an expression to a program for a small stack machine:
 *   choice  := or_less ['if' choice 'else' choice] | compare ['?' choice ':' choice]
 *   compare := sum [('<' | '>' | '<=' | '>=' | '==') sum]
 *   sum     := product (('+' | '-') product)*
 *   product := unary (('*' | '/') unary)*
 *   unary   := ('+' | '-') unary | power
 *   power   := atom [('^' | '**') unary]
 * Both sides of a choice are computed and one is taken, so a program has no
 * jumps and the depth of its stack is known when it is compiled. */
#include "base/expression.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MAX_STACK = 64, MAX_STEPS = 1024, MAX_DEPTH = 100, MAX_NAME = 32 };

typedef enum opcode {
    OP_NUMBER,
    OP_VARIABLE,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_POW,
    OP_NEG,
    OP_LT,
    OP_GT,
    OP_LE,
    OP_GE,
    OP_EQ,
    OP_CHOOSE,
    OP_EXP,
    OP_LOG,
    OP_SQRT,
    OP_ABS,
    OP_MIN,
    OP_MAX,
    OP_SIN,
    OP_COS,
    OP_TANH,
    OP_FLOOR,
    OP_CEIL
} opcode;

typedef struct step {
    opcode op;
    double number;
} step;

struct hb_expression {
    size_t count;
    step steps[];
};

static const struct {
    const char *name;
    opcode op;
    int args;
} functions[] = {
    {"exp", OP_EXP, 1}, {"log", OP_LOG, 1},   {"sqrt", OP_SQRT, 1},   {"abs", OP_ABS, 1},
    {"min", OP_MIN, 2}, {"max", OP_MAX, 2},   {"pow", OP_POW, 2},     {"sin", OP_SIN, 1},
    {"cos", OP_COS, 1}, {"tanh", OP_TANH, 1}, {"floor", OP_FLOOR, 1}, {"ceil", OP_CEIL, 1},
};

typedef struct parser {
    hb_env *env;
    const char *text, *at;
    char variable[MAX_NAME]; /* "" while any name may become the variable */
    bool named;              /* the caller chose the name */
    step *steps;
    size_t count;
    int stack, depth;
    hebb_status status;
} parser;

static void fail_at(parser *p, const char *at, const char *what) {
    if (p->status) return;
    p->status = hb_fail(p->env, HEBB_E_PARSE, "%s at position %zu of the expression '%.200s'", what,
                        (size_t)(at - p->text) + 1, p->text);
}

static void skip_blanks(parser *p) {
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r') p->at++;
}

static bool take(parser *p, const char *sign) {
    skip_blanks(p);
    size_t n = strlen(sign);
    if (p->status || strncmp(p->at, sign, n) != 0) return false;
    p->at += n;
    return true;
}

static bool word_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

static bool take_word(parser *p, const char *word) {
    skip_blanks(p);
    size_t n = strlen(word);
    if (p->status || strncmp(p->at, word, n) != 0 || word_char(p->at[n])) return false;
    p->at += n;
    return true;
}

static void emit(parser *p, opcode op, double number, int change) {
    if (p->status) return;
    p->stack += change;
    if (p->count >= MAX_STEPS || p->stack > MAX_STACK) {
        fail_at(p, p->at, "too many terms");
        return;
    }
    p->steps[p->count].op = op;
    p->steps[p->count++].number = number;
}

static void parse_choice(parser *p);
static void parse_unary(parser *p);

static void parse_call(parser *p, size_t function, const char *start) {
    int given = 0;
    do {
        parse_choice(p);
        given++;
    } while (take(p, ","));
    if (!take(p, ")")) fail_at(p, p->at, "')' is missing");
    if (given != functions[function].args)
        fail_at(p, start,
                functions[function].args == 2 ? "a function that takes two values"
                                              : "a function that takes one value");
    emit(p, functions[function].op, 0, 1 - given);
}

static void parse_name(parser *p) {
    const char *start = p->at;
    char name[MAX_NAME];
    size_t n = 0;
    while (word_char(p->at[n])) n++;
    if (n >= sizeof name) {
        fail_at(p, start, "a name that is too long");
        return;
    }
    memcpy(name, p->at, n);
    name[n] = 0;
    p->at += n;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, name) != 0) continue;
        if (take(p, "("))
            parse_call(p, i, start);
        else
            fail_at(p, p->at, "'(' is missing after a function");
        return;
    }
    bool variable = !strcmp(name, p->variable);
    bool constant = !variable && (!strcmp(name, "pi") || !strcmp(name, "e"));
    if (!variable && !constant && !p->variable[0] && !p->named && strcmp(name, "if") != 0 &&
        strcmp(name, "else") != 0) {
        memcpy(p->variable, name, n + 1);
        variable = true;
    }
    if (constant) {
        emit(p, OP_NUMBER, name[0] == 'p' ? 3.14159265358979323846 : 2.71828182845904523536, 1);
    } else if (variable) {
        emit(p, OP_VARIABLE, 0, 1);
    } else if (!p->status) {
        p->status = hb_fail(p->env, HEBB_E_PARSE,
                            "unknown name '%s' at position %zu of the "
                            "expression '%.200s'; it may use %s%s%s and exp, log, sqrt, abs, min, "
                            "max, pow, sin, cos, tanh, floor, ceil, pi, e",
                            name, (size_t)(start - p->text) + 1, p->text,
                            p->variable[0] ? "the variable '" : "one variable", p->variable,
                            p->variable[0] ? "'" : "");
    }
}

static void parse_atom(parser *p) {
    double number;
    skip_blanks(p);
    if (p->status) return;
    if (take(p, "(")) {
        parse_choice(p);
        if (!take(p, ")")) fail_at(p, p->at, "')' is missing");
    } else if (isdigit((unsigned char)*p->at) || *p->at == '.') {
        size_t n = hb_read_number(p->at, &number);
        if (!n) {
            fail_at(p, p->at, "not a number");
            return;
        }
        p->at += n;
        emit(p, OP_NUMBER, number, 1);
    } else if (isalpha((unsigned char)*p->at) || *p->at == '_') {
        parse_name(p);
    } else {
        fail_at(p, p->at, *p->at ? "a number, a name or '(' was expected" : "something is missing");
    }
}

static void parse_power(parser *p) {
    parse_atom(p);
    if (take(p, "**") || take(p, "^")) {
        parse_unary(p); /* right to left: 2^3^2 is 2^9 */
        emit(p, OP_POW, 0, -1);
    }
}

static void parse_unary(parser *p) {
    if (p->status) return;
    if (++p->depth > MAX_DEPTH) fail_at(p, p->at, "too deep");
    if (take(p, "-")) {
        parse_unary(p);
        emit(p, OP_NEG, 0, 0);
    } else if (take(p, "+")) {
        parse_unary(p);
    } else {
        parse_power(p);
    }
    p->depth--;
}

static void parse_product(parser *p) {
    parse_unary(p);
    for (;;) {
        bool times = take(p, "*");
        if (!times && !take(p, "/")) return;
        parse_unary(p);
        emit(p, times ? OP_MUL : OP_DIV, 0, -1);
    }
}

static void parse_sum(parser *p) {
    parse_product(p);
    for (;;) {
        bool plus = take(p, "+");
        if (!plus && !take(p, "-")) return;
        parse_product(p);
        emit(p, plus ? OP_ADD : OP_SUB, 0, -1);
    }
}

static void parse_compare(parser *p) {
    static const struct {
        const char *sign;
        opcode op;
    } signs[] = {{"<=", OP_LE}, {">=", OP_GE}, {"==", OP_EQ}, {"<", OP_LT}, {">", OP_GT}};
    parse_sum(p);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (!take(p, signs[i].sign)) continue;
        parse_sum(p);
        emit(p, signs[i].op, 0, -1);
        return;
    }
}

/* OP_CHOOSE finds on its stack: condition, then, else. "a if c else b" has a
 * first, so its number says that the first two stand the other way round. */
static void parse_choice(parser *p) {
    if (p->status) return;
    if (++p->depth > MAX_DEPTH) fail_at(p, p->at, "too deep");
    parse_compare(p);
    if (take(p, "?")) {
        parse_choice(p);
        if (!take(p, ":")) fail_at(p, p->at, "':' is missing");
        parse_choice(p);
        emit(p, OP_CHOOSE, 0, -2);
    } else if (take_word(p, "if")) {
        parse_compare(p);
        if (!take_word(p, "else")) fail_at(p, p->at, "'else' is missing");
        parse_choice(p);
        emit(p, OP_CHOOSE, 1, -2);
    }
    p->depth--;
}

hebb_status hb_expression_compile(hb_env *env, const char *text, const char *variable,
                                  hb_expression **result) {
    *result = NULL;
    step *steps = hb_calloc(env, MAX_STEPS, sizeof *steps);
    if (!steps) return HEBB_E_MEMORY;
    parser p = {.env = env, .text = text, .at = text, .steps = steps};
    if (variable) {
        size_t n = strlen(variable);
        p.named = true;
        memcpy(p.variable, variable, n < MAX_NAME ? n + 1 : 0);
    }
    parse_choice(&p);
    skip_blanks(&p);
    if (!p.status && *p.at) fail_at(&p, p.at, "unexpected text");
    hb_expression *expression = NULL;
    if (!p.status) {
        expression = hb_alloc(env, sizeof *expression + p.count * sizeof(step));
        if (!expression) p.status = HEBB_E_MEMORY;
    }
    if (expression) {
        expression->count = p.count;
        memcpy(expression->steps, steps, p.count * sizeof(step));
    }
    hb_free(env, steps);
    *result = expression;
    return p.status;
}

void hb_expression_free(hb_env *env, hb_expression *expression) { hb_free(env, expression); }

static double apply_two(opcode op, double a, double b) {
    switch (op) {
    case OP_ADD:
        return a + b;
    case OP_SUB:
        return a - b;
    case OP_MUL:
        return a * b;
    case OP_DIV:
        return a / b;
    case OP_POW:
        return pow(a, b);
    case OP_LT:
        return a < b;
    case OP_GT:
        return a > b;
    case OP_LE:
        return a <= b;
    case OP_GE:
        return a >= b;
    case OP_EQ:
        return a == b;
    case OP_MIN:
        return b < a ? b : a;
    default:
        return b > a ? b : a; /* OP_MAX */
    }
}

static double apply_one(opcode op, double a) {
    switch (op) {
    case OP_NEG:
        return -a;
    case OP_EXP:
        return exp(a);
    case OP_LOG:
        return log(a);
    case OP_SQRT:
        return sqrt(a);
    case OP_ABS:
        return fabs(a);
    case OP_SIN:
        return sin(a);
    case OP_COS:
        return cos(a);
    case OP_TANH:
        return tanh(a);
    case OP_FLOOR:
        return floor(a);
    default:
        return ceil(a); /* OP_CEIL */
    }
}

double hb_expression_value(void *user, double x) {
    const hb_expression *expression = user;
    double stack[MAX_STACK + 1];
    int top = -1;
    for (size_t i = 0; i < expression->count; i++) {
        const step *s = &expression->steps[i];
        switch (s->op) {
        case OP_NUMBER:
            stack[++top] = s->number;
            break;
        case OP_VARIABLE:
            stack[++top] = x;
            break;
        case OP_CHOOSE: {
            bool second = s->number != 0;
            double yes = stack[top - 2 + !second], condition = stack[top - 2 + second];
            stack[top - 2] = condition != 0 ? yes : stack[top];
            top -= 2;
            break;
        }
        case OP_NEG:
        case OP_EXP:
        case OP_LOG:
        case OP_SQRT:
        case OP_ABS:
        case OP_SIN:
        case OP_COS:
        case OP_TANH:
        case OP_FLOOR:
        case OP_CEIL:
            stack[top] = apply_one(s->op, stack[top]);
            break;
        default:
            stack[top - 1] = apply_two(s->op, stack[top - 1], stack[top]);
            top--;
            break;
        }
    }
    return stack[0];
}
