/* Changes of images, and the loader. Oracles: bilinear sampling of an image whose
 * values are its coordinates tells where every output point was taken from, so the
 * maps themselves are checked: affine ones by their differences, elastic ones by
 * the variance and the covariance that smoothed white noise has in closed form. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "data/loader.h"

enum { SIDE = 64, SIZE = SIDE * SIDE };

static hb_env env;
static float in_x[SIZE], in_y[SIZE], from_x[SIZE], from_y[SIZE], scratch[8 * SIZE];
static const double degree = 3.14159265358979323846 / 180;

static int setup(void **state) {
    (void)state;
    hb_env_init(&env, NULL);
    for (int i = 0; i < SIZE; i++) {
        in_x[i] = (float)(i % SIDE);
        in_y[i] = (float)(i / SIDE);
    }
    return 0;
}

#define assert_says(text)                                                                          \
    do {                                                                                           \
        if (!strstr(env.error, text)) fail_msg("'%s' lacks '%s'", env.error, text);                \
    } while (0)

/* Fills from_x, from_y: where the points of the output come from. Good where that
 * lies inside the image. */
static void take_map(const hb_augment *a, uint32_t sample) {
    hb_stream stream;
    assert_true(hb_augment_scratch(SIDE, SIDE) <= HB_COUNT(scratch));
    hb_stream_init(&stream, 1, HB_DRAW_AUGMENT, 0, sample);
    hb_augment_image(a, &stream, SIDE, SIDE, in_x, from_x, scratch);
    hb_stream_init(&stream, 1, HB_DRAW_AUGMENT, 0, sample);
    hb_augment_image(a, &stream, SIDE, SIDE, in_y, from_y, scratch);
}

static void test_identity(void **state) {
    (void)state;
    enum { H = 7, W = 5 };
    float image[H * W], out[H * W], room[2000];
    hb_augment none = {.elastic_sigma = 4};
    hb_stream stream;
    hb_stream_init(&stream, 1, 0, 0, 0);
    assert_true(hb_augment_scratch(H, W) <= HB_COUNT(room));
    for (int i = 0; i < H * W; i++) image[i] = (float)hb_stream_uniform(&stream);
    hb_augment_image(&none, &stream, H, W, image, out, room);
    assert_memory_equal(out, image, sizeof image);
    float one = 0.5f, same = 0;
    hb_augment_image(&(hb_augment){.elastic = 1e-6, .elastic_sigma = 4}, &stream, 1, 1, &one, &same,
                     room);
    assert_true(fabsf(same - one) < 1e-5f);
}

/* The map's matrix at the middle, by differences. */
static void matrix(double m[4]) {
    int at = SIDE / 2 * SIDE + SIDE / 2;
    m[0] = (double)from_x[at + 1] - (double)from_x[at];
    m[1] = (double)from_x[at + SIDE] - (double)from_x[at];
    m[2] = (double)from_y[at + 1] - (double)from_y[at];
    m[3] = (double)from_y[at + SIDE] - (double)from_y[at];
}

/* Affine: the same differences everywhere that was taken from inside. */
static void check_affine(const double m[4]) {
    for (int i = SIZE / 4; i < SIZE * 3 / 4; i++) {
        if (i % SIDE < SIDE / 4 || i % SIDE > SIDE * 3 / 4) continue;
        double dx = i % SIDE - SIDE / 2, dy = i / SIDE - SIDE / 2;
        int at = SIDE / 2 * SIDE + SIDE / 2;
        assert_true(fabs((double)from_x[i] - (double)from_x[at] - m[0] * dx - m[1] * dy) < 1e-2);
        assert_true(fabs((double)from_y[i] - (double)from_y[at] - m[2] * dx - m[3] * dy) < 1e-2);
    }
}

