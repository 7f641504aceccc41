#include "world/meeting_star.h"

#include "world/mourning.h"

#include <stdlib.h>
#include <string.h>

/* What a node says over the star; its cargo follows. */
struct report {
    struct summary summary;
    struct toll toll;
};

/* What the root answers; its gift follows. */
struct answer {
    struct verdict verdict;
    char note[NOTE_BYTES];
};

/* Of a node that the root has heard, or not. A node may know of a death before the wire breaks. */
static void hear_node(struct meeting *meeting, int node, struct summary *known, struct toll *toll)
{
    const struct cargo *cargo = meeting->cargo;
    const struct star_map *map = &meeting->star->map;
    const struct star_word *word = rpi_star_said(meeting->star, node, meeting->number);
    struct report report = {.toll = {0, -1}};
    int broken = rpi_star_lost(meeting->star, node);
    if (word != NULL && word->count >= sizeof report) {
        memcpy(&report, word->bytes, sizeof report);
        rpi_summary_join(known, &report.summary);
    }
    if (broken > report.toll.count)
        report.toll = (struct toll){broken, rpi_star_lowest_lost(meeting->star, node)};
    if (node != map->node)
        rpi_toll_add(toll, &report.toll);
    if (word != NULL && cargo != NULL && cargo->unload != NULL && word->count > sizeof report)
        cargo->unload(cargo->closure, node, (const char *)word->bytes + sizeof report,
                      word->count - sizeof report);
}

static void answer_all(struct meeting *meeting, const struct verdict *verdict)
{
    const struct cargo *cargo = meeting->cargo;
    struct answer answer = {.verdict = *verdict};
    size_t gift_bytes = 0;
    const void *gift = cargo != NULL && cargo->gift != NULL && verdict->error.status == RP_OK
                           ? cargo->gift(cargo->closure, &gift_bytes)
                           : NULL;
    memcpy(answer.note, meeting->note, NOTE_BYTES);
    rpi_star_answer(meeting->star, meeting->number, &answer, sizeof answer, gift, gift_bytes);
}

/* On the root: hears all nodes, judges, and tells them. */
static struct verdict preside(struct meeting *meeting, struct summary known)
{
    enum call call = known.first.ballot.call;
    rpi_summary_sign(&known);
    rpi_star_await(meeting->star, meeting->number);
    struct toll toll = rpi_toll_of_node(meeting);
    for (int node = 0; node < meeting->nodes; node++)
        hear_node(meeting, node, &known, &toll);
    struct verdict verdict = rpi_mourn(meeting, &toll, call, rpi_summary_judge(&known));
    answer_all(meeting, &verdict);
    return verdict;
}

static struct verdict take_answer(struct meeting *meeting, const struct star_word *word)
{
    const struct cargo *cargo = meeting->cargo;
    struct answer answer;
    if (word == NULL || word->count < sizeof answer)
        return rpi_verdict_all_over(meeting->star->map.root);
    memcpy(&answer, word->bytes, sizeof answer);
    memcpy(meeting->note, answer.note, NOTE_BYTES);
    if (cargo != NULL && cargo->receive != NULL && word->count > sizeof answer)
        cargo->receive(cargo->closure, (const char *)word->bytes + sizeof answer,
                       word->count - sizeof answer);
    return answer.verdict;
}

/* On other nodes: tells the root, and hears what it says. */
static struct verdict consult(struct meeting *meeting, struct summary known)
{
    const struct cargo *cargo = meeting->cargo;
    size_t bytes = 0;
    void *load = cargo != NULL && cargo->load != NULL ? cargo->load(cargo->closure, &bytes) : NULL;
    struct report report = {.summary = known, .toll = rpi_toll_of_node(meeting)};
    rpi_summary_sign(&report.summary);
    const struct star_word *word = rpi_star_ask(meeting->star, meeting->number, &report,
                                                sizeof report, load, load != NULL ? bytes : 0);
    struct verdict verdict = take_answer(meeting, word);
    free(load);
    return verdict;
}

struct verdict rpi_meet_over_star(struct meeting *meeting, struct summary summary)
{
    struct star *star = meeting->star;
    if (rpi_root_lost(meeting))
        return rpi_verdict_all_over(star->map.root);
    return star->map.rank == star->map.root ? preside(meeting, summary) : consult(meeting, summary);
}
