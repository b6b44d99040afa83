/* patches: every neuron sees a random square of an image, through random weights. */
#include <math.h>
#include <string.h>

#include "links/link_params.h"

static const hb_param_info params[] = {
    HB_LINK_COMMON,
    {"height", HB_INT, "pixels", 0, 1, HB_INF, HB_UNSET, "height of the image", NULL,
     "that of a square image"},
    {"width", HB_INT, "pixels", 0, 1, HB_INF, HB_UNSET, "width of the image", NULL,
     "that of a square image"},
    {"size_min", HB_INT, "pixels", 6, 1, HB_INF, 0, "smallest side of a patch"},
    {"size_max", HB_INT, "pixels", 14, 1, HB_INF, 0, "largest side of a patch"},
    {"margin", HB_INT, "pixels", 0, 0, HB_INF, 0, "border of the image that no patch covers"},
    {"smooth", HB_INT, "1", 1, 0, 100, 0, "times that a 3 x 3 mean smooths the weights"},
    {"gain", HB_NUM, "1", 1, HB_NOT_NEGATIVE, "Euclidean length of a neuron's weights"},
};
static const hb_component component = {
    .kind = "connection",
    .name = "patches",
    .aliases = "random_patches",
    .summary = "each neuron sees a random square of an image through random weights of sum 0",
    .equation = "w ~ N(0, 1) on a patch of random side and place, smoothed; less their mean, and "
                "scaled to length gain",
    .source = "Coates, Ng and Lee, An analysis of single-layer networks in unsupervised feature "
              "learning, AISTATS 2011 (random local features)",
    .params = params,
    .param_count = HB_COUNT(params),
};

typedef struct patch {
    size_t side, row, column;
} patch;

/* Neuron j's patch, by a stream of its own. */
static patch patch_of(const hb_link_site *site, const hb_args *args, size_t height, size_t width,
                      size_t j) {
    size_t low = (size_t)hb_args_num(args, "size_min"),
           high = (size_t)hb_args_num(args, "size_max");
    size_t margin = (size_t)hb_args_num(args, "margin");
    hb_stream stream;
    hb_stream_init(&stream, site->seed, HB_DRAW_MASK, site->id, (uint32_t)j);
    patch p = {.side = low + hb_stream_below(&stream, high - low + 1)};
    p.row = margin + hb_stream_below(&stream, height - 2 * margin - p.side + 1);
    p.column = margin + hb_stream_below(&stream, width - 2 * margin - p.side + 1);
    return p;
}

static hebb_status image_size(hb_env *env, const hb_link_site *site, const hb_args *args,
                              size_t *height, size_t *width) {
    size_t root = (size_t)(sqrt((double)site->pre) + 0.5);
    *height = hb_args_given(args, "height") ? (size_t)hb_args_num(args, "height") : root;
    *width = hb_args_given(args, "width") ? (size_t)hb_args_num(args, "width") : root;
    if (*height > site->pre || *height * *width != site->pre)
        return hb_fail(env, HEBB_E_SHAPE,
                       "%s: an image of %zu x %zu does not have the %zu pixels of the source; give "
                       "height and width",
                       site->name, *height, *width, site->pre);
    return HEBB_OK;
}

