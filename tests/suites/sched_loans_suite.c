/* Loans between nodes, without messages between processes: nodes that compute, ask, lend and give
 * back in random order. */
#include "suites.h"

#include "sched/loans.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_NODES = 9,
    MOST_LETTERS = 10000
};

enum letter_kind {
    LETTER_ASK_NOW,
    LETTER_ASK_LATER,
    LETTER_NONE,
    LETTER_ITEMS,
    LETTER_BACK
};

struct letter {
    enum letter_kind kind;
    int from, to;
    int64_t items;
};

/* Nodes whose items are only numbers of items. */
struct cluster {
    int nodes;
    struct loans loans[MOST_NODES];
    int64_t items[MOST_NODES], computed, sent;
    struct letter letters[MOST_LETTERS]; /* under way */
    int under_way;
    double now;
    bool over;
};

static struct cluster cluster;

static void send_letter(enum letter_kind kind, int from, int to, int64_t items)
{
    ck_assert_int_lt(cluster.under_way, MOST_LETTERS);
    ck_assert_int_ne(from, to);
    cluster.letters[cluster.under_way++] = (struct letter){kind, from, to, items};
    cluster.sent++;
}

/* Letters from one node to another arrive in the order in which they were sent. */
static struct letter take_letter(void)
{
    int chosen = rand() % cluster.under_way, first = 0;
    struct letter letter = cluster.letters[chosen];
    while (cluster.letters[first].from != letter.from || cluster.letters[first].to != letter.to)
        first++;
    letter = cluster.letters[first];
    memmove(&cluster.letters[first], &cluster.letters[first + 1],
            (size_t)(--cluster.under_way - first) * sizeof letter);
    return letter;
}

static void answer(int node)
{
    struct loans *loans = &cluster.loans[node];
    int other = rpi_loans_next_wanted(loans);
    int64_t half = cluster.items[node] / 2;
    bool later = other >= 0 && loans->peers[other].wanted == LOAN_REQUEST_LATER;
    if (other < 0 || (half == 0 && later && !cluster.over))
        return;
    rpi_loans_answer(loans, other, half > 0);
    cluster.items[node] -= half;
    send_letter(half > 0 ? LETTER_ITEMS : LETTER_NONE, node, other, half);
}

static void read_letter(const struct letter *letter)
{
    struct loans *loans = &cluster.loans[letter->to];
    switch (letter->kind) {
    case LETTER_ASK_NOW:
    case LETTER_ASK_LATER:
        ck_assert(rpi_loans_wanted(loans, letter->from,
                                   letter->kind == LETTER_ASK_NOW ? LOAN_REQUEST_NOW
                                                                  : LOAN_REQUEST_LATER));
        break;
    case LETTER_NONE:
    case LETTER_ITEMS:
        ck_assert(rpi_loans_answered(loans, letter->from));
        if (letter->kind == LETTER_NONE)
            break;
        ck_assert(!cluster.over);
        cluster.items[letter->to] += letter->items;
        rpi_loans_fed(loans, cluster.now);
        if (rpi_loans_borrow(loans, letter->from))
            send_letter(LETTER_BACK, letter->to, letter->from, 0);
        break;
    case LETTER_BACK:
        ck_assert(rpi_loans_returned(loans, letter->from));
        break;
    }
}

/* A node without items asks, and gives back; one with items computes one, which makes others. */
static void act(int node, int64_t makes)
{
    struct loans *loans = &cluster.loans[node];
    enum loan_request request;
    int lender, other;
    if (cluster.items[node] > 0) {
        cluster.items[node]--;
        if (cluster.computed++ < makes)
            cluster.items[node] += rand() % 4;
        return;
    }
    switch (rpi_loans_end(loans, cluster.now, &lender)) {
    case LOAN_END_RETURN:
        send_letter(LETTER_BACK, node, lender, 0);
        break;
    case LOAN_END_OF_ALL:
        ck_assert_int_eq(node, 0);
        cluster.over = true;
        break;
    default:
        break;
    }
    if (!cluster.over && (other = rpi_loans_ask(loans, cluster.now, &request)) >= 0)
        send_letter(request == LOAN_REQUEST_NOW ? LETTER_ASK_NOW : LETTER_ASK_LATER, node, other,
                    0);
}

/* All requests are answered, and all loans back. */
static bool cluster_settled(void)
{
    bool settled = cluster.over && cluster.under_way == 0;
    for (int node = 0; node < cluster.nodes; node++)
        settled = settled && loans_settled(&cluster.loans[node]);
    return settled;
}

