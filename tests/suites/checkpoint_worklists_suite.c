/* Checkpoints of worklists, of which the root saves one state: what was found, and what waits. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include "checkpoint/journal_format.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An item: a seed has as its name its number, and adds some leaves. */
struct node {
    int64_t name;
    int64_t level;
};

struct findings {
    int64_t items;
    uint64_t paths[2];
    rp_exact sum; /* of random numbers */
};

static const struct findings none;

enum {
    MOST_LEAVES = 5,
    BEST_SEED = 123 /* and the one behind it are as good: the last wins */
};

static int leaves_of(int64_t seed)
{
    return (int)(seed * 7 % (MOST_LEAVES + 1));
}

static int64_t items_of_all(void)
{
    int64_t items = 0;
    for (int64_t seed = 0; seed < ITEMS; seed++)
        items += 1 + leaves_of(seed);
    return items;
}

static int visit(rp_task *task, const void *item, void *result)
{
    const struct node *node = item;
    struct findings *findings = result;
    uint64_t path[2];
    rp_random random;
    int code = 0;
    if (node->name == breaks_at)
        return 5;
    computed++;
    findings->items++;
    rp_task_path(task, path);
    findings->paths[0] += path[0];
    findings->paths[1] += path[1];
    rp_task_random(task, 0, &random);
    rp_exact_add(&findings->sum, rp_random_uniform(&random));
    for (int i = 0; node->level == 0 && i < leaves_of(node->name) && code == 0; i++)
        code = rp_task_add(task, &(struct node){-2, 1});
    return code;
}

static int combine(void *left, const void *right, void *user)
{
    struct findings *all = left;
    const struct findings *others = right;
    all->items += others->items;
    all->paths[0] += others->paths[0];
    all->paths[1] += others->paths[1];
    return rp_exact_combine(&all->sum, &others->sum, user);
}

static struct node seeds[ITEMS];

static rp_worklist_job tree_job(struct findings *findings)
{
    for (int64_t i = 0; i < ITEMS; i++)
        seeds[i] = (struct node){i, 0};
    return (rp_worklist_job){.seeds = seeds,
                             .n = ITEMS,
                             .item_size = sizeof *seeds,
                             .work = visit,
                             .combine = combine,
                             .identity = &none,
                             .result = findings,
                             .result_size = sizeof *findings,
                             .options = {.seed = 3}};
}

static void check_findings(const struct findings *findings, const struct findings *expected)
{
    ck_assert_int_eq(findings->items, expected->items);
    ck_assert_mem_eq(findings->paths, expected->paths, sizeof expected->paths);
    ck_assert(rp_exact_value(&findings->sum) == rp_exact_value(&expected->sum));
}

/* Without a checkpoint. */
static struct findings search_undisturbed(void)
{
    struct findings findings;
    rp_worklist_job job = tree_job(&findings);
    rp_pool *pool = open_pool();
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), items_of_all());
    ck_assert_int_eq(findings.items, items_of_all());
    return findings;
}

/* A run in which a late seed fails. Returns the number of items computed. */
static int64_t break_off_search(rp_resume how)
{
    struct findings findings;
    rp_worklist_job job = tree_job(&findings);
    rp_pool *pool = open_saved(how);
    breaks_at = ITEMS - 77;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    return computed_by_all();
}

