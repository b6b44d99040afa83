/* Where a run took place. What cannot be found out is null. */
#include "train/host.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Length of the UTF-8 character at `at`, 0 if it is broken. */
static size_t character(const unsigned char *at) {
    size_t n = at[0] < 0x80                    ? 1
               : at[0] >= 0xC2 && at[0] < 0xE0 ? 2
               : at[0] >= 0xE0 && at[0] < 0xF0 ? 3
               : at[0] >= 0xF0 && at[0] < 0xF5 ? 4
                                               : 0;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xC0u) != 0x80u) return 0;
    return n;
}

void hb_json_string(hb_text *text, const char *string) {
    hb_text_add(text, "\"");
    for (const unsigned char *at = (const unsigned char *)string; *at;) {
        size_t n = character(at);
        if (*at == '"' || *at == '\\')
            hb_text_add(text, "\\%c", *at);
        else if (*at < 0x20)
            hb_text_add(text, "\\u%04x", *at);
        else if (n)
            hb_text_bytes(text, at, n);
        else
            hb_text_add(text, "?");
        at += n ? n : 1;
    }
    hb_text_add(text, "\"");
}

void hb_json_number(hb_text *text, double value) {
    char number[32];
    hb_text_add(text, "%s", isfinite(value) ? hb_number_text(number, value) : "null");
}

uint64_t hb_peak_memory(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage)) return 0;
    return (uint64_t)usage.ru_maxrss * 1024;
}

/* Reads the start of a small file; "" if there is none. */
static size_t read_start(const char *path, char *buffer, size_t size) {
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(buffer, 1, size - 1, file) : 0;
    if (file) fclose(file);
    buffer[got] = 0;
    return got;
}

static void first_line(const char *path, char *buffer, size_t size) {
    read_start(path, buffer, size);
    buffer[strcspn(buffer, "\r\n")] = 0;
}

/* ---- git ---- */

/* The folder of the repository that this process works in. */
static bool find_git(char folder[600]) {
    char up[400] = "";
    for (int i = 0; i < 20; i++) {
        char head[700], line[500];
        snprintf(folder, 600, "%s.git", up);
        snprintf(head, sizeof head, "%s/HEAD", folder);
        if (access(head, R_OK) == 0) return true;
        first_line(folder, line, sizeof line); /* a work tree's .git is a file */
        if (!strncmp(line, "gitdir: ", 8)) {
            snprintf(folder, 600, "%s%s", line[8] == '/' ? "" : up, line + 8);
            return true;
        }
        if (strlen(up) + 4 > sizeof up) break;
        strcat(up, "../");
    }
    return false;
}

static bool packed_ref(const char *folder, const char *ref, char id[128]) {
    char path[1500], line[500];
    snprintf(path, sizeof path, "%s/packed-refs", folder);
    FILE *file = fopen(path, "r");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *space = strchr(line, ' ');
        found = space && !strcmp(space + 1, ref);
        if (found) snprintf(id, 128, "%.*s", (int)(space - line < 100 ? space - line : 100), line);
    }
    if (file) fclose(file);
    return found;
}

static bool git_id(char id[128]) {
    char folder[600], path[1400], head[300], common[600];
    if (!find_git(folder)) return false;
    snprintf(path, sizeof path, "%s/HEAD", folder);
    first_line(path, head, sizeof head);
    if (strncmp(head, "ref: ", 5) != 0) {
        snprintf(id, 128, "%.100s", head);
        return head[0] != 0;
    }
    snprintf(path, sizeof path, "%s/commondir", folder);
    first_line(path, common, sizeof common);
    char shared[1300];
    snprintf(shared, sizeof shared, "%s%s%s", common[0] == '/' ? "" : folder,
             common[0] && common[0] != '/' ? "/" : "", common);
    snprintf(path, sizeof path, "%.1000s/%.300s", shared, head + 5);
    first_line(path, id, 128);
    return id[0] || packed_ref(shared, head + 5, id);
}

/* ---- the rest ---- */

static void add_pair(hb_text *text, const char *key, const char *value) {
    hb_text_add(text, "\"%s\": ", key);
    if (value && value[0])
        hb_json_string(text, value);
    else
        hb_text_add(text, "null");
}

static void cpu_name(char name[200]) {
    char line[400];
    FILE *file = fopen("/proc/cpuinfo", "r");
    name[0] = 0;
    while (file && !name[0] && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(name, 200, "%.190s", colon[1] == ' ' ? colon + 2 : colon + 1);
    }
    if (file) fclose(file);
}

static void command_line(char *buffer, size_t size) {
    size_t got = read_start("/proc/self/cmdline", buffer, size);
    for (size_t i = 0; i + 1 < got; i++)
        if (!buffer[i]) buffer[i] = ' ';
}

void hb_host_json(hb_text *text) {
    char host[256] = "", cpu[200], command[4096], id[128] = "", os[600] = "";
    struct utsname system;
    if (gethostname(host, sizeof host - 1)) host[0] = 0;
    cpu_name(cpu);
    if (uname(&system) >= 0)
        snprintf(os, sizeof os, "%.180s %.180s %.180s", system.sysname, system.release,
                 system.machine);
    if (!git_id(id)) id[0] = 0;
    command_line(command, sizeof command);
    add_pair(text, "host", host);
    hb_text_add(text, ", ");
    add_pair(text, "cpu", cpu);
    hb_text_add(text, ", ");
    add_pair(text, "os", os);
    hb_text_add(text, ", ");
    add_pair(text, "git", id);
    hb_text_add(text, ", ");
    add_pair(text, "command", command);
}
