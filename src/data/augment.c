/* Changes of one image: affine (turned, scaled, sheared, shifted, mirrored) and
 * elastic (P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional
 * neural networks applied to visual document analysis", ICDAR 2003: a field of
 * random displacements made smooth by a Gaussian), in one bilinear sampling. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "data/dataset.h"

static const hb_param_info params[] = {
    {"rotate", HB_NUM, "degrees", 0, 0, 180, 0, "turned by up to this, either way"},
    {"scale", HB_NUM, "1", 0, 0, 0.9, 0, "larger or smaller by up to this share"},
    {"shift", HB_NUM, "pixels", 0, 0, 1000, 0, "shifted by up to this, in x and in y"},
    {"shear", HB_NUM, "degrees", 0, 0, 80, 0, "slanted by up to this, either way"},
    {"elastic", HB_NUM, "pixels", 0, 0, 1000, 0,
     "root mean square of the elastic displacement in x and in y"},
    {"elastic_sigma", HB_NUM, "pixels", 4, 0.1, 1000, 0, "how smooth the elastic displacement is"},
    {"flip", HB_BOOL, "1", 0, 0, 1, 0, "mirrors left and right half of the time"},
};

const hb_component hb_augment_component = {
    .kind = "augmentation",
    .name = "augment",
    .summary = "random affine and elastic changes of images, new for each sample and epoch",
    .equation = "out(p) = in(A (p - c) + c + s + e(p)), bilinear, 0 outside; A turns, scales and\n"
                "shears, c is the centre, s shifts, e is white noise made smooth by a Gaussian of\n"
                "deviation `elastic_sigma` and scaled to the root mean square `elastic`",
    .source = "P. Simard, D. Steinkraus, J. Platt, ICDAR 2003",
    .params = params,
    .param_count = HB_COUNT(params),
};

hebb_status hb_augment_read(hb_env *env, const char *where, const hebb_param *given,
                            hb_augment *a) {
    hb_args args;
    HEBB_TRY(hb_args_read(env, &hb_augment_component, where, given, 0, &args));
    *a = (hb_augment){.rotate = hb_args_num(&args, "rotate"),
                      .scale = hb_args_num(&args, "scale"),
                      .shift = hb_args_num(&args, "shift"),
                      .shear = hb_args_num(&args, "shear"),
                      .elastic = hb_args_num(&args, "elastic"),
                      .elastic_sigma = hb_args_num(&args, "elastic_sigma"),
                      .flip = hb_args_num(&args, "flip") != 0};
    hb_args_free(&args);
    return HEBB_OK;
}

hebb_status hb_augment_check(hb_env *env, const hb_augment *a) {
    hb_augment checked;
    return hb_augment_read(env, NULL,
                           HEBB_P({"rotate", a->rotate}, {"scale", a->scale}, {"shift", a->shift},
                                  {"shear", a->shear}, {"elastic", a->elastic},
                                  {"elastic_sigma", a->elastic > 0 ? a->elastic_sigma : 4},
                                  {"flip", a->flip != 0}),
                           &checked);
}

/* The image with a border of zeros: wide enough that every sampling point,
 * once it is held to -1 .. size, has its four neighbours inside. */
enum { BORDER = 1, BORDERS = 3 };

size_t hb_augment_scratch(size_t height, size_t width) {
    size_t padded = (height + BORDERS) * (width + BORDERS);
    size_t longest = height > width ? height : width;
    /* two fields, one smoothed along x, a row that wraps around, a kernel */
    return padded + 3 * height * width + 2 * longest + 2 * longest;
}

/* Half a Gaussian kernel: taps of distance 0 .. radius; returns the radius. */
static size_t make_kernel(double sigma, size_t size, float *kernel) {
    size_t radius = (size_t)ceil(3 * sigma);
    if (radius > (size - 1) / 2) radius = (size - 1) / 2;
    for (size_t i = 0; i <= radius; i++)
        kernel[i] = (float)exp(-0.5 * (double)(i * i) / (sigma * sigma));
    return radius;
}

/* Sum of the squares of the taps: what smoothing leaves of white noise's variance. */
static double kernel_power(const float *kernel, size_t radius) {
    double power = (double)kernel[0] * (double)kernel[0];
    for (size_t i = 1; i <= radius; i++) power += 2 * (double)kernel[i] * (double)kernel[i];
    return power;
}

/* out[x] += tap * in[x], the loop that both directions come down to. */
static void add_row(float *out, const float *in, float tap, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] += tap * in[i];
}

/* Fills `field` with smooth noise of the wanted root mean square. The noise wraps
 * around at the edges, so that it is as strong there as in the middle. */