static int64_t resume_search(const struct findings *expected)
{
    struct findings findings;
    rp_worklist_job job = tree_job(&findings);
    rp_pool *pool = open_saved(RP_RESUME);
    rp_status status = rp_worklist(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    check_findings(&findings, expected);
    close_pool(pool);
    return computed_by_all();
}

START_TEST(worklists_go_on)
{
    const struct findings expected = search_undisturbed();
    begin_place();
    int64_t before = break_off_search(RP_RESUME_NOTHING);
    ck_assert_int_ge(before, items_of_all() / 2);
    /* Nothing was computed in between: the state is the same. */
    int64_t again = break_off_search(RP_RESUME);
    ck_assert_int_le(again, items_of_all() / 2);
    again = resume_search(&expected);
    ck_assert_int_ge(again, 1);
    ck_assert_int_le(again, items_of_all() / 2);
    end_place();
}
END_TEST

/* A worklist that is done gives its result at once; each writes into the root's journal. */
START_TEST(finished_worklists_are_not_repeated)
{
    const struct findings expected = search_undisturbed();
    struct findings findings;
    rp_worklist_job job = tree_job(&findings);
    begin_place();
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    breaks_at = 0;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    ck_assert_int_ge(computed_by_all(), 3 * items_of_all());
    for (int run = 0; run < 2; run++) {
        pool = open_saved(RP_RESUME);
        for (int i = 0; i < 3; i++) {
            memset(&findings, -1, sizeof findings);
            ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
            check_findings(&findings, &expected);
        }
        ck_assert_int_eq(computed_by_all(), 0);
        breaks_at = run == 0 ? 0 : -1;
        ck_assert_int_eq(rp_worklist(pool, &job), run == 0 ? RP_ERR_TASK : RP_OK);
        breaks_at = -1;
        close_pool(pool);
        ck_assert_int_ge(computed_by_all(), 1);
    }
    end_place();
}
END_TEST

/* ---- branch and bound ------------------------------------------------------------------------ */

/* The best values are those of early seeds, which are computed before the run breaks off. */
static int bound_seed(rp_task *task, const void *item, void *result)
{
    const struct node *node = item;
    double value = node->name == BEST_SEED || node->name == BEST_SEED + 1 ? 1 : 2;
    (void)result;
    if (node->name == breaks_at)
        return 5;
    computed++;
    return rp_task_improve(task, value, &node->name);
}

START_TEST(branch_and_bound_goes_on)
{
    struct findings ignored;
    double best = 0;
    int64_t witness = 0;
    rp_worklist_job tree = tree_job(&ignored);
    rp_worklist_job job = {.seeds = tree.seeds,
                           .n = tree.n,
                           .item_size = tree.item_size,
                           .work = bound_seed,
                           .goal = RP_GOAL_MINIMISE,
                           .best = &best,
                           .witness = &witness,
                           .witness_size = sizeof witness};
    begin_place();
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    breaks_at = ITEMS - 77;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    ck_assert_int_ge(computed_by_all(), ITEMS / 2);
    pool = open_saved(RP_RESUME);
    rp_worklist_job other = job;
    other.goal = RP_GOAL_MAXIMISE;
    ck_assert_int_eq(rp_worklist(pool, &other), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "items or results of other sizes") != NULL);
    close_pool(pool);
    pool = open_saved(RP_RESUME);
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_le(computed_by_all(), ITEMS / 2);
    ck_assert_double_eq(best, 1);
    ck_assert_int_eq(witness, BEST_SEED + 1);
    end_place();
}
END_TEST

/* ---- the end of a search --------------------------------------------------------------------- */

static int find_enough(rp_task *task, const void *item, void *result)
{
    const struct node *node = item;
    if (node->name == 3)
        rp_task_enough(task, 3);
    return visit(task, item, result);
}

START_TEST(enough_is_saved)
{
    struct findings first, findings;
    begin_place();
    rp_worklist_job job = tree_job(&findings), fails = job;
    job.work = find_enough;
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    ck_assert_int_eq(rp_enough_item(pool), 3);
    first = findings;
    breaks_at = 0;
    ck_assert_int_eq(rp_worklist(pool, &fails), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    computed_by_all();
    pool = open_saved(RP_RESUME);
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    ck_assert_int_eq(rp_enough_item(pool), 3);
    check_findings(&findings, &first);
    ck_assert_int_eq(computed_by_all(), 0);
    ck_assert_int_eq(rp_worklist(pool, &fails), RP_OK);
    close_pool(pool);
    computed_by_all();
    end_place();
}
END_TEST

/* ---- other and damaged states ---------------------------------------------------------------- */

START_TEST(states_of_other_worklists_are_refused)
{
    const struct findings expected = search_undisturbed();
    struct findings findings;
    begin_place();
    break_off_search(RP_RESUME_NOTHING);
    rp_worklist_job job = tree_job(&findings);
    rp_pool *pool = open_saved(RP_RESUME);
    seeds[ITEMS - 1].name++;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "other inputs") != NULL);
    seeds[ITEMS - 1].name--;
    job.n--;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "another number of items") != NULL);
    close_pool(pool);
    ck_assert_int_le(resume_search(&expected), items_of_all());
    end_place();
}
END_TEST