static void run_cluster(int nodes, int64_t items, int64_t makes)
{
    memset(&cluster, 0, sizeof cluster);
    cluster.nodes = nodes;
    cluster.now = 1;
    cluster.items[0] = items;
    for (int node = 0; node < nodes; node++)
        ck_assert(rpi_loans_make(&cluster.loans[node], node, nodes, node == 0));
    while (!cluster_settled()) {
        if (cluster.under_way > 0 && rand() % 3 == 0) {
            struct letter letter = take_letter();
            read_letter(&letter);
        }
        cluster.now += 0.1e-3;
        answer(rand() % nodes);
        act(rand() % nodes, makes);
        for (int node = 0; node < nodes && cluster.over; node++)
            ck_assert_int_eq(cluster.items[node], 0);
    }
    for (int node = 0; node < nodes; node++)
        rpi_loans_free(&cluster.loans[node]);
}

/* The root's node learns of the end when there are no items on any node, or on their way. */
START_TEST(loans_all_come_back)
{
    srand(1);
    for (int nodes = 1; nodes <= MOST_NODES; nodes++) {
        for (int i = 0; i < 40; i++)
            run_cluster(nodes, rand() % 20, rand() % 300);
    }
}
END_TEST

/* Nodes that find nothing ask a few times, and then wait. */
START_TEST(idle_nodes_send_few_messages)
{
    for (int nodes = 2; nodes <= MOST_NODES; nodes++) {
        int lifelines = 0;
        for (int bit = 1; bit < nodes; bit *= 2)
            lifelines++;
        run_cluster(nodes, 1, 0);
        ck_assert_int_le(cluster.sent, 2 * nodes * (LOAN_TRIES + lifelines));
    }
}
END_TEST

START_TEST(what_was_not_asked_or_lent_is_refused)
{
    struct loans loans;
    enum loan_request request;
    ck_assert(rpi_loans_make(&loans, 0, 2, true));
    ck_assert(!rpi_loans_answered(&loans, 1) && !rpi_loans_returned(&loans, 1));
    ck_assert_int_eq(rpi_loans_ask(&loans, 1, &request), 1);
    ck_assert_int_eq(rpi_loans_ask(&loans, 1, &request), -1);
    ck_assert(rpi_loans_answered(&loans, 1) && !rpi_loans_answered(&loans, 1));
    ck_assert(rpi_loans_wanted(&loans, 1, LOAN_REQUEST_NOW));
    ck_assert(!rpi_loans_wanted(&loans, 1, LOAN_REQUEST_NOW));
    rpi_loans_answer(&loans, 1, true);
    ck_assert(rpi_loans_returned(&loans, 1) && !rpi_loans_returned(&loans, 1));
    rpi_loans_free(&loans);
}
END_TEST

/* A node gets a loan that lasts for so many seconds. Returns how long it then pauses. */
static double pause_after(double lasts, struct loans *loans, double *now)
{
    enum loan_request request;
    int lender;
    ck_assert(rpi_loans_answered(loans, 0));
    rpi_loans_fed(loans, *now);
    ck_assert(!rpi_loans_borrow(loans, 0));
    double done = *now += lasts;
    ck_assert_int_eq(rpi_loans_end(loans, *now, &lender), LOAN_END_RETURN);
    while (rpi_loans_ask(loans, *now, &request) < 0)
        *now += 0.1e-3;
    return *now - done;
}

/* After short loans a node asks more and more seldom; loans that last end that. */
START_TEST(short_loans_make_pauses)
{
    struct loans loans;
    enum loan_request request;
    double now = 1, last = 0, most = 0;
    ck_assert(rpi_loans_make(&loans, 1, 2, false));
    ck_assert_int_eq(rpi_loans_ask(&loans, now, &request), 0);
    for (int i = 0; i < 20; i++) {
        double paused = pause_after(50e-6, &loans, &now);
        ck_assert(i >= 4 || paused > 1.5 * last);
        last = paused;
        most = paused > most ? paused : most;
    }
    ck_assert(most < 0.1);
    for (int i = 0; i < 4; i++)
        last = pause_after(50e-3, &loans, &now);
    ck_assert(last < most / 100);
    rpi_loans_free(&loans);
}
END_TEST

static const struct test_case cases[] = {
    {"loans all come back", &loans_all_come_back},
    {"idle nodes send few messages", &idle_nodes_send_few_messages},
    {"short loans make pauses", &short_loans_make_pauses},
    {"what was not asked or lent is refused", &what_was_not_asked_or_lent_is_refused},
    {NULL, NULL},
};
const struct test_group sched_loans_tests = {"sched loans", cases};
