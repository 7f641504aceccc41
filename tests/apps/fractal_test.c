/* Double-double arithmetic, and points iterated by their distance from another, compared with
 * points iterated by themselves. */
#include "passes.h"

#include "fractal/fractal.h"

#include <math.h>

/* ---- double-double numbers ------------------------------------------------------------------- */

static struct double_double number(const char *text)
{
    struct double_double value;
    const char *end = dd_parse(text, &value);
    ck_assert_msg(end != NULL && *end == '\0', "'%s'", text);
    return value;
}

static void check_number(const char *text, double high, double low)
{
    struct double_double value = number(text);
    ck_assert_msg(value.high == high && fabs(value.low - low) <= fabs(high) * 0x1p-104,
                  "'%s' gives %a + %a", text, value.high, value.low);
}

START_TEST(numbers_are_read)
{
    check_number("0", 0, 0);
    check_number("-0.5", -0.5, 0);
    check_number("+2", 2, 0);
    check_number(".25", 0.25, 0);
    check_number("3.", 3, 0);
    check_number("1e22", 1e22, 0);
    check_number("2.5E-1", 0.25, 0);
    /* pi, e and 1/10: known second halves */
    check_number("3.14159265358979323846264338327950288", 0x1.921fb54442d18p+1,
                 0x1.1a62633145c07p-53);
    check_number("2.71828182845904523536028747135266250", 0x1.5bf0a8b145769p+1,
                 0x1.4d57ee2b1013ap-53);
    check_number("0.1", 0.1, -0x1.999999999999ap-58);
    check_number("-314159265358979323846264338327950288e-35", -0x1.921fb54442d18p+1,
                 -0x1.1a62633145c07p-53);
}
END_TEST

START_TEST(other_texts_are_none)
{
    static const char *const texts[] = {"",   "-",     ".",   "x",    "e5",
                                        "1e", "1e999", "--1", "1e 5", " 1"};
    struct double_double value;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *end = dd_parse(texts[i], &value);
        ck_assert_msg(end == NULL || *end != '\0', "'%s'", texts[i]);
    }
    ck_assert_str_eq(dd_parse("-0.5,7", &value), ",7");
}
END_TEST

START_TEST(arithmetic_has_twice_the_digits)
{
    struct double_double pi = number("3.14159265358979323846264338327950288");
    struct double_double square = number("9.86960440108935861883449099987615114");
    struct double_double off = dd_subtract(dd_multiply(pi, pi), square);
    ck_assert(fabs(off.high) < 1e-30);
    off = dd_subtract(dd_multiply(dd_divide(pi, 7), (struct double_double){7, 0}), pi);
    ck_assert(fabs(off.high) < 1e-30);
    off = dd_subtract(dd_add(pi, square), number("13.01119705467915185729713438315565402"));
    ck_assert(fabs(off.high) < 1e-29);
}
END_TEST

/* ---- points ---------------------------------------------------------------------------------- */

static const struct dd_point zero = {{0, 0}, {0, 0}};

/* A point iterated by itself, in double-double. */
static double direct_steps(struct dd_point z, struct dd_point c, int64_t most)
{
    for (int64_t i = 1; i <= most; i++) {
        struct double_double product = dd_multiply(z.re, z.im);
        z.re = dd_add(dd_subtract(dd_multiply(z.re, z.re), dd_multiply(z.im, z.im)), c.re);
        z.im = dd_add(dd_add(product, product), c.im);
        double size = z.re.high * z.re.high + z.im.high * z.im.high;
        if (size > 65536)
            return (double)i + 1 - log2(log2(size) / 8);
    }
    return -1;
}

/* The same for the point center + (x, y) of either set. */
static double direct_steps_at(struct dd_point center, const struct dd_point *julia, double x,
                              double y, int64_t most)
{
    struct dd_point point = {dd_add(center.re, (struct double_double){x, 0}),
                             dd_add(center.im, (struct double_double){y, 0})};
    return julia != NULL ? direct_steps(point, *julia, most) : direct_steps(zero, point, most);
}

/* Points up to `radius` around `center`; `least` of them must escape. Near the set the step counts
 * of neighbours differ wildly, so a point also passes if it agrees with one a millionth of a pixel
 * away. */
static void check_points(struct dd_point center, const struct dd_point *julia, double radius,
                         int64_t iterations, int least)
{
    struct fractal fractal;
    int left = 0;
    ck_assert(fractal_begin(&fractal, &center, julia, iterations));
    for (int i = 0; i < 400; i++) {
        double x = radius * (i % 20 - 9.3) / 10, y = radius * (i / 20 - 9.7) / 10.0;
        double steps = fractal_steps(&fractal, x, y);
        double direct = direct_steps_at(center, julia, x, y, iterations);
        double beside = direct_steps_at(center, julia, x + radius / 1e7, y, iterations);
        if (fabs(steps - direct) > 1e-5 * (1 + fabs(direct)) + fabs(beside - direct))
            ck_abort_msg("(%g, %g) leaves after %.9g steps, not %.9g", x, y, steps, direct);
        left += direct >= 0;
    }
    ck_assert_msg(left >= least, "only %d leave", left);
    fractal_end(&fractal);
}

START_TEST(points_of_the_whole_set)
{
    check_points((struct dd_point){{-0.75, 0}, {0.1, 0}}, NULL, 1.5, 300, 200);
    check_points((struct dd_point){{1, 0}, {1, 0}}, NULL, 3, 100,
                 200); /* a center that escapes at once */
}
END_TEST

START_TEST(points_deep_inside)
{
    struct dd_point center = {number("-0.743643887037158704752191506114774"),
                              number("0.131825904205311970493132056385139")};
    check_points(center, NULL, 1e-3, 3000, 300);
    check_points(center, NULL, 1e-10, 5000, 300);
    check_points(center, NULL, 1e-20, 12000, 300);
}
END_TEST

START_TEST(points_of_julia_sets)
{
    struct dd_point c = {number("-0.8"), number("0.156")};
    struct dd_point inside = {number("0.33"), number("0.041")};
    check_points(zero, &c, 1.6, 500, 300);
    check_points(inside, &c, 1e-6, 2000, 300);
    check_points(inside, &c, 1e-15, 2000, 300);
    check_points((struct dd_point){{3, 0}, {3, 0}}, &c, 1, 500, 400);
}
END_TEST

START_TEST(points_that_stay)
{
    struct fractal fractal;
    struct dd_point center = {{-1, 0}, {0, 0}};
    ck_assert(fractal_begin(&fractal, &center, NULL, 100000));
    ck_assert(fractal_steps(&fractal, 0, 0) == -1);
    ck_assert(fractal_steps(&fractal, 1, 0) == -1);
    ck_assert(fractal_steps(&fractal, 1.26, 0) > 0);
    ck_assert(fractal_steps(&fractal, -1.01, 0) > 0);
    fractal_end(&fractal);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("all");
    tcase_add_test(all, numbers_are_read);
    tcase_add_test(all, other_texts_are_none);
    tcase_add_test(all, arithmetic_has_twice_the_digits);
    tcase_add_test(all, points_of_the_whole_set);
    tcase_add_test(all, points_deep_inside);
    tcase_add_test(all, points_of_julia_sets);
    tcase_add_test(all, points_that_stay);
    return passes(all, "fractal") ? 0 : 1;
}
