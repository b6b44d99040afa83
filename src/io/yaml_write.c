/* Writes a tree as block YAML that our reader reads back to the same tree. */
#include "io/yaml.h"

#include <string.h>

enum { MAX_DEPTH = 100, LINE_LENGTH = 88, LONG_KEY = 128 };

static bool plain_char(char c, bool inside) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c && strchr(inside ? "_./+-()^*<>= " : "_./+(", c);
}

/* Words of harmless characters; all else is quoted. */
static bool plain_word(const char *text) {
    size_t n = strlen(text);
    bool minus = text[0] == '-' && (plain_char(text[1], false) && text[1] != '(');
    if (!n || !(plain_char(text[0], false) || minus) || text[n - 1] == ' ') return false;
    if (!strcmp(text, "...") || !strncmp(text, "... ", 4)) return false;
    for (size_t i = 1; i < n; i++)
        if (!plain_char(text[i], true)) return false;
    return strcmp(text, "null") && strcmp(text, "Null") && strcmp(text, "NULL");
}

/* Decodes one UTF-8 character; 0 bytes if it is broken. */
static size_t decode(const unsigned char *at, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = at[0] < 0x80                    ? 1
               : at[0] >= 0xC2 && at[0] < 0xE0 ? 2
               : at[0] >= 0xE0 && at[0] < 0xF0 ? 3
               : at[0] >= 0xF0 && at[0] < 0xF5 ? 4
                                               : 0;
    if (!n) return 0;
    *code = n == 1 ? at[0] : at[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xC0u) != 0x80u) return 0;
        *code = *code << 6 | (at[i] & 0x3Fu);
    }
    bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
    return surrogate || *code < least[n] || *code > 0x10FFFF ? 0 : n;
}

static void write_quoted(hb_text *text, const char *word) {
    hb_text_add(text, "\"");
    for (const unsigned char *at = (const unsigned char *)word; *at;) {
        uint32_t code = 0xFFFD; /* stands for bytes that are no character */
        size_t n = decode(at, &code);
        bool hidden = !n || code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 ||
                      code == 0x2029 || code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
        if (code == '"' || code == '\\')
            hb_text_add(text, "\\%c", (char)code);
        else if (code == '\n')
            hb_text_add(text, "\\n");
        else if (hidden)
            hb_text_add(text, "\\u%04X", (unsigned)code);
        else
            hb_text_bytes(text, at, n);
        at += n ? n : 1;
    }
    hb_text_add(text, "\"");
}

static void write_word(hb_text *text, const char *word, bool quoted) {
    if (!quoted && plain_word(word))
        hb_text_add(text, "%s", word);
    else
        write_quoted(text, word);
}

static bool is_empty(const hb_node *node) {
    return node->type == HB_NODE_SCALAR && !node->quoted && !node->text[0];
}

static bool fits_line(const hb_node *list) {
    size_t length = 0;
    for (const hb_node *child = list->first; child; child = child->next) {
        if (child->type != HB_NODE_SCALAR || is_empty(child)) return false;
        length += strlen(child->text) + 2;
        if (length > LINE_LENGTH) return false;
    }
    return true;
}

/* Writes what stands on the key's line; false if the value needs lines of its own. */
static bool write_inline(hb_text *text, const hb_node *node) {
    if (node->type == HB_NODE_SCALAR) {
        if (!is_empty(node)) {
            hb_text_add(text, " ");
            write_word(text, node->text, node->quoted);
        }
    } else if (!node->first) {
        hb_text_add(text, node->type == HB_NODE_MAP ? " {}" : " []");
    } else if (node->type == HB_NODE_LIST && fits_line(node)) {
        hb_text_add(text, " [");
        for (const hb_node *child = node->first; child; child = child->next) {
            write_word(text, child->text, child->quoted);
            hb_text_add(text, child->next ? ", " : "]");
        }
    } else {
        return false;
    }
    hb_text_add(text, "\n");
    return true;
}

/* `started`: the first entry stands behind a "- " that is already written. */
static void write_block(hb_text *text, const hb_node *node, int depth, bool started) {
    if (depth > MAX_DEPTH) {
        text->failed = true;
        return;
    }
    for (const hb_node *child = node->first; child; child = child->next) {
        if (!(started && child == node->first)) hb_text_add(text, "%*s", 2 * depth, "");
        if (node->type == HB_NODE_LIST) {
            hb_text_add(text, "-");
            if (write_inline(text, child)) continue;
            hb_text_add(text, " ");
            write_block(text, child, depth + 1, true);
            continue;
        }
        /* Only the "? " form allows a key of any length. */
        bool long_key = strlen(child->key) > LONG_KEY;
        if (long_key) hb_text_add(text, "? ");
        write_word(text, child->key, false);
        if (long_key) hb_text_add(text, "\n%*s", 2 * depth, "");
        hb_text_add(text, ":");
        if (write_inline(text, child)) continue;
        hb_text_add(text, "\n");
        write_block(text, child, depth + 1, false);
    }
}

void hb_yaml_write(hb_text *text, const hb_node *root) {
    if (root->type == HB_NODE_SCALAR) {
        write_word(text, root->text, root->quoted);
        hb_text_add(text, "\n");
    } else if (!root->first) {
        hb_text_add(text, root->type == HB_NODE_MAP ? "{}\n" : "[]\n");
    } else {
        write_block(text, root, 0, false);
    }
}
