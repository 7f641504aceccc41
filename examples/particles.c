/* Particles in a box that is cut into slabs, one per rank: those that leave a slab move on to the
 * neighbour's. */
#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PARTICLES = 100000,
    STEPS = 200
};

struct particle {
    double x, speed;
};

/* Moves along the box from 0 to 1, and bounces off its ends. */
static void move(struct particle *particle)
{
    particle->x += particle->speed;
    if (particle->x < 0 || particle->x > 1) {
        particle->x = particle->x < 0 ? -particle->x : 2 - particle->x;
        particle->speed = -particle->speed;
    }
}

/* The rank whose slab has this place. */
static int owner(double x, int ranks)
{
    int rank = (int)(x * ranks);
    return rank < ranks ? rank : ranks - 1;
}

/* This rank's particles at the start. Random numbers belong to particles, not to ranks. */
static int start(rp_pool *pool, rp_buffer *mine)
{
    int failed = 0;
    for (int i = 0; i < PARTICLES && !failed; i++) {
        rp_random random;
        rp_random_begin(&random, 1, i);
        struct particle particle = {.x = rp_random_uniform(&random)};
        particle.speed = 0.004 * (rp_random_uniform(&random) - 0.5);
        if (owner(particle.x, rp_ranks(pool)) == rp_rank(pool))
            failed = rp_buffer_append(mine, &particle, sizeof particle);
    }
    return failed;
}

/* Moves all particles of `mine`: those that stay are kept, the others are appended to the buffer of
 * the next lower or next higher rank. */
static int move_all(rp_pool *pool, rp_buffer *mine, rp_buffer *lower, rp_buffer *higher)
{
    struct particle *particle = rp_buffer_data(mine);
    size_t count = rp_buffer_size(mine) / sizeof *particle, kept = 0;
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++) {
        move(&particle[i]);
        int rank = owner(particle[i].x, rp_ranks(pool));
        if (rank == rp_rank(pool))
            particle[kept++] = particle[i];
        else
            failed = rp_buffer_append(rank < rp_rank(pool) ? lower : higher, &particle[i],
                                      sizeof particle[i]);
    }
    return failed || rp_buffer_resize(mine, kept * sizeof *particle) == NULL;
}

/* One step: moves, and passes on what has left. */
static rp_status step(rp_pool *pool, rp_buffer *mine, rp_buffer *out[2], rp_buffer *in[2])
{
    int rank = rp_rank(pool), first = rank == 0, n = 0;
    int neighbours[2];
    if (rank > 0)
        neighbours[n++] = rank - 1;
    if (rank + 1 < rp_ranks(pool))
        neighbours[n++] = rank + 1;
    rp_buffer_resize(out[0], 0);
    rp_buffer_resize(out[1], 0);
    int failed = move_all(pool, mine, out[0], out[1]);
    rp_status status = rp_exchange(pool, n, neighbours, out + first, in + first);
    for (int i = first; status == RP_OK && i < first + n; i++)
        failed |= rp_buffer_append(mine, rp_buffer_data(in[i]), rp_buffer_size(in[i]));
    return status == RP_OK && failed ? RP_ERR_MEMORY : status;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "particles");
    rp_buffer *mine = rp_buffer_make();
    rp_buffer *out[2] = {rp_buffer_make(), rp_buffer_make()};
    rp_buffer *in[2] = {rp_buffer_make(), rp_buffer_make()};
    bool made = mine && out[0] && out[1] && in[0] && in[1];
    rp_status worst, status = made && !start(pool, mine) ? RP_OK : RP_ERR_MEMORY;
    for (int i = 0; i < STEPS; i++) {
        rp_agree(pool, status, &worst);
        if (worst != RP_OK)
            break;
        status = step(pool, mine, out, in);
    }
    int64_t sums[2] = {0, 0}, all[2] = {0, 0}; /* all particles; those in the left half */
    const struct particle *particle = made ? rp_buffer_data(mine) : NULL;
    for (size_t i = 0; made && i < rp_buffer_size(mine) / sizeof *particle; i++) {
        sums[0]++;
        sums[1] += particle[i].x < 0.5;
    }
    rp_agree(pool, status, &worst);
    if (worst == RP_OK)
        rp_allreduce_ranks(pool, sums, 2, MPI_INT64_T, MPI_SUM, all);
    if (worst == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%lld particles, %lld in the left half\n", (long long)all[0], (long long)all[1]);
    for (int i = 0; i < 2; i++) {
        rp_buffer_free(&out[i]);
        rp_buffer_free(&in[i]);
    }
    rp_buffer_free(&mine);
    int code = rp_report(pool, "particles");
    rp_close(&pool);
    return worst == RP_OK ? code : 1;
}
