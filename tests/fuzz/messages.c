/* Messages between nodes with wild fields: accepted fields are used as the library uses them, on
 * memory of exact size, so that a sanitizer or a guard behind it detects a wrong one.
 *
 * usage: tests/fuzz/messages [MESSAGES [SEED]] */
#include "fuzz.h"

#include "base/error.h"
#include "comm/vote_summary.h"
#include "distrib/message.h"
#include "sched/reduction_tree.h"
#include "stream/packet.h"
#include "stream/slot_queue.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ITEMS = 1000,
    MOST_LARGE = 5000,
    RANKS = 6,
    GUARD = 64 /* inaccessible bytes behind the memory */
};

static uint64_t believed[4];

/* Numbers as attackers choose them: at limits, small, or random. */
static uint64_t wild(uint64_t usual)
{
    const uint64_t borders[] = {0,          1,     UINT32_MAX, UINT64_MAX, INT64_MAX,
                                1ULL << 63, usual, usual - 1,  usual + 1};
    switch (fuzz_below(4)) {
    case 0:
        return borders[fuzz_below(sizeof borders / sizeof borders[0])];
    case 1:
        return fuzz_random();
    default:
        return fuzz_below(usual + 1);
    }
}

static char *guarded(size_t bytes)
{
    char *memory = malloc(bytes + GUARD);
    FUZZ_CHECK(memory != NULL);
    memset(memory + bytes, 0x5a, GUARD);
    return memory;
}

static void free_guarded(char *memory, size_t bytes)
{
    for (int i = 0; i < GUARD; i++)
        FUZZ_CHECK(memory[bytes + (size_t)i] == 0x5a);
    free(memory);
}

/* ---- messages ------------------------------------------------------------------------------- */

static const int node_of[RANKS] = {0, 0, 1, 1, 2, 2};

static struct agent_message wild_message(const struct agent_message_terms *terms)
{
    struct agent_message message = {.link = {.kind = (int)wild(MESSAGE_DIED), .lost = (int)wild(3)},
                                    .attempt = (int)wild(3),
                                    .units = {(uint32_t)wild(terms->units.count),
                                              (uint32_t)wild(terms->units.count)},
                                    .first = (int64_t)wild(ITEMS),
                                    .items = (int64_t)wild(ITEMS),
                                    .arrays = (uint32_t)wild(3),
                                    .speed = fuzz_below(3) == 0 ? -1.0 : 1.0,
                                    .seconds = fuzz_below(3) == 0 ? NAN : 1.0};
    unsigned char stop = (unsigned char)wild(1);
    if (fuzz_below(2) == 0 && !unit_range_empty(message.units) &&
        message.units.high <= terms->units.count) {
        rp_range items = units_to_items(&terms->units, message.units);
        message.first = items.begin;
        message.items = items.end - items.begin;
    }
    memcpy(&message.link.stop, &stop, 1);
    return message;
}

/* Uses it like rpi_batch_accept() and the dispatcher: bytes of one array,
 * at an index, by rank. */
static void use_message(const struct agent_message *message,
                        const struct agent_message_terms *terms)
{
    size_t slot = (size_t)terms->most * (size_t)terms->units.unit_items;
    char *stage = guarded(slot), *results = guarded(ITEMS);
    if (message->link.kind == MESSAGE_BATCH)
        memset(stage, 1, (size_t)message->items);
    if (message->link.kind == MESSAGE_RESULT)
        memset(results + message->first, 1, (size_t)message->items);
    if (message->link.kind == MESSAGE_PROGRESS && terms->to_root && !terms->to_node)
        FUZZ_CHECK(message->first >= 0 && message->first < terms->nodes);
    if (message->link.kind == MESSAGE_DIED)
        FUZZ_CHECK(node_of[message->first] == terms->from);
    free_guarded(stage, slot);
    free_guarded(results, ITEMS);
}

/* A message of the node link's own kinds: says to whom it is sent, and perhaps names a node. */
static void try_link_message(const struct agent_message *message,
                             const struct agent_message_terms *terms)
{
    const int nodes = 3;
    struct link_message_terms link_terms = {.to_root = terms->to_root,
                                            .to_node = terms->to_node,
                                            .finished = fuzz_below(2) == 0,
                                            .nodes = nodes};
    if (!rpi_link_message_valid(&message->link, &link_terms))
        return;
    believed[0]++;
    FUZZ_CHECK(message->link.kind >= 0 && message->link.kind < LINK_KINDS);
    if (message->link.kind == LINK_CLOSED && message->link.stop)
        FUZZ_CHECK(message->link.lost < nodes);
}

static void try_message(void)
{
    struct agent_message_terms terms = {.units = {ITEMS, 7, (ITEMS + 6) / 7},
                                        .most = (uint32_t)fuzz_below(20) + 1,
                                        .inputs = (uint32_t)fuzz_below(4),
                                        .outputs = (uint32_t)fuzz_below(4),
                                        .to_root = fuzz_below(2) == 0,
                                        .to_node = fuzz_below(2) == 0,
                                        .from = (int)fuzz_below(3),
                                        .nodes = RANKS / 2,
                                        .ranks = RANKS,
                                        .node_of = node_of};
    struct agent_message message = wild_message(&terms);
    try_link_message(&message, &terms);
    if (!rpi_agent_message_valid(&message, &terms))
        return;
    believed[0]++;
    use_message(&message, &terms);
}