static void test_affine(void **state) {
    (void)state;
    double most_angle = 0, most_shift = 0, most_scale = 0, most_shear = 0;
    size_t mirrored = 0;
    enum { DRAWS = 400 };
    for (uint32_t i = 0; i < DRAWS; i++) {
        double m[4], middle = (SIDE - 1) / 2.0;
        take_map(&(hb_augment){.rotate = 20}, i);
        matrix(m);
        check_affine(m);
        /* A rotation: orthogonal, of determinant 1, about the centre. */
        assert_true(fabs(m[0] * m[3] - m[1] * m[2] - 1) < 1e-4 && fabs(m[0] - m[3]) < 1e-4);
        double angle = atan2(m[1], m[0]) / degree;
        most_angle = fmax(most_angle, fabs(angle));
        take_map(&(hb_augment){.scale = 0.25}, i);
        matrix(m);
        check_affine(m);
        assert_true(fabs(m[1]) < 1e-4 && fabs(m[2]) < 1e-4 && fabs(m[0] - m[3]) < 1e-4);
        most_scale = fmax(most_scale, fabs(1 / m[0] - 1));
        take_map(&(hb_augment){.shear = 10}, i);
        matrix(m);
        check_affine(m);
        assert_true(fabs(m[0] - 1) < 1e-4 && fabs(m[3] - 1) < 1e-4 && fabs(m[2]) < 1e-4);
        most_shear = fmax(most_shear, fabs(atan(m[1]) / degree));
        take_map(&(hb_augment){.shift = 3}, i);
        int at = SIDE / 2 * SIDE + SIDE / 2;
        most_shift = fmax(most_shift, fabs((double)from_x[at] - SIDE / 2));
        most_shift = fmax(most_shift, fabs((double)from_y[at] - SIDE / 2));
        take_map(&(hb_augment){.flip = 1}, i);
        matrix(m);
        if (m[0] < 0) assert_true(fabs((double)from_x[at] - (2 * middle - SIDE / 2)) < 1e-3);
        mirrored += m[0] < 0;
    }
    assert_true(most_angle <= 20.01 && most_angle > 19);
    assert_true(most_scale <= 0.2501 && most_scale > 0.23);
    assert_true(most_shear <= 10.01 && most_shear > 9.5);
    assert_true(most_shift <= 3.001 && most_shift > 2.9);
    assert_true(mirrored > DRAWS / 2 - 50 && mirrored < DRAWS / 2 + 50); /* five deviations */
}

static void test_elastic(void **state) {
    (void)state;
    const double rms = 1.5, sigma = 4;
    double sum = 0, square = 0, neighbour = 0, far = 0;
    size_t count = 0;
    for (uint32_t i = 0; i < 200; i++) {
        take_map(&(hb_augment){.elastic = rms, .elastic_sigma = sigma}, i);
        for (int y = 12; y < SIDE - 24; y++)
            for (int x = 12; x < SIDE - 24; x++) {
                int at = y * SIDE + x;
                double a = (double)from_x[at] - x, b = (double)from_x[at + 1] - x - 1;
                double c = (double)from_x[at + 8] - x - 8, d = (double)from_y[at] - y;
                sum += a + d;
                square += (a * a + d * d) / 2;
                neighbour += (a - b) * (a - b);
                far += a * c;
                count++;
            }
    }
    double n = (double)count;
    assert_true(fabs(sum / n) < 0.1);
    assert_true(fabs(sqrt(square / n) / rms - 1) < 0.05);
    /* Gaussian smoothing of deviation s gives the correlation exp(-d^2 / 4 s^2). */
    double near_by = 2 * rms * rms * (1 - exp(-1 / (4 * sigma * sigma)));
    assert_true(fabs(neighbour / n / near_by - 1) < 0.1);
    assert_true(fabs(far / n - rms * rms * exp(-64 / (4 * sigma * sigma))) < 0.1 * rms * rms);
}

static void test_outside(void **state) {
    (void)state;
    float image[25], out[25], room[1000];
    for (int i = 0; i < 25; i++) image[i] = 1;
    hb_stream stream;
    for (uint32_t i = 0; i < 200; i++) {
        hb_augment a = {180, 0.9, 100, 80, 50, 0.1, 1};
        hb_stream_init(&stream, 2, 0, 0, i);
        hb_augment_image(&a, &stream, 5, 5, image, out, room);
        for (int k = 0; k < 25; k++) assert_true(out[k] >= 0 && out[k] <= 1.00001f);
    }
}

static void test_table(void **state) {
    (void)state;
    hb_augment a;
    assert_int_equal(hb_augment_read(&env, "augment", NULL, &a), HEBB_OK);
    assert_true(a.rotate == 0 && a.elastic == 0 && a.elastic_sigma == 4 && !a.flip);
    assert_int_equal(hb_augment_read(&env, "augment", HEBB_P({"rotate", 10}, {"flip", 1}), &a),
                     HEBB_OK);
    assert_true(a.rotate == 10 && a.flip);
    assert_int_equal(hb_augment_read(&env, "augment", HEBB_P({"rotat", 10}), &a), HEBB_E_NAME);
    assert_says("'rotate'");
    assert_int_equal(hb_augment_check(&env, &(hb_augment){.scale = 1}), HEBB_E_RANGE);
    assert_says("scale");
    assert_true(hb_augment_check(&env, &(hb_augment){.shift = (double)NAN}) < 0);
    assert_int_equal(hb_augment_check(&env, &(hb_augment){.elastic = 1}), HEBB_E_RANGE);
    assert_says("elastic_sigma");
    assert_int_equal(hb_augment_check(&env, &(hb_augment){.shift = 2}), HEBB_OK);
}

