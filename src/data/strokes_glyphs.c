/* The pen strokes of the digits, drawn by hand for hebb: four ways to write each. */
#include "data/strokes_glyphs.h"

#define M(x, y)                                                                                    \
    {                                                                                              \
        'M', { x, y }                                                                              \
    }
#define L(x, y)                                                                                    \
    {                                                                                              \
        'L', { x, y }                                                                              \
    }
#define Q(a, b, x, y)                                                                              \
    {                                                                                              \
        'Q', { a, b, x, y }                                                                        \
    }
#define C(a, b, c, d, x, y)                                                                        \
    {                                                                                              \
        'C', { a, b, c, d, x, y }                                                                  \
    }
#define END                                                                                        \
    {                                                                                              \
        0, { 0 }                                                                                   \
    }
#define PEN static const hb_pen

PEN zero_oval[] = {M(.5f, .05f), C(.12f, .05f, .14f, .95f, .5f, .95f),
                   C(.86f, .95f, .88f, .05f, .5f, .05f), END};
PEN zero_narrow[] = {M(.56f, .05f), C(.3f, .05f, .22f, .95f, .46f, .95f),
                     C(.7f, .95f, .78f, .05f, .54f, .05f), END};
PEN zero_round[] = {M(.5f, .14f), C(-.02f, .14f, .0f, .88f, .5f, .88f),
                    C(1.f, .88f, 1.02f, .14f, .5f, .14f), END};
PEN zero_open[] = {M(.68f, .2f), C(.5f, -.08f, .2f, .1f, .22f, .52f),
                   C(.24f, 1.08f, .8f, 1.06f, .78f, .5f), C(.77f, .2f, .62f, .1f, .46f, .06f), END};

PEN one_bar[] = {M(.5f, .05f), L(.5f, .95f), END};
PEN one_flag[] = {M(.3f, .3f), L(.54f, .05f), L(.54f, .95f), END};
PEN one_foot[] = {M(.32f, .22f), L(.52f, .05f), L(.52f, .93f), M(.3f, .95f), L(.75f, .95f), END};
PEN one_lean[] = {M(.66f, .05f), Q(.5f, .5f, .38f, .95f), END};

PEN two_plain[] = {M(.22f, .28f), C(.25f, -.02f, .8f, -.02f, .76f, .32f),
                   C(.74f, .55f, .4f, .7f, .22f, .94f), L(.8f, .94f), END};
PEN two_loop[] = {M(.24f, .25f),
                  C(.3f, .0f, .78f, .0f, .74f, .33f),
                  C(.7f, .6f, .45f, .92f, .28f, .92f),
                  C(.13f, .92f, .18f, .68f, .36f, .76f),
                  C(.5f, .82f, .6f, .98f, .84f, .86f),
                  END};
PEN two_edge[] = {M(.24f, .2f), Q(.52f, -.1f, .74f, .2f), Q(.76f, .36f, .22f, .94f), L(.8f, .93f),
                  END};
PEN two_wave[] = {M(.2f, .12f), C(.5f, -.02f, .82f, .06f, .76f, .32f),
                  C(.7f, .58f, .3f, .74f, .24f, .9f), C(.4f, .8f, .6f, 1.04f, .8f, .86f), END};

PEN three_round[] = {M(.24f, .16f),
                     C(.4f, -.05f, .78f, .02f, .74f, .27f),
                     C(.72f, .44f, .55f, .48f, .42f, .48f),
                     C(.62f, .48f, .8f, .56f, .78f, .74f),
                     C(.76f, 1.02f, .36f, 1.0f, .2f, .82f),
                     END};
PEN three_flat[] = {M(.24f, .08f),
                    L(.74f, .08f),
                    L(.46f, .4f),
                    C(.74f, .4f, .82f, .58f, .78f, .74f),
                    C(.74f, 1.f, .36f, 1.f, .2f, .84f),
                    END};
PEN three_steep[] = {M(.3f, .06f),
                     C(.6f, .04f, .7f, .14f, .66f, .28f),
                     C(.62f, .42f, .5f, .44f, .44f, .46f),
                     C(.7f, .46f, .74f, .7f, .62f, .84f),
                     C(.52f, .96f, .36f, .96f, .26f, .9f),
                     END};
PEN three_knot[] = {M(.2f, .2f),
                    C(.3f, -.04f, .8f, .0f, .72f, .28f),
                    C(.66f, .48f, .36f, .54f, .38f, .46f),
                    C(.4f, .38f, .82f, .46f, .8f, .72f),
                    C(.78f, 1.f, .3f, 1.02f, .22f, .78f),
                    END};

PEN four_open[] = {M(.3f, .06f), L(.22f, .58f), L(.82f, .56f), M(.66f, .28f), L(.62f, .97f), END};
PEN four_closed[] = {M(.64f, .97f), L(.64f, .05f), L(.16f, .66f), L(.86f, .66f), END};
PEN four_bowl[] = {M(.26f, .08f), C(.18f, .5f, .3f, .56f, .7f, .46f), M(.74f, .06f), L(.64f, .96f),
                   END};
PEN four_kite[] = {M(.52f, .05f),           L(.18f, .6f), L(.84f, .62f), M(.7f, .36f),
                   Q(.68f, .7f, .6f, .96f), END};

PEN five_plain[] = {M(.74f, .07f),
                    L(.32f, .07f),
                    L(.27f, .46f),
                    C(.5f, .32f, .8f, .42f, .78f, .68f),
                    C(.76f, 1.02f, .38f, 1.02f, .2f, .84f),
                    END};