/* Calls a function for each journal, on rank 0. Returns their number. */
static int for_each_journal(void (*each)(const char *path))
{
    int count = 0;
    char path[1200];
    MPI_Barrier(MPI_COMM_WORLD);
    DIR *open = world_rank() == 0 ? opendir(saved_in()) : NULL;
    for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        if (strncmp(entry->d_name, "journal.", 8) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", saved_in(), entry->d_name);
        each(path);
        count++;
    }
    if (open != NULL)
        closedir(open);
    MPI_Barrier(MPI_COMM_WORLD);
    return count;
}

/* Changes the last byte, which is one of the state. */
static void spoil_state(const char *path)
{
    unsigned char byte;
    int file = open(path, O_RDWR);
    ck_assert_int_ge(file, 0);
    off_t at = lseek(file, -1, SEEK_END);
    ck_assert_int_eq(pread(file, &byte, 1, at), 1);
    byte ^= 1;
    ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    close(file);
}

static void truncate_state(const char *path)
{
    int file = open(path, O_RDWR);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, lseek(file, 0, SEEK_END) - 1), 0);
    close(file);
}

START_TEST(damaged_states_are_not_used)
{
    static void (*const damages[])(const char *path) = {spoil_state, truncate_state};
    const struct findings expected = search_undisturbed();
    begin_place();
    for (int i = 0; i < 2; i++) {
        break_off_search(RP_RESUME_NOTHING);
        int journals = for_each_journal(damages[i]);
        ck_assert(world_rank() != 0 || journals >= 2);
        ck_assert_int_eq(resume_search(&expected), items_of_all());
    }
    end_place();
}
END_TEST

/* Appends states with correct checksums, later numbers and senseless content to the root's journal:
 * the last one counts, and is refused, so that all is computed again. */
static void craft_states(const char *path)
{
    static unsigned char state[4096];
    unsigned char bytes[JOURNAL_HEAD_BYTES];
    struct journal_head head;
    if (strcmp(path + strlen(path) - 7, ".000000") != 0)
        return;
    int file = open(path, O_RDWR | O_APPEND);
    ck_assert_int_eq(pread(file, bytes, sizeof bytes, 0), (ssize_t)sizeof bytes);
    ck_assert(rpi_journal_read_head(bytes, sizeof bytes, &head));
    memset(state, -1, sizeof state);
    for (size_t size = 0; size <= sizeof state; size += sizeof state / 8) {
        struct journal_entry entry = {.job = 1,
                                      .end = INT64_MAX / 2 - 10 + (int64_t)(size / 512),
                                      .kind = JOURNAL_STATE,
                                      .bytes = size,
                                      .payload = state};
        rpi_journal_write_entry(&entry, head.seed, bytes);
        ck_assert_int_eq(write(file, bytes, sizeof bytes), (ssize_t)sizeof bytes);
        ck_assert_int_eq(write(file, state, size), (ssize_t)size);
    }
    close(file);
}

START_TEST(crafted_states_are_not_used)
{
    const struct findings expected = search_undisturbed();
    begin_place();
    break_off_search(RP_RESUME_NOTHING);
    for_each_journal(craft_states);
    ck_assert_int_eq(resume_search(&expected), items_of_all());
    end_place();
}
END_TEST

const struct test_group checkpoint_worklists_tests = {
    "checkpoint: worklists",
    (const struct test_case[]){
        {"worklists go on", &worklists_go_on},
        {"finished worklists are not repeated", &finished_worklists_are_not_repeated},
        {"branch and bound goes on", &branch_and_bound_goes_on},
        {"enough is saved", &enough_is_saved},
        {"states of other worklists are refused", &states_of_other_worklists_are_refused},
        {"damaged states are not used", &damaged_states_are_not_used},
        {"crafted states are not used", &crafted_states_are_not_used},
        {NULL, NULL},
    },
};
