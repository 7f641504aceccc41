/* The root's side of a stream that sees to what ranks leave that die. Its slot says which item a
 * rank had at hand: that one comes alone from then on, so the next death accuses it again, or
 * clears it. What lay before it in the parcel, and what lies behind, are parcels like any other. */
#include "base/clock.h"
#include "base/error.h"
#include "pool/stream_root.h"
#include "pool/survival.h"

#include <string.h>

/* ---- who is there -------------------------------------------------------------------------------- */

/* The last rank computes, also if it was only to serve, and whatever it is. */
static void note_living(struct stream *stream)
{
    struct outlet *outlet = &stream->outlets[stream->pool->world.node];
    uint32_t others = stream->supplier.station->lanes - 1 - stream->supplier.buried;
    stream->stand_in->cautious = others > 0;
    if (others == 0)
        stream->worker = stream->stand_in;
    outlet->ranks = others + (stream->worker != NULL);
}

void rpi_stream_look(struct stream *stream)
{
    if (stream->stand_in == NULL)
        return;
    double now = rpi_clock_seconds();
    if (now < stream->next_look)
        return;
    stream->next_look = now + rpi_supplier_look(&stream->supplier);
    note_living(stream);
}

/* ---- parcels ------------------------------------------------------------------------------------- */

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

/* Tells the items apart: done, at hand, and not begun. */
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
    if (behind != NULL)
        rpi_parcels_add(&stream->again, behind);
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
    if (parcel->fate == PARCEL_IN_HAND && parcel->done < parcel->items)
        take_apart(stream, parcel);
    else
        repeat(stream, parcel);
}

bool rpi_stream_supply_again(struct stream *stream)
{
    const struct outlet *outlet = &stream->outlets[stream->pool->world.node];
    bool any = false;
    while (stream->again.head != NULL && outlet->held < outlet->depth) {
        struct parcel *parcel = rpi_parcels_take(&stream->again);
        rpi_stream_keeping_note(stream->keeping, parcel);
        rpi_stream_put(stream, parcel);
        any = true;
    }
    return any;
}