/* ---- loader --------------------------------------------------------------- */

enum { SAMPLES = 103, PIXELS = 784 };

static hb_dataset *open_set(hb_env *e) {
    hb_dataset *set = NULL;
    if (hb_dataset_open(e, "strokes", "train", NULL, SAMPLES, 0, &set) < 0) return NULL;
    return set;
}

/* Reads the whole epoch: ids, and (unless NULL) the values and labels. */
static size_t take_epoch(hb_loader *l, uint64_t *ids, float *values, int32_t *labels) {
    static float room[SAMPLES * PIXELS];
    static int32_t label_room[SAMPLES];
    size_t at = 0, count, batches = 0;
    while (hb_loader_next(l, values ? values + at * PIXELS : room,
                          labels ? labels + at : label_room, ids + at, &count) == HEBB_OK) {
        assert_true(count > 0 && count <= hb_loader_batch_size(l));
        at += count;
        batches++;
    }
    assert_int_equal(count, 0);
    assert_int_equal(batches, hb_loader_batches(l));
    assert_int_equal(at, hb_loader_samples(l));
    return at;
}

static hb_loader *make_loader(const hb_dataset *set, hb_loader_options options) {
    hb_loader *l;
    if (hb_loader_create(&env, set, &options, &l) < 0) fail_msg("%s", env.error);
    return l;
}

static void test_order(void **state) {
    (void)state;
    hb_dataset *set = open_set(&env);
    uint64_t first[SAMPLES], second[SAMPLES], again[SAMPLES];
    static float values[SAMPLES * PIXELS];
    int32_t labels[SAMPLES];
    hb_loader *l =
        make_loader(set, (hb_loader_options){.batch_size = 10, .shuffle = true, .seed = 5});
    assert_int_equal(hb_loader_batches(l), 11);
    assert_int_equal(take_epoch(l, first, values, labels), SAMPLES);
    size_t seen[SAMPLES] = {0}, same = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        seen[first[i]]++;
        assert_int_equal(labels[i], set->labels[first[i]]);
        for (int p = 0; p < PIXELS; p++)
            assert_true(values[i * PIXELS + (size_t)p] ==
                        (float)set->bytes[first[i] * PIXELS + (size_t)p] / 255.0f);
    }
    for (size_t i = 0; i < SAMPLES; i++) assert_int_equal(seen[i], 1);
    hb_loader_start(l, 1);
    take_epoch(l, second, NULL, NULL);
    for (size_t i = 0; i < SAMPLES; i++) same += first[i] == second[i];
    assert_true(same < 10);
    hb_loader_seek(l, 0, 3);
    size_t count;
    assert_int_equal(hb_loader_next(l, values, labels, again, &count), HEBB_OK);
    assert_memory_equal(again, first + 30, 10 * sizeof *again);
    hb_loader_seek(l, 0, 99);
    assert_int_equal(hb_loader_next(l, values, labels, NULL, &count), HEBB_DONE);
    hb_loader_free(l);
    /* Another batch size, the last one left out: the same order. */
    l = make_loader(
        set, (hb_loader_options){.batch_size = 25, .shuffle = true, .drop_last = true, .seed = 5});
    assert_int_equal(take_epoch(l, again, NULL, NULL), 100);
    assert_memory_equal(again, first, 100 * sizeof *again);
    hb_loader_free(l);
    static const uint64_t some[] = {7, 3, 99};
    l = make_loader(set, (hb_loader_options){.indices = some, .count = 3, .batch_size = 2});
    assert_int_equal(take_epoch(l, again, NULL, NULL), 3);
    assert_memory_equal(again, some, sizeof some);
    hb_loader_free(l);
    hb_dataset_free(set);
}

static void test_threads(void **state) {
    (void)state;
    hb_dataset *set = open_set(&env);
    static float values[3][SAMPLES * PIXELS], next[SAMPLES * PIXELS];
    uint64_t ids[SAMPLES];
    hb_augment a = {10, 0.1, 2, 5, 1, 4, 0};
    for (int i = 0; i < 3; i++) {
        hb_pool *pool;
        assert_int_equal(hb_pool_create(&env, 1 << i, &pool), HEBB_OK);
        hb_loader *l = make_loader(set, (hb_loader_options){.batch_size = (size_t)(7 * i + 10),
                                                            .shuffle = true,
                                                            .augment = &a,
                                                            .pool = i ? pool : NULL});
        take_epoch(l, ids, values[i], NULL);
        if (i) assert_memory_equal(values[i], values[0], sizeof values[i]);
        hb_loader_start(l, 1);
        take_epoch(l, ids, next, NULL);
        hb_loader_free(l);
        hb_pool_free(&env, pool);
    }
    /* Another epoch changes the same image in another way. */
    hb_loader *l = make_loader(set, (hb_loader_options){.batch_size = 10, .augment = &a});
    take_epoch(l, ids, values[0], NULL);
    hb_loader_start(l, 1);
    take_epoch(l, ids, values[1], NULL);
    for (size_t i = 0; i < SAMPLES; i++)
        assert_memory_not_equal(values[0] + i * PIXELS, values[1] + i * PIXELS,
                                PIXELS * sizeof(float));
    hb_loader_free(l);
    hb_dataset_free(set);
}

