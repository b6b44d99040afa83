/* A component's Markdown page on a terminal: the table of parameters becomes
 * aligned columns, the last one folded. */
#include <string.h>

#include "cli.h"

enum { COLUMNS = 8, ROWS = 64 };

typedef struct cell {
    const char *text;
    int length;
} cell;

/* Cuts "| a | b |" into cells; "\|" is a bar inside a cell. */
static int split(const char *line, int length, cell cells[COLUMNS]) {
    int count = 0, from = 1;
    for (int i = 1; i < length && count < COLUMNS; i++) {
        if (line[i] != '|' || line[i - 1] == '\\') continue;
        int a = from, b = i;
        while (a < b && line[a] == ' ') a++;
        while (b > a && line[b - 1] == ' ') b--;
        cells[count++] = (cell){line + a, b - a};
        from = i + 1;
    }
    return count;
}

/* Without the marks of Markdown; returns the columns used. */
static int put(FILE *out, const char *text, int length, int most) {
    int n = 0;
    for (int i = 0; i < length && n < most; i++) {
        if (text[i] == '`' || (text[i] == '\\' && i + 1 < length && text[i + 1] == '|')) continue;
        if (out) fputc(text[i], out);
        n += ((unsigned char)text[i] & 0xc0) != 0x80; /* not inside a UTF-8 character */
    }
    return n;
}

static void fold_cell(FILE *out, cell last, int indent, int columns) {
    int room = columns - indent < 24 ? 24 : columns - indent;
    const char *text = last.text, *end = last.text + last.length;
    while (text < end) {
        int n = (int)(end - text);
        if (n > room) {
            n = room;
            while (n > 0 && text[n] != ' ') n--;
            if (n == 0) n = room;
        }
        put(out, text, n, 10000);
        text += n;
        while (text < end && *text == ' ') text++;
        if (text < end) fprintf(out, "\n%*s", indent, "");
    }
    fputc('\n', out);
}

static void print_table(FILE *out, cell rows[][COLUMNS], const int *counts, int row_count,
                        int columns) {
    int width[COLUMNS] = {0}, indent = 0, n = counts[0];
    for (int r = 0; r < row_count; r++)
        for (int c = 0; c < counts[r]; c++) {
            if (r == 0 || rows[r][c].length == 0) continue;
            int w = put(NULL, rows[r][c].text, rows[r][c].length, 10000);
            int head = put(NULL, rows[0][c].text, rows[0][c].length, 10000);
            if (w < head) w = head;
            if (w > width[c]) width[c] = w;
        }
    for (int c = 0; c + 1 < n; c++) indent += width[c] ? width[c] + 2 : 0;
    for (int r = 0; r < row_count; r++) {
        for (int c = 0; c + 1 < counts[r]; c++) {
            if (!width[c]) continue; /* an empty column */
            int used = put(out, rows[r][c].text, rows[r][c].length, width[c]);
            fprintf(out, "%*s", width[c] - used + 2, "");
        }
        if (counts[r]) fold_cell(out, rows[r][counts[r] - 1], indent, columns);
    }
}

void cli_print_page(FILE *out, const char *markdown, int columns) {
    cell rows[ROWS][COLUMNS];
    int counts[ROWS], row_count = 0;
    for (const char *line = markdown; *line;) {
        const char *end = strchr(line, '\n');
        int length = end ? (int)(end - line) : (int)strlen(line);
        if (line[0] == '|' && row_count < ROWS) {
            if (strncmp(line, "|---", 4)) {
                counts[row_count] = split(line, length, rows[row_count]);
                row_count++;
            }
        } else {
            if (row_count) print_table(out, rows, counts, row_count, columns);
            row_count = 0;
            fold_cell(out, (cell){line, length}, 0, columns);
        }
        line += length + (end != NULL);
    }
    if (row_count) print_table(out, rows, counts, row_count, columns);
}
