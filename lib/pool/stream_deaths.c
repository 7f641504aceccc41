/* The root's side of a stream that sees to what ranks leave that die. Its slot says which item a
 * rank had at hand: that one comes alone from then on, so the next death accuses it again, or
 * clears it. What lay before it in the parcel, and what lies behind, are parcels like any other.
 *
 * When the courier of another node dies, nobody can say that: all that was with the node is
 * suspected, parcel by parcel, and if a parcel is so another time, item by item. */
#include "base/clock.h"
#include "base/error.h"
#include "pool/stream_root.h"
#include "pool/survival.h"

#include <string.h>

/* ---- who is there ---------------------------------------------------------------------------- */

bool rpi_stream_others_live(const struct stream *stream)
{
    bool live = false;
    for (int node = 0; stream->outposts != NULL && node < stream->pool->world.nodes; node++)
        live = live || (node != stream->pool->world.node && stream->outposts[node].ranks > 0);
    return live;
}

/* Fewer ranks need fewer parcels. */
static void note_ranks(struct outlet *outlet, uint32_t ranks)
{
    if (ranks == outlet->ranks)
        return;
    outlet->ranks = ranks;
    outlet->depth = 2 * ranks < outlet->most ? 2 * ranks : outlet->most;
}

/* What waits here for a rank other than the root has none any more. */
static void recall_all(struct stream *stream)
{
    struct parcel *parcel;
    while ((parcel = rpi_supplier_recall(&stream->supplier)) != NULL) {
        stream->outlets[parcel->node].held--;
        rpi_stream_redo(stream, parcel);
    }
}

/* The last rank computes, also if it was only to serve, and whatever it is. */
static void note_living(struct stream *stream)
{
    struct outlet *outlet = &stream->outlets[stream->pool->world.node];
    uint32_t others = stream->supplier.station->lanes - 1 - stream->supplier.buried;
    bool elsewhere = rpi_stream_others_live(stream);
    stream->stand_in->cautious = others > 0 || elsewhere;
    if (others == 0 && !elsewhere)
        stream->worker = stream->stand_in;
    if (others == 0 && elsewhere && !stream->deserted)
        recall_all(stream);
    stream->deserted = others == 0;
    note_ranks(outlet, others + (stream->worker != NULL));
}

static void hear_of_nodes(struct stream *stream)
{
    if (stream->outposts == NULL || !rpi_courier_tidings(stream->courier, stream->outposts))
        return;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        const struct outpost *outpost = &stream->outposts[node];
        if (node == stream->pool->world.node)
            continue;
        note_ranks(&stream->outlets[node], outpost->state == OUTPOST_SERVED ? outpost->ranks : 0);
        stream->regroups = stream->regroups || outpost->state == OUTPOST_WAITS;
    }
    stream->next_look = 0;
}

void rpi_stream_look(struct stream *stream)
{
    if (stream->stand_in == NULL)
        return;
    hear_of_nodes(stream);
    double now = rpi_clock_seconds();
    if (now < stream->next_look)
        return;
    stream->next_look = now + rpi_supplier_look(&stream->supplier);
    note_living(stream);
}

/* ---- parcels --------------------------------------------------------------------------------- */

/* Leaves the first items to the parcel. Returns a new one with those behind; NULL: no memory. */
static struct parcel *cut(struct stream *stream, struct parcel *parcel, uint32_t items)
{
    struct parcel *behind = rpi_parcel_make();
    if (behind == NULL)
        return NULL;
    size_t position = 0;
    for (uint32_t i = 0; i < items; i++)
        area_next(&parcel->area, &position);
    behind->area.used = parcel->area.used - position;
    memcpy(behind->area.base, parcel->area.base + position, behind->area.used);
    behind->serial = parcel->serial;
    behind->first = parcel->first + items;
    behind->items = parcel->items - items;
    behind->node = parcel->node;
    behind->attempt = parcel->attempt;
    behind->deaths = parcel->deaths;
    behind->continued = parcel->continued;
    behind->counted = behind->area.used;
    parcel->counted -= behind->counted;
    parcel->area.used = position;
    parcel->items = items;
    parcel->continued = true;
    stream->flying++;
    return behind;
}