/* ---- records -------------------------------------------------------------------------------- */

/* Records that are mostly right, until one is not. */
static uint32_t write_records(char *base, size_t bytes, size_t large_bytes)
{
    uint32_t count = 0;
    size_t position = 0;
    while (position + RECORD_LEAST <= bytes) {
        bool elsewhere = fuzz_below(3) == 0;
        struct record record = {.bytes = wild(40),
                                .elsewhere = elsewhere,
                                .failed = fuzz_below(50) == 0};
        uint64_t where = wild(large_bytes);
        memcpy(base + position, &record, sizeof record);
        memcpy(base + position + sizeof record, &where, sizeof where);
        position += sizeof record + record_padded(elsewhere ? sizeof where : record.bytes % 1000);
        count++;
    }
    return count;
}

static uint64_t sum_of(const char *bytes, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (unsigned char)bytes[i];
    return sum;
}

/* Reads records as the consumer of a stream and a computing rank do. */
static uint64_t use_records(const struct area *area, const char *large, size_t large_bytes)
{
    const struct record *record;
    size_t position = 0;
    uint64_t sum = 0;
    while ((record = area_next(area, &position)) != NULL) {
        const char *data = (const char *)(record + 1);
        if (record->elsewhere)
            data = large + *(const uint64_t *)(const void *)data;
        bool inside = record->elsewhere
                          ? data >= large && data + record->bytes <= large + large_bytes
                          : data + record->bytes <= area->base + area->used;
        FUZZ_CHECK(inside);
        sum += sum_of(data, record->bytes);
    }
    return sum;
}

static void try_records(void)
{
    size_t bytes = fuzz_below(20) * RECORD_ALIGNMENT, large_bytes = fuzz_below(MOST_LARGE);
    char *base = guarded(bytes + sizeof(struct record)), *large = guarded(large_bytes);
    enum records of = (enum records)fuzz_below(3);
    memset(base, 0, bytes + sizeof(struct record));
    memset(large, 0, large_bytes);
    uint32_t count = write_records(base, bytes, large_bytes);
    struct area area = {base, bytes, SLOT_QUEUE_AREA};
    uint32_t claimed = fuzz_below(4) == 0 ? (uint32_t)wild(count) : count;
    if (rpi_records_valid(&area, claimed, large, large_bytes, of)) {
        believed[1]++;
        use_records(&area, large, large_bytes);
    }
    free_guarded(base, bytes + sizeof(struct record));
    free_guarded(large, large_bytes);
}

/* ---- summaries, and nodes of a tree --------------------------------------------------------- */

static void wild_statement(struct statement *statement)
{
    statement->rank = (int)(uint32_t)(wild(3) - 1);
    statement->call = (enum call)wild(CALLS);
    statement->data_bytes = (int)(uint32_t)wild(VOTE_DATA_BYTES);
    statement->data_rank = (int)(uint32_t)(wild(3) - 1);
    memset(statement->host, 'x', sizeof statement->host);
    if (fuzz_below(5) > 0)
        statement->host[fuzz_below(sizeof statement->host)] = '\0';
}

static void try_summary(void)
{
    static struct summary summary, none;
    struct decision decision = {.lost = 0};
    wild_statement(&summary.first);
    wild_statement(&summary.different);
    unsigned char complete = (unsigned char)wild(1);
    memcpy(&summary.complete, &complete, 1);
    summary.failed = (int)(uint32_t)(wild(3) - 1);
    summary.error.status = (rp_status)wild(RP_ERR_VERSION);
    summary.error.item = (int64_t)(wild(3) - 1);
    memset(summary.error.text, 'x', sizeof summary.error.text);
    if (fuzz_below(5) > 0)
        summary.error.text[fuzz_below(100)] = '\0';
    if (!rpi_summary_valid(&summary))
        return;
    believed[2]++;
    rpi_summary_begin(&none);
    rpi_summary_join(&none, &summary);
    rpi_summary_judge(&none, &decision);
    FUZZ_CHECK(rpi_error_valid(&decision.error));
}

static void try_tree_node(void)
{
    struct tree_node node = {(int64_t)wild(ITEMS), (int32_t)wild(70)};
    int64_t leaves = (int64_t)(wild(ITEMS) & INT64_MAX);
    if (!rpi_tree_node_valid(node, leaves))
        return;
    believed[3]++;
    FUZZ_CHECK(node.level < 63 && (node.index << node.level) >> node.level == node.index);
}

int main(int argc, char **argv)
{
    uint64_t messages = fuzz_begin(argc, argv, 400000);
    for (uint64_t i = 0; i < messages; i++) {
        switch (i % 4) {
        case 0:
            try_message();
            break;
        case 1:
            try_records();
            break;
        case 2:
            try_summary();
            break;
        default:
            try_tree_node();
        }
    }
    for (int i = 0; i < 4; i++) {
        printf("kind %d: %" PRIu64 " believed\n", i, believed[i]);
        FUZZ_CHECK(believed[i] > 0 || messages < 400000);
    }
    return 0;
}