static void smooth_noise(hb_stream *stream, double rms, double sigma, size_t height, size_t width,
                         float *field, float *half, float *row) {
    float *kernel = row + 2 * (height > width ? height : width);
    size_t radius = make_kernel(sigma, width, kernel);
    double power = kernel_power(kernel, radius);
    memset(half, 0, height * width * sizeof *half);
    for (size_t y = 0; y < height; y++) {
        float *middle = row + radius;
        for (size_t x = 0; x < width; x++)
            middle[x] = (float)(int32_t)hb_stream_u32(stream) * 0x1p-31f;
        for (size_t i = 0; i < radius; i++) {
            row[i] = middle[width - radius + i];
            middle[width + i] = middle[i];
        }
        for (size_t i = 0; i <= 2 * radius; i++)
            add_row(half + y * width, row + i, kernel[i < radius ? radius - i : i - radius], width);
    }
    radius = make_kernel(sigma, height, kernel);
    power *= kernel_power(kernel, radius);
    /* The variance of the noise itself is 1/3. */
    float scale = (float)(rms / sqrt(power / 3));
    for (size_t i = 0; i <= radius; i++) kernel[i] *= scale;
    memset(field, 0, height * width * sizeof *field);
    for (size_t y = 0; y < height; y++)
        for (size_t i = 0; i <= 2 * radius; i++)
            add_row(field + y * width, half + (y + height + i - radius) % height * width,
                    kernel[i < radius ? radius - i : i - radius], width);
}

/* Where an output point is taken from: (x, y) -> (xx x + xy y + x0, yx x + yy y + y0). */
typedef struct affine {
    float xx, xy, x0, yx, yy, y0;
} affine;

static double within(hb_stream *stream, double size) {
    return size * (2 * hb_stream_uniform(stream) - 1);
}

/* Draws the same numbers whatever the strengths, so that one can be changed alone. */
static affine draw_affine(const hb_augment *a, hb_stream *stream, size_t height, size_t width) {
    const double degree = 3.14159265358979323846 / 180;
    double angle = within(stream, a->rotate) * degree;
    double zoom = 1 / (1 + within(stream, a->scale));
    double shift_x = within(stream, a->shift), shift_y = within(stream, a->shift);
    double slant = tan(within(stream, a->shear) * degree);
    double mirror = hb_stream_uniform(stream) < 0.5 && a->flip ? -1 : 1;
    double c = cos(angle) * zoom, s = sin(angle) * zoom;
    affine m = {.xx = (float)(mirror * c),
                .xy = (float)(mirror * (c * slant + s)),
                .yx = (float)-s,
                .yy = (float)(c - s * slant)};
    double cx = ((double)width - 1) / 2, cy = ((double)height - 1) / 2;
    m.x0 = (float)(cx - shift_x - ((double)m.xx * cx + (double)m.xy * cy));
    m.y0 = (float)(cy - shift_y - ((double)m.yx * cx + (double)m.yy * cy));
    return m;
}

static void pad(size_t height, size_t width, const float *in, float *padded) {
    size_t stride = width + BORDERS;
    memset(padded, 0, (height + BORDERS) * stride * sizeof *padded);
    for (size_t y = 0; y < height; y++)
        memcpy(padded + (y + BORDER) * stride + BORDER, in + y * width, width * sizeof *in);
}

static float held(float value, float most) {
    value = value > 0 ? value : 0;
    return value < most ? value : most;
}

/* One row of the output; dx, dy: its elastic displacement, or NULL. */
static void sample_row(const affine *m, size_t y, size_t height, size_t width, const float *padded,
                       const float *dx, const float *dy, float *out) {
    size_t stride = width + BORDERS;
    float most_x = (float)(width + BORDER), most_y = (float)(height + BORDER);
    float row_x = m->xy * (float)y + m->x0 + BORDER, row_y = m->yy * (float)y + m->y0 + BORDER;
    for (size_t x = 0; x < width; x++) {
        float sx = held(m->xx * (float)x + row_x + (dx ? dx[x] : 0), most_x);
        float sy = held(m->yx * (float)x + row_y + (dy ? dy[x] : 0), most_y);
        int ix = (int)sx, iy = (int)sy;
        float fx = sx - (float)ix, fy = sy - (float)iy;
        const float *at = padded + (size_t)iy * stride + (size_t)ix;
        float top = at[0] + fx * (at[1] - at[0]);
        float bottom = at[stride] + fx * (at[stride + 1] - at[stride]);
        out[x] = top + fy * (bottom - top);
    }
}

void hb_augment_image(const hb_augment *a, hb_stream *stream, size_t height, size_t width,
                      const float *in, float *out, float *scratch) {
    size_t size = height * width;
    if (size == 0) return;
    float *padded = scratch, *fields = padded + (height + BORDERS) * (width + BORDERS);
    bool elastic = a->elastic > 0;
    affine m = draw_affine(a, stream, height, width);
    for (int i = 0; i < 2 && elastic; i++)
        smooth_noise(stream, a->elastic, a->elastic_sigma, height, width, fields + (size_t)i * size,
                     fields + 2 * size, fields + 3 * size);
    pad(height, width, in, padded);
    for (size_t y = 0; y < height; y++)
        sample_row(&m, y, height, width, padded, elastic ? fields + y * width : NULL,
                   elastic ? fields + size + y * width : NULL, out + y * width);
}