/* Too many ranks have died of it, or so it seems: the consumer gets an error in its place. */
static void give_up(struct stream *stream, struct parcel *parcel)
{
    rp_error error;
    rpi_survival_accuse(&error, parcel->first, parcel->deaths);
    rpi_parcel_drop_large(parcel);
    parcel->area.used = 0;
    memcpy(parcel->area.base + sizeof(struct record), &error, sizeof error);
    area_add(&parcel->area, true, sizeof error);
    if (stream->job->options.on_failure == RP_STOP)
        rpi_station_lower_limit(stream->supplier.station,
                                stream->job->unordered ? 0 : parcel->first + 1);
    rpi_stream_accept_done(stream, parcel);
}

/* The only item of the parcel was at hand when its rank died. */
static void suspect(struct stream *stream, struct parcel *parcel)
{
    parcel->attempt++;
    parcel->deaths++;
    if (parcel->deaths >= DEATHS_IN_A_ROW)
        give_up(stream, parcel);
    else
        rpi_parcels_add(&stream->again, parcel);
}

/* Its items, or those that are left of them, were all done, though in vain. */
static void repeat(struct stream *stream, struct parcel *parcel)
{
    parcel->attempt++;
    parcel->deaths = 0;
    rpi_parcels_add(&stream->again, parcel);
}

static void out_of_memory(struct stream *stream, struct parcel *parcel)
{
    rp_error error;
    rpi_error_set(&error, RP_ERR_MEMORY, "no memory for what a rank left that died");
    rpi_stream_fail(stream, &error);
    rpi_parcels_add(&stream->again, parcel);
}

/* Tells the items apart: done, at hand, and not begun. The one at hand explains whatever the parcel
 * was suspected of. */
static void take_apart(struct stream *stream, struct parcel *parcel)
{
    uint32_t done = parcel->done;
    struct parcel *at_hand = parcel, *behind = NULL;
    if (done > 0 && (at_hand = cut(stream, parcel, done)) == NULL) {
        out_of_memory(stream, parcel);
        return;
    }
    if (at_hand != parcel)
        repeat(stream, parcel);
    if (at_hand->items > 1 && (behind = cut(stream, at_hand, 1)) == NULL) {
        out_of_memory(stream, at_hand);
        return;
    }
    suspect(stream, at_hand);
    if (behind != NULL) {
        behind->deaths = 0;
        rpi_parcels_add(&stream->again, behind);
    }
}

/* Each of its items comes alone. */
static void single_out(struct stream *stream, struct parcel *parcel)
{
    while (parcel->items > 1) {
        struct parcel *behind = cut(stream, parcel, 1);
        if (behind == NULL) {
            out_of_memory(stream, parcel);
            return;
        }
        rpi_parcels_add(&stream->again, parcel);
        parcel = behind;
    }
    rpi_parcels_add(&stream->again, parcel);
}

/* It was with a node whose courier died. That alone gives up no item, unless the node died as a
 * whole, with nothing else to die of. Where they are few its items come alone at once, so that the
 * next death tells of one; where they are many that would take too long. */
static void miss(struct stream *stream, struct parcel *parcel)
{
    const uint32_t few = 32;
    if (parcel->alone && parcel->items == 1) {
        suspect(stream, parcel);
        return;
    }
    parcel->attempt++;
    if (parcel->deaths < DEATHS_IN_A_ROW - 1)
        parcel->deaths++;
    if (parcel->deaths > 1 || parcel->items <= few)
        single_out(stream, parcel);
    else
        rpi_parcels_add(&stream->again, parcel);
}

/* The slot of a rank that died in the middle of a parcel is not used any more. */
static void lose_slot(struct stream *stream, const struct parcel *parcel)
{
    struct outlet *outlet = &stream->outlets[parcel->node];
    outlet->most--;
    if (outlet->depth > outlet->most)
        outlet->depth = outlet->most;
}

void rpi_stream_redo(struct stream *stream, struct parcel *parcel)
{
    if (parcel->fate == PARCEL_IN_HAND)
        lose_slot(stream, parcel);
    if (parcel->fate == PARCEL_MISSING)
        miss(stream, parcel);
    else if (parcel->fate == PARCEL_UNTOUCHED)
        rpi_parcels_add(&stream->again, parcel);
    else if (parcel->fate == PARCEL_IN_HAND && parcel->done < parcel->items)
        take_apart(stream, parcel);
    else
        repeat(stream, parcel);
}
