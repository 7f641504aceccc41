/* Random numbers compared with direct calls of Random123, in a plain loop on one core. */
#include "measure.h"

#include <Random123/philox.h>
#include <Random123/u01fixedpt.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DRAWS = 10000000,
    BUFFER = 2000
};

/* Values unknown to the compiler. */
static volatile uint64_t seed = 7, item = 3;
static double sum, buffer[BUFFER];

static inline double unit_of(uint32_t low, uint32_t high)
{
    return u01fixedpt_open_open_64_double((uint64_t)high << 32 | low);
}

static inline philox4x32_ctr_t block_of(uint64_t key, uint64_t number, uint64_t stream)
{
    philox4x32_key_t keys = {{(uint32_t)key, (uint32_t)(key >> 32)}};
    philox4x32_ctr_t counter = {
        {(uint32_t)number, (uint32_t)(number >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    return philox4x32(counter, keys);
}

/* ---- Random123 directly ---------------------------------------------------------------------- */

static void stream_directly(void *argument)
{
    (void)argument;
    uint64_t key = seed, stream = item;
    double total = 0;
    for (uint64_t i = 0; i < DRAWS / 2; i++) {
        philox4x32_ctr_t word = block_of(key, i, stream);
        total += unit_of(word.v[0], word.v[1]);
        total += unit_of(word.v[2], word.v[3]);
    }
    sum = total;
}

static void items_directly(void *argument)
{
    (void)argument;
    uint64_t key = seed;
    double total = 0;
    for (uint64_t i = 0; i < DRAWS / 2; i++) {
        philox4x32_ctr_t word = block_of(key, 0, i);
        total += unit_of(word.v[0], word.v[1]);
        total += unit_of(word.v[2], word.v[3]);
    }
    sum = total;
}

static void fill_directly(void *argument)
{
    (void)argument;
    uint64_t key = seed, stream = item, number = 0;
    double total = 0;
    for (int i = 0; i < DRAWS / BUFFER; i++) {
        for (int k = 0; k < BUFFER; k += 2) {
            philox4x32_ctr_t word = block_of(key, number++, stream);
            buffer[k] = unit_of(word.v[0], word.v[1]);
            buffer[k + 1] = unit_of(word.v[2], word.v[3]);
        }
        total += buffer[i % BUFFER];
    }
    sum = total;
}

/* ---- by rp_random ---------------------------------------------------------------------------- */

static void stream_ours(void *argument)
{
    (void)argument;
    rp_random random;
    rp_random_begin(&random, seed, (int64_t)item);
    double total = 0;
    for (int i = 0; i < DRAWS; i++)
        total += rp_random_uniform(&random);
    sum = total;
}

static void items_ours(void *argument)
{
    (void)argument;
    uint64_t key = seed;
    double total = 0;
    for (int64_t i = 0; i < DRAWS / 2; i++) {
        rp_random random;
        rp_random_begin(&random, key, i);
        total += rp_random_uniform(&random);
        total += rp_random_uniform(&random);
    }
    sum = total;
}

static void fill_ours(void *argument)
{
    (void)argument;
    rp_random random;
    rp_random_begin(&random, seed, (int64_t)item);
    double total = 0;
    for (int i = 0; i < DRAWS / BUFFER; i++) {
        rp_random_fill(&random, buffer, BUFFER);
        total += buffer[i % BUFFER];
    }
    sum = total;
}

static void normal_ours(void *argument)
{
    (void)argument;
    rp_random random;
    rp_random_begin(&random, seed, (int64_t)item);
    double total = 0;
    for (int i = 0; i < DRAWS; i++)
        total += rp_random_normal(&random);
    sum = total;
}

static void exponential_ours(void *argument)
{
    (void)argument;
    rp_random random;
    rp_random_begin(&random, seed, (int64_t)item);
    double total = 0;
    for (int i = 0; i < DRAWS; i++)
        total += rp_random_exponential(&random);
    sum = total;
}

static void below_ours(void *argument)
{
    (void)argument;
    rp_random random;
    uint64_t total = 0;
    rp_random_begin(&random, seed, (int64_t)item);
    for (int i = 0; i < DRAWS; i++)
        total += rp_random_below(&random, 1000);
    sum = (double)total;
}

/* ---------------------------------------------------------------------------------------------- */

/* Both draw the same numbers, except for rounding. */
static void contest(const char *name, void (*ours)(void *), void (*directly)(void *))
{
    struct times time = {.rounds = 0}, direct = {.rounds = 0};
    struct row row = row_beside(name, &time, &direct, 0.87);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&direct, measure(directly, NULL));
        double expected = sum;
        times_add(&time, measure(ours, NULL));
        if (fabs(sum - expected) > 1e-6) {
            fprintf(stderr, "random: %s: %.17g, not %.17g\n", name, sum, expected);
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
        }
    }
}

/* What one draw takes. */
static void show_costs(void)
{
    static void (*const draw[])(void *) = {stream_ours, fill_ours, below_ours, normal_ours,
                                           exponential_ours};
    static const char *const names[] = {"uniform", "fill", "below", "normal", "exponential"};
    static struct times times[5];
    struct row rows[5];
    for (int i = 0; i < 5; i++)
        rows[i] = row_of(names[i], &times[i], 0, "ns", 1e9 / DRAWS);
    struct rounds rounds = rounds_of(rows, 5);
    while (rounds_next(&rounds))
        for (int i = 0; i < 5; i++)
            times_add(&times[i], measure(draw[i], NULL));
}

int main(int argc, char **argv)
{
    measure_arguments(argc, argv, 4);
    MPI_Init(&argc, &argv);
    contest("uniform, one stream, beside Random123", stream_ours, stream_directly);
    contest("uniform, two an item, beside Random123", items_ours, items_directly);
    contest("fill, beside Random123", fill_ours, fill_directly);
    show_costs();
    MPI_Finalize();
    return EXIT_SUCCESS;
}