static void test_refused(void **state) {
    (void)state;
    hb_dataset *set = open_set(&env), *plain;
    static const float samples[] = {1, 2};
    static const int32_t labels[] = {0};
    static const uint64_t wrong[] = {0, SAMPLES};
    hb_augment a = {.shift = 1}, bad = {.shift = -1};
    hb_loader *l;
    assert_int_equal(hb_dataset_from_arrays(&env, samples, labels, 1, 2, 2, &plain), HEBB_OK);
    assert_int_equal(hb_loader_create(&env, set, &(hb_loader_options){.batch_size = 0}, &l),
                     HEBB_E_RANGE);
    assert_int_equal(
        hb_loader_create(&env, set,
                         &(hb_loader_options){.indices = wrong, .count = 2, .batch_size = 1}, &l),
        HEBB_E_RANGE);
    assert_says("sample 103 is not in 'strokes', which has 103 samples");
    assert_int_equal(
        hb_loader_create(&env, plain, &(hb_loader_options){.batch_size = 1, .augment = &a}, &l),
        HEBB_E_UNSUPPORTED);
    assert_says("augmentation changes images");
    assert_int_equal(
        hb_loader_create(&env, set, &(hb_loader_options){.batch_size = 1, .augment = &bad}, &l),
        HEBB_E_RANGE);
    assert_null(l);
    hb_loader_free(NULL);
    hb_dataset_free(plain);
    hb_dataset_free(set);
}

static void test_split(void **state) {
    (void)state;
    uint64_t *learn, *validate, *other, *rest;
    size_t seen[50] = {0}, same = 0;
    assert_int_equal(hb_split_indices(&env, 50, 10, 3, &learn, &validate), HEBB_OK);
    for (size_t i = 0; i < 40; i++) seen[learn[i]]++;
    for (size_t i = 0; i < 10; i++) seen[validate[i]]++;
    for (size_t i = 0; i < 50; i++) assert_int_equal(seen[i], 1);
    for (size_t i = 1; i < 40; i++) assert_true(learn[i] > learn[i - 1]);
    assert_int_equal(hb_split_indices(&env, 50, 10, 4, &rest, &other), HEBB_OK);
    for (size_t i = 0; i < 10; i++) same += validate[i] == other[i];
    assert_true(same < 10);
    hb_free(&env, learn);
    hb_free(&env, validate);
    hb_free(&env, rest);
    hb_free(&env, other);
    assert_int_equal(hb_split_indices(&env, 5, 5, 3, &learn, &validate), HEBB_E_RANGE);
    assert_null(learn);
}

static hebb_status memory_loader(hb_env *e) {
    hb_augment a = {.shift = 1};
    hb_loader *l = NULL;
    uint64_t *learn = NULL, *validate = NULL;
    hb_dataset *set = open_set(e);
    if (!set) return HEBB_E_MEMORY;
    hebb_status status = hb_split_indices(e, set->count, 5, 0, &learn, &validate);
    if (status == HEBB_OK)
        status = hb_loader_create(
            e, set,
            &(hb_loader_options){.indices = learn, .count = 98, .batch_size = 4, .augment = &a},
            &l);
    hb_loader_free(l);
    hb_free(e, learn);
    hb_free(e, validate);
    hb_dataset_free(set);
    return status;
}

static void test_memory(void **state) {
    (void)state;
    assert_true(refuse_each(memory_loader) >= 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_identity, setup), cmocka_unit_test_setup(test_affine, setup),
        cmocka_unit_test_setup(test_elastic, setup),  cmocka_unit_test_setup(test_outside, setup),
        cmocka_unit_test_setup(test_table, setup),    cmocka_unit_test_setup(test_order, setup),
        cmocka_unit_test_setup(test_threads, setup),  cmocka_unit_test_setup(test_refused, setup),
        cmocka_unit_test_setup(test_split, setup),    cmocka_unit_test_setup(test_memory, setup),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