PEN five_hat[] = {M(.36f, .1f),
                  L(.3f, .44f),
                  C(.6f, .4f, .78f, .54f, .72f, .74f),
                  C(.66f, .96f, .4f, 1.f, .22f, .92f),
                  M(.34f, .09f),
                  L(.78f, .04f),
                  END};
PEN five_snake[] = {M(.74f, .1f), C(.5f, .0f, .28f, .1f, .28f, .28f),
                    C(.28f, .46f, .76f, .46f, .76f, .72f), C(.76f, .98f, .36f, 1.f, .22f, .86f),
                    END};
PEN five_tall[] = {M(.7f, .12f),
                   L(.4f, .1f),
                   L(.34f, .52f),
                   C(.52f, .46f, .7f, .56f, .66f, .76f),
                   C(.62f, .94f, .4f, .96f, .26f, .9f),
                   END};

PEN six_plain[] = {M(.66f, .05f), C(.4f, .2f, .22f, .5f, .24f, .72f),
                   C(.26f, 1.02f, .76f, 1.02f, .76f, .72f), C(.76f, .46f, .38f, .44f, .26f, .7f),
                   END};
PEN six_steep[] = {M(.38f, .05f), L(.28f, .62f), C(.22f, 1.f, .7f, 1.04f, .74f, .76f),
                   C(.76f, .54f, .44f, .54f, .3f, .78f), END};
PEN six_curl[] = {M(.74f, .2f), C(.64f, -.02f, .26f, .08f, .24f, .6f),
                  C(.22f, 1.06f, .78f, 1.04f, .76f, .72f), C(.74f, .48f, .36f, .5f, .26f, .68f),
                  END};
PEN six_small[] = {M(.72f, .05f), C(.5f, .2f, .3f, .5f, .3f, .76f),
                   C(.32f, 1.f, .66f, .98f, .64f, .78f), C(.62f, .64f, .42f, .62f, .32f, .78f),
                   END};

PEN seven_plain[] = {M(.2f, .08f), L(.8f, .08f), L(.42f, .95f), END};
PEN seven_bar[] = {M(.2f, .1f),  L(.78f, .08f), Q(.56f, .5f, .44f, .95f),
                   M(.3f, .52f), L(.76f, .48f), END};
PEN seven_serif[] = {M(.2f, .26f), L(.22f, .08f), L(.78f, .1f), C(.6f, .4f, .5f, .6f, .48f, .96f),
                     END};
PEN seven_wave[] = {M(.18f, .16f), C(.36f, -.02f, .52f, .24f, .82f, .06f),
                    C(.7f, .36f, .52f, .5f, .4f, .96f), END};

PEN eight_snake[] = {M(.72f, .16f),
                     C(.5f, -.06f, .22f, .08f, .28f, .28f),
                     C(.34f, .46f, .76f, .5f, .76f, .74f),
                     C(.76f, 1.04f, .24f, 1.04f, .24f, .74f),
                     C(.24f, .5f, .74f, .44f, .72f, .16f),
                     END};
PEN eight_rings[] = {
    M(.5f, .06f), C(.2f, .06f, .2f, .46f, .5f, .46f),   C(.8f, .46f, .8f, .06f, .5f, .06f),
    M(.5f, .46f), C(.12f, .46f, .12f, .95f, .5f, .95f), C(.88f, .95f, .88f, .46f, .5f, .46f),
    END};
PEN eight_narrow[] = {M(.62f, .12f),
                      C(.5f, -.02f, .32f, .1f, .36f, .28f),
                      C(.4f, .44f, .66f, .52f, .66f, .74f),
                      C(.64f, 1.f, .3f, 1.f, .32f, .74f),
                      C(.34f, .52f, .68f, .42f, .64f, .14f),
                      END};
PEN eight_big_top[] = {M(.78f, .1f),
                       C(.5f, -.06f, .16f, .04f, .2f, .28f),
                       C(.24f, .5f, .66f, .56f, .66f, .78f),
                       C(.64f, 1.f, .34f, 1.f, .34f, .78f),
                       C(.34f, .6f, .8f, .5f, .8f, .24f),
                       END};

PEN nine_straight[] = {M(.74f, .28f), C(.7f, -.02f, .24f, .0f, .26f, .3f),
                       C(.28f, .58f, .7f, .54f, .74f, .26f), L(.7f, .95f), END};
PEN nine_curved[] = {M(.74f, .28f), C(.7f, -.02f, .24f, .0f, .26f, .3f),
                     C(.28f, .58f, .7f, .54f, .74f, .26f), C(.8f, .62f, .72f, 1.02f, .3f, .92f),
                     END};
PEN nine_stick[] = {
    M(.66f, .16f), C(.5f, .0f, .26f, .1f, .28f, .3f), C(.3f, .48f, .62f, .46f, .68f, .1f),
    M(.68f, .1f),  Q(.66f, .5f, .48f, .96f),          END};
PEN nine_small[] = {M(.7f, .22f), C(.66f, .02f, .38f, .02f, .38f, .22f),
                    C(.38f, .4f, .66f, .38f, .7f, .2f), Q(.7f, .6f, .4f, .96f), END};

const hb_pen *const hb_writings[HB_DIGITS][HB_WRITINGS] = {
    {zero_oval, zero_narrow, zero_round, zero_open},
    {one_bar, one_flag, one_foot, one_lean},
    {two_plain, two_loop, two_edge, two_wave},
    {three_round, three_flat, three_steep, three_knot},
    {four_open, four_closed, four_bowl, four_kite},
    {five_plain, five_hat, five_snake, five_tall},
    {six_plain, six_steep, six_curl, six_small},
    {seven_plain, seven_bar, seven_serif, seven_wave},
    {eight_snake, eight_rings, eight_narrow, eight_big_top},
    {nine_straight, nine_curved, nine_stick, nine_small},
};