static hebb_status wire(hb_env *env, const hb_link_site *site, const hb_args *args, hb_wiring *w) {
    size_t height = 0, width = 0;
    HEBB_TRY(image_size(env, site, args, &height, &width));
    double low = hb_args_num(args, "size_min"), high = hb_args_num(args, "size_max");
    double room = (double)(height < width ? height : width) - 2 * hb_args_num(args, "margin");
    if (low > high || high > room)
        return hb_fail(env, HEBB_E_RANGE,
                       "%s: size_min = %g, size_max = %g do not fit; sides go from size_min to "
                       "size_max, at most %g (the image less its margins)",
                       site->name, low, high, room);
    w->start = hb_calloc(env, w->pre + 1, sizeof *w->start);
    if (!w->start) return HEBB_E_MEMORY;
    for (size_t j = 0; j < w->post; j++) {
        patch p = patch_of(site, args, height, width, j);
        for (size_t y = 0; y < p.side; y++)
            for (size_t x = 0; x < p.side; x++) w->start[(p.row + y) * width + p.column + x + 1]++;
    }
    for (size_t i = 0; i < w->pre; i++) w->start[i + 1] += w->start[i];
    w->count = w->start[w->pre];
    w->index = hb_alloc(env, w->count * sizeof *w->index);
    uint32_t *at = hb_alloc(env, w->pre * sizeof *at);
    if (w->index && at) {
        memcpy(at, w->start, w->pre * sizeof *at);
        for (size_t j = 0; j < w->post; j++) {
            patch p = patch_of(site, args, height, width, j);
            for (size_t y = 0; y < p.side; y++)
                for (size_t x = 0; x < p.side; x++)
                    w->index[at[(p.row + y) * width + p.column + x]++] = (uint32_t)j;
        }
    }
    hebb_status status = w->index && at ? HEBB_OK : HEBB_E_MEMORY;
    hb_free(env, at);
    return status;
}

/* The synapse of source i to neuron j; rows rise in j. */
static double *synapse(const hb_wiring *w, size_t i, size_t j) {
    size_t low = w->start[i], high = w->start[i + 1];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->index[middle] < j)
            low = middle + 1;
        else
            high = middle;
    }
    return &w->weight[low];
}

/* Mean of the cells next to (y, x), itself included. */
static double around(const double *cells, size_t side, size_t y, size_t x) {
    double sum = 0, count = 0;
    for (size_t v = y ? y - 1 : 0; v <= y + 1 && v < side; v++)
        for (size_t u = x ? x - 1 : 0; u <= x + 1 && u < side; u++, count++)
            sum += cells[v * side + u];
    return sum / count;
}

/* side x side numbers of mean 0 and length gain; room has as many. */
static void draw_patch(hb_stream *stream, size_t side, int times, double gain, double *cells,
                       double *room) {
    size_t count = side * side;
    for (size_t k = 0; k < count; k++) cells[k] = hb_stream_normal(stream);
    for (int n = 0; n < times; n++) {
        for (size_t k = 0; k < count; k++) room[k] = around(cells, side, k / side, k % side);
        memcpy(cells, room, count * sizeof *cells);
    }
    double mean = 0, square = 0;
    for (size_t k = 0; k < count; k++) mean += cells[k] / (double)count;
    for (size_t k = 0; k < count; k++) square += (cells[k] - mean) * (cells[k] - mean);
    for (size_t k = 0; k < count; k++) /* a patch of one pixel has no shape but its weight */
        cells[k] = square > 0 ? gain * (cells[k] - mean) / sqrt(square) : gain;
}

static hebb_status weigh(hb_env *env, const hb_link_site *site, const hb_args *args, hb_wiring *w) {
    size_t root = (size_t)(sqrt((double)site->pre) + 0.5);
    size_t width = hb_args_given(args, "width") ? (size_t)hb_args_num(args, "width") : root;
    size_t most = (size_t)hb_args_num(args, "size_max");
    double *cells = hb_alloc(env, 2 * most * most * sizeof *cells);
    if (!cells) return HEBB_E_MEMORY;
    for (size_t j = 0; j < w->post; j++) {
        patch p = patch_of(site, args, site->pre / width, width, j);
        hb_stream stream;
        hb_stream_init(&stream, site->seed, HB_DRAW_WEIGHT, site->id, (uint32_t)j + 1);
        draw_patch(&stream, p.side, (int)hb_args_num(args, "smooth"), hb_args_num(args, "gain"),
                   cells, cells + most * most);
        for (size_t k = 0; k < p.side * p.side; k++)
            *synapse(w, (p.row + k / p.side) * width + p.column + k % p.side, j) = cells[k];
    }
    hb_free(env, cells);
    return HEBB_OK;
}

const hb_link_kind hb_link_patches = {&component, wire, weigh};
